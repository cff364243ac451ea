#!/bin/sh
# Includes point left only: a folder may include itself and the folders before it (DESIGN, 10).
set -eu
compiler="capspec grammar compiler/base compiler/ast compiler/read compiler/model compiler/check compiler/dd compiler/plan compiler/emit pipeline compiler/command compiler"
runtime="capspec client runtime/base runtime/bundle runtime/request runtime/decide runtime/record runtime/approve runtime/sandbox runtime/witness runtime/egress stdlib-caps runtime/spawn gate runtime/front runtime"
bad=0 seen=0
# The place of a folder in a row, 0 when it is not in it.
place() {
	i=0
	for f in $2; do
		i=$((i + 1))
		[ "$f" = "$1" ] && { echo $i; return; }
	done
	echo 0
}
folder() {
	case $1 in
	stdlib-caps/*) echo stdlib-caps ;;
	compiler/pipeline.[ch]) echo pipeline ;;
	runtime/gate/*) echo gate ;;
	compiler/emit/prelude/*) echo compiler/emit ;;
	*) dirname "$1" ;;
	esac
}
for file in $(find capspec client grammar compiler runtime stdlib-caps -name '*.[ch]' -o -name '*.re' -o -name '*.y' | LC_ALL=C sort); do
	here=$(folder "$file")
	case $here in
	compiler*|grammar|pipeline) row=$compiler ;;
	*) row=$runtime ;;
	esac
	mine=$(place "$here" "$row")
	for inc in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\/[^"]*\)".*/\1/p' "$file" | LC_ALL=C sort -u); do
		seen=$((seen + 1))
		case $inc in
		grammar/cap_parse.h) there=grammar ;;
		*) there=$(folder "$inc") ;;
		esac
		theirs=$(place "$there" "$row")
		if [ "$theirs" = 0 ] || { [ "$theirs" -gt "$mine" ] && [ "$here" != grammar ]; }; then
			echo "layers: $file includes $inc, which is to its right"
			bad=$((bad + 1))
		fi
	done
done
echo "layers: $seen includes, $bad to the right"
[ $bad = 0 ]
