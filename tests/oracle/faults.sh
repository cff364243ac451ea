#!/bin/sh
# Plants the faults of faults.list one at a time in copies of the tree, builds the referee anew and
# runs it until it fails. One that it does not find is an error, and so is a fault whose text has
# gone from its file, or does not build.
#
#   faults.sh [N]     N of them, spread evenly over the list; all when not given
#
# Works in FAULTS_JOBS (all processors) copies at a time; FAULTS_LIKE=text leaves out those whose line
# does not hold the text. Ends with "N of N planted faults found".
set -u
LC_ALL=C
export LC_ALL
list=tests/oracle/faults.list
build=${BUILD:-build} jobs=${FAULTS_JOBS:-$(nproc)}
# What `make check` asks of the referee.
evaluations=1000000 policies=2000 seconds=${FAULTS_SECONDS:-600}
[ -f "$list" ] && [ -x "$build/oracle" ] || { echo "$0: run it by make, at the top of the tree" >&2; exit 2; }
case $build in /*) echo "$0: BUILD is below the tree" >&2; exit 2 ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/krux-faults.XXXXXX") || exit 3
trap 'rm -rf "$work"' EXIT
trap 'exit 3' INT TERM
awk -v like="${FAULTS_LIKE:-}" '/^@ / { on = index($0, like) > 0 } on' "$list" > "$work/list"
list=$work/list total=$(grep -c '^@ ' "$work/list")
want=${1:-$total}
[ "$total" -gt 0 ] && [ "$want" -gt 0 ] && [ "$want" -le "$total" ] || { echo "$0: 1 to $total faults" >&2; exit 2; }

# Field F of fault N: file, what, old or new.
fault() {
	awk -v n="$1" -v f="$2" '
		/^@ / { k++ }
		k != n { next }
		f == "file" && /^@ / { sub(/^@ /, ""); sub(/: .*/, ""); print }
		f == "what" && /^@ / { sub(/^@ [^:]*: /, ""); print }
		f == "old" && /^- / { print substr($0, 3) }
		f == "new" && /^[+] / { print substr($0, 3) }' "$list"
}

# The file with fault N in it; fails where its text does not stand there exactly once.
plant() {
	fault "$1" old > "$2/old"
	fault "$1" new > "$2/new"
	awk 'FILENAME == ARGV[1] { old = $0; next }
	     FILENAME == ARGV[2] { new = $0; next }
	     { at = index($0, old)
	       if (at && ++found) {
	           if (index(substr($0, at + 1), old)) found++
	           $0 = substr($0, 1, at - 1) new substr($0, at + length(old))
	       }
	       print }
	     END { exit !(old != "" && old != new && found == 1) }' "$2/old" "$2/new" "$3"
}

# Everything as it was before, with the times that make goes by.
restore() {
	find "$1/tree" -newer "$1/stamp" -type f | while read -r f; do
		cp -p "$work/tree/${f#"$1"/tree/}" "$f" 2>/dev/null || rm -f "$f"
	done
}

# The referee of a copy, until it fails; $2 evaluations of $3 policies. A fault may make it run for
# ever, or eat memory: neither is a find.
referee() {
	(cd "$1/tree" && ulimit -v 8000000 && exec timeout "$seconds" "$build/oracle" --first --no-coverage --jobs 1 \
		--evaluations "$2" --policies "$3" ${4:+"$4"}) > "$1/log" 2>&1
}

# What is wrong before C is emitted shows without compiling any.
referee_for() {
	case $2 in
	compiler/emit/*) ;;
	*) referee "$1" $evaluations $policies --no-c || return ;;
	esac
	referee "$1" $evaluations $policies
}

try() {
	dir=$1 file=$(fault "$2" file)
	if ! plant "$2" "$dir" "$work/tree/$file" > "$dir/file" 2>/dev/null; then
		echo "STALE: its text does not stand exactly once in $file"
		return
	fi
	touch "$dir/stamp"
	sleep 0.01
	cat "$dir/file" > "$dir/tree/$file"
	from=$(date +%s)
	if ! make -s -C "$dir/tree" BUILD="$build" ${CC:+CC="$CC"} "$build/oracle" > "$dir/log" 2>&1; then
		echo "DOES NOT BUILD: $(grep -m1 -E 'rror|\*\*\*' "$dir/log")"
	else
		referee_for "$dir" "$file"
		case $? in
		1) echo "found in $(($(date +%s) - from)) s: $(grep -m1 -E '^(DIFFERENCE|CRASH|seed )' "$dir/log" | cut -c1-100)" ;;
		124) echo "NOT FOUND within $seconds s" ;;
		*) echo "NOT FOUND" ;;
		esac
	fi
	restore "$dir"
}

worker() {
	i=$1
	mkdir "$work/$1" && cp -a "$work/tree" "$work/$1/tree"
	while [ "$i" -lt "$want" ]; do
		n=$((i * total / want + 1))
		try "$work/$1" "$n" > "$work/result.$n.tmp"
		mv "$work/result.$n.tmp" "$work/result.$n"
		echo "$(fault "$n" file): $(fault "$n" what): $(cat "$work/result.$n")"
		i=$((i + jobs))
	done
}

mkdir "$work/tree" || exit 3
for f in *; do
	case $f in build*) ;; *) cp -a "$f" "$work/tree/" || exit 3 ;; esac
done
mkdir -p "$work/tree/$build"
for f in obj gen libkruxtest.a oracle; do
	cp -a "$build/$f" "$work/tree/$build/" || exit 3
done
# Without a fault it finds nothing; else finding one would say nothing.
{ referee "$work" $evaluations $policies --no-c && referee "$work" 50000 100; } || { cat "$work/log"; echo "the referee fails without any fault"; exit 1; }
k=0
while [ $k -lt "$jobs" ]; do
	worker $k &
	k=$((k + 1))
done
wait
found=$(cat "$work"/result.* | grep -c '^found')
echo "$found of $want planted faults found$([ "$want" = "$total" ] || echo ", of a list of $total")"
[ "$found" = "$want" ]
