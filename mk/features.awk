# runtime/sandbox/features.def to the table of docs/features.md.
BEGIN { print "| feature | without it | what is lost | how to get it |"; print "|---|---|---|---|" }
/^FEATURE\(/ { row = "" }
/^FEATURE\(|^\t"/ {
	row = row " " $0
	if ($0 !~ /"\)$/) next
	gsub(/" +\t*"/, "", row)
	gsub(/"[ \t]+"/, "", row)
	split(row, part, "\"")
	need = part[1] ~ /NEEDED/ ? "nothing runs" : part[1] ~ /WAIVABLE/ ? "has to be waived" : part[1] ~ /COMMANDS/ ? "no command changes files" : part[1] ~ /CONNECTS/ ? "some calls are refused" : \
		part[1] ~ /LIMITS/ ? "no command runs, or has to be waived" : part[1] ~ /WORKSPACE/ ? "as root: has to be waived, of registered workspaces" : part[1] ~ /SECOND/ ? "another layer holds it" : "unused"
	printf "| `%s` | %s | %s | %s |\n", part[2], need, part[4], part[6]
}
