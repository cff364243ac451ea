#!/bin/sh
# Plants the faults of faults.list one at a time and runs the referee, built with the file at fault in
# place of its own, until it fails. One that it does not find is an error, and so is a fault that
# does not build, or whose text has gone from its file.
#
#   faults.sh [N]        N of them, spread evenly over the list; all when not given
#   faults.sh --stale    only looks whether each text stands in its file exactly once
#
# Each fault is looked for first with the seed that the list gives; where that does not show it, by
# what `make check` asks of the referee. FAULTS_SEEDS=update writes the seeds that showed the faults
# into the list. The same seed passes without the fault, or the find counts for nothing.
#
# Runs FAULTS_JOBS (all processors) faults at a time; FAULTS_LIKE=regex leaves out those whose line does
# not match. `make faults` says how to compile and link. Ends with "N of N planted faults found".
set -u
LC_ALL=C
export LC_ALL
list=tests/oracle/faults.list
jobs=${FAULTS_JOBS:-$(nproc)} seconds=${FAULTS_SECONDS:-600}
all="--evaluations 1000000 --policies 2000"
one="--evaluations 1 --policies 1"
[ -f "$list" ] || { echo "$0: run it at the top of the tree" >&2; exit 2; }
awk -f tests/oracle/faults.awk "$list" || exit 1
[ "${1:-}" != --stale ] || exit 0

: "${BUILD:?run it by make faults}" "${FAULTS_COMPILE:?}" "${FAULTS_LINK:?}" "${FAULTS_LIBS:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/krux-faults.XXXXXX") || exit 3
trap 'rm -rf "$work"' EXIT
trap 'exit 3' INT TERM
total=$(awk -v like="${FAULTS_LIKE:-}" -v to="$work" '
	/^@ / { on = $0 ~ like; k += on; f = to "/" k; if (on) system("mkdir " f) }
	!on { next }
	/^@ / { line = substr($0, 3); at = index(line, ": "); print substr(line, 1, at - 1) > (f "/file")
	        print substr(line, at + 2) > (f "/what") }
	/^- / { print substr($0, 3) > (f "/old") }
	/^[+] / { print substr($0, 3) > (f "/new") }
	/^= / { print substr($0, 3) > (f "/seed") }
	END { print k + 0 }' "$list")
want=${1:-$total}
[ "$want" -gt 0 ] && [ "$want" -le "$total" ] || { echo "$0: 1 to $total faults" >&2; exit 2; }
mkdir "$work/sound"

# The referee $1 with the options behind it, its words in $2. A fault may make it run for ever, or eat
# memory: neither is a find.
referee() {
	program=$1 log=$2
	shift 2
	(ulimit -v 8000000 && exec timeout "$seconds" "$program" --first --no-coverage --jobs 1 "$@") > "$log" 2>&1
}

# The file of fault $1 with the fault in it.
plant() {
	awk 'FILENAME == ARGV[1] { old = $0; next }
	     FILENAME == ARGV[2] { new = $0; next }
	     { at = index($0, old)
	       if (at)
	           $0 = substr($0, 1, at - 1) new substr($0, at + length(old))
	       print }' "$1/old" "$1/new" "$2"
}

# $1/oracle: the referee with the fault of $1, which is in file $2. What is in an object is not taken
# out of the library again.
build() {
	case $2 in
	compiler/emit/prelude/*)
		cp -R compiler/emit/prelude "$1/prelude" && plant "$1" "$2" > "$1/prelude/${2##*/}" &&
			${MAKE:-make} -s BUILD="$BUILD" GEN="$1" PRELUDE_FROM="$1/prelude" "$1/prelude.c" &&
			$FAULTS_COMPILE -w -c -o "$1/fault.o" "$1/prelude.c" || return ;;
	*)
		mkdir -p "$1/${2%/*}" && plant "$1" "$2" > "$1/$2" && $FAULTS_COMPILE -c -o "$1/fault.o" "$1/$2" || return ;;
	esac
	$FAULTS_LINK -o "$1/oracle" "$1/fault.o" $FAULTS_LIBS
}

# The seed that shows the fault of $1, with the option that leaves out C where C shows nothing more.
# What is wrong before C is emitted shows without compiling any.
look() {
	if [ -s "$1/seed" ]; then
		read -r seed c < "$1/seed"
		referee "$1/oracle" "$1/log" $one --seed "$seed" $c
		[ $? = 1 ] && return
	fi
	for c in --no-c ""; do
		case $c$2 in --no-ccompiler/emit/*) continue ;; esac
		referee "$1/oracle" "$1/log" $all $c
		case $? in
		1) seed=$(sed -n 's/^\(DIFFERENCE \|CRASH \|\)seed \([0-9]*\).*/\2/p' "$1/log" | head -n 1); return ;;
		124) echo "NOT FOUND within $seconds s"; return 1 ;;
		esac
	done
	echo "NOT FOUND"
	return 1
}

# Whether the referee passes the same seed when nothing is planted. Asked once for each seed.
sound() {
	at=$work/sound/$seed$c
	[ -e "$at" ] || { referee "$BUILD/oracle" "$at.$1" $one --seed "$seed" $c; echo $? > "$at.$1.is"; mv "$at.$1.is" "$at"; }
	[ "$(cat "$at")" = 0 ] || { echo "FAILS WITHOUT ANY FAULT: seed $seed"; return 1; }
}

try() {
	dir=$work/$1
	read -r file < "$dir/file"
	if ! build "$dir" "$file" > "$dir/log" 2>&1; then
		echo "DOES NOT BUILD: $(grep -m1 -E 'rror|\*\*\*' "$dir/log")"
	elif look "$dir" "$file" && sound "$1"; then
		echo "found: $(grep -m1 -E '^(DIFFERENCE|CRASH|seed )' "$dir/log" | cut -c1-100)"
		echo "$seed${c:+ $c}" > "$dir/shown"
	fi
	rm -rf "$dir/oracle" "$dir/fault.o" "$dir/prelude" "$dir/prelude.c"
}

worker() {
	i=$1
	while [ "$i" -lt "$want" ]; do
		n=$((i * total / want + 1))
		from=$(date +%s)
		try "$n" > "$work/$n/result"
		echo "$(cat "$work/$n/file"): $(cat "$work/$n/what"): $(cat "$work/$n/result") ($(($(date +%s) - from)) s)"
		i=$((i + jobs))
	done
}

k=0
while [ $k -lt "$jobs" ]; do
	worker $k &
	k=$((k + 1))
done
wait
found=$(cat "$work"/*/result | grep -c '^found')
moved=0
for shown in "$work"/*/shown; do
	cmp -s "$shown" "${shown%shown}seed" || moved=$((moved + 1))
done
if [ "${FAULTS_SEEDS:-}" = update ]; then
	awk -v like="${FAULTS_LIKE:-}" -v from="$work" '
		/^@ / { on = $0 ~ like; k += on; seed = "" }
		/^@ / && on { if ((getline seed < (from "/" k "/shown")) <= 0) seed = ""; close(from "/" k "/shown") }
		/^= / && seed != "" { next }
		{ print }
		/^[+] / && seed != "" { print "= " seed }' "$list" > "$work/list" && cp "$work/list" "$list"
elif [ "$moved" -gt 0 ]; then
	echo "$moved were shown by other seeds than the list gives: FAULTS_SEEDS=update"
fi
echo "$found of $want planted faults found$([ "$want" = "$total" ] || echo ", of a list of $total")"
[ "$found" = "$want" ]
