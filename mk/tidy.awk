# Findings of clang-tidy (file:line:column: error: ...) that say something. Version 14 does not know that
# what is declared CLEAN_FREE is freed on every way out: such a variable leaks nothing.

function clean(file, at, name,    line, n, declared) {
	while (n++ < at && (getline line < file) > 0)
		if (line ~ "[A-Za-z_] [*]+" name "( =|;|,)")
			declared = line
	close(file)
	return declared ~ /CLEAN_FREE/
}

/Potential leak of memory pointed to by '/ {
	split($0, place, ":")
	name = $0
	sub(/.*pointed to by '/, "", name)
	sub(/'.*/, "", name)
	if (clean(place[1], place[2] + 0, name))
		next
}
{ print }
