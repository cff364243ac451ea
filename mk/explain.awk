# capspec/codes/*.md to a table in C: one row for every "## Kdddd", row 0 for `## The capability
# of the conditions`.
function quote(s) {
	gsub(/\\/, "&&", s)
	gsub(/"/, "\\\"", s)
	return s
}
function flush_row() {
	if (code == "")
		return
	sub(/\n+$/, "", text)
	n = split(text, line, "\n")
	printf "\t{ %d,", code
	for (i = 1; i <= n; i++)
		printf "\n\t  \"%s\\n\"", quote(line[i])
	printf " },\n"
	rows++
	code = ""
	text = ""
}
BEGIN {
	print "/* The texts of diagnostics, from capspec/codes. */"
	print "#include \"compiler/check/explain.h\""
	print ""
	print "const struct code_row code_rows[] = {"
}
/^## / || FNR == 1 { flush_row() }
/^## K[0-9][0-9][0-9][0-9]$/ { code = substr($2, 2) + 0; started = 0; next }
/^## The capability of the conditions$/ { code = 0; started = 0; next }
code != "" {
	if (!started && $0 == "")
		next
	started = 1
	text = text $0 "\n"
}
END {
	flush_row()
	print "};"
	printf "const unsigned code_nrows = %d;\n", rows
}
