#!/bin/sh
# Files over 800 lines, functions over 80; generated sources are not in these folders.
set -eu
bad=0
files=$(find capspec client grammar compiler runtime stdlib-caps tests bench -name '*.[ch]' -o -name '*.re' -o -name '*.y' | LC_ALL=C sort)
for f in $files; do
	n=$(wc -l < "$f")
	if [ "$n" -gt 800 ]; then
		echo "sizes: $f has $n lines"
		bad=$((bad + 1))
	fi
done
long=$(for f in $files; do
	awk -v f="$f" '/^\{/ { start = NR } /^\}/ && start { if (NR - start - 1 > 80) print "sizes: " f ":" start " is a function of " NR - start - 1 " lines"; start = 0 }' "$f"
done)
if [ -n "$long" ]; then
	echo "$long"
	bad=$((bad + $(echo "$long" | wc -l)))
fi
echo "sizes: $(echo "$files" | wc -l) files, $bad too long"
[ $bad = 0 ]
