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
# kruxrt beside its bar, 300 KiB without symbols and with system libraries apart; then what the rest of
# the daemon's programs add to it.
build=${BUILD:-build} bar=307200 sum=0
if [ -e "$build/kruxrt" ]; then
	bare=$(mktemp)
	trap 'rm -f "$bare"' EXIT
	for p in kruxrt krux-egress krux-gate krux-recorder krux-spawner krux-handler krux-web; do
		strip -o "$bare" "$build/$p"
		n=$(wc -c < "$bare")
		sum=$((sum + n))
		if [ $p != kruxrt ]; then said=
		elif [ "$n" -gt $bar ]; then said=" of $bar: $((n - bar)) over" bad=$((bad + 1))
		else said=" of $bar: within"; fi
		echo "sizes: $p has $n bytes$said"
	done
	echo "sizes: the daemon's programs have $sum bytes"
fi
[ $bad = 0 ]
