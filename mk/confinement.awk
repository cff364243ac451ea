# runtime/sandbox/process.def to the table at the end of docs/confinement.md.
function word(kinds, out) {
	out = ""
	if (kinds ~ /G/) out = out ", gate"
	if (kinds ~ /R/) out = out ", recorder"
	if (kinds ~ /S/) out = out ", spawner"
	if (kinds ~ /H/) out = out ", handlers"
	if (kinds ~ /K/) out = out ", handlers of commands that connect"
	if (kinds ~ /E/) out = out ", egress"
	if (kinds ~ /N/) out = out ", resolver"
	if (kinds ~ /A/) out = out ", krux-call"
	if (kinds ~ /O/) out = out ", krux-ctl"
	if (kinds ~ /V/) out = out ", krux-audit"
	if (kinds ~ /X/) out = out ", krux-audit replay"
	if (kinds ~ /W/) out = out ", krux-witness"
	return substr(out, 3)
}
function row(name, kinds, how) {
	printf "| `%s` | %s | %s |\n", name, word(kinds), how
}
BEGIN { print "| system call | who may | when |"; print "|---|---|---|" }
/^PROCESS_(CALL|IF|NO|NO_IF)\(/ {
	line = $0
	sub(/\).*/, "", line)
	sub(/^[A-Z_]*\(/, "", line)
	n = split(line, part, /, */)
	if ($0 ~ /^PROCESS_CALL/) row(part[1], part[2], "")
	else if ($0 ~ /^PROCESS_NO_IF/) { gsub(/"/, "", part[6]); row(part[1], part[2], part[6] ", answered with " part[7]) }
	else if ($0 ~ /^PROCESS_NO/) row(part[1], part[2], "answered with " part[3])
	else { gsub(/"/, "", part[n]); row(part[1], part[2], part[n]) }
}
