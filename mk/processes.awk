# What kruxrt doctor --processes says to the table of docs/confinement.md.
function flush() {
	if (name == "") return
	calls = has["system calls"]
	if (calls ~ /^[0-9]+, and no other$/) calls = "those of the [list](#system-calls)"
	printf "| %s | %s | %s | %s | %s |\n", name, has["files"], has["network"], calls, has["as root"]
	delete has
}
BEGIN {
	print "| process | files | network | system calls | capabilities, as root |"
	print "|---|---|---|---|---|"
}
/^  [^ ]/ { flush(); name = substr($0, 3) }
/^    [^ ]/ {
	key = substr($0, 5, 14)
	sub(/ +$/, "", key)
	has[key] = substr($0, 19)
}
/^                  [^ ]/ { has[key] = has[key] "; " substr($0, 19) }
END { flush() }
