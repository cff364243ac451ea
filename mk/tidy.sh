#!/bin/sh
# clang-tidy over all sources, one by one: given several files, version 14 mistakes va_lists. Nearly all
# of the time is the analyser's. Arguments: --quick, all checks but the analyser's; these sources alone.
set -eu
checks= what='all checks'
[ "${1:-}" != --quick ] || { shift; checks=--checks=-clang-analyzer-*; what='all checks but those of the analyser (make tidy)'; }
export checks
make -j"$(nproc)" CC=clang all >/dev/null
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(find capspec client compiler runtime stdlib-caps -name '*.c' | LC_ALL=C sort)
log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
# The analyser's own notes go to standard error; findings to standard output.
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh -c '
	clang-tidy --quiet ${checks:+"$checks"} "$1" -- -std=gnu11 -D_GNU_SOURCE -I. -Ibuild-clang/gen 2>/dev/null
	code=$?
	[ $code -le 1 ] || echo "$1:1: error: clang-tidy ended with $code"' tidy > "$log"
found=$(grep -E '(error|warning):' "$log" | LC_ALL=C sort -u | awk -f mk/tidy.awk)
if [ -n "$found" ]; then
	printf '%s\n' "$found"
	exit 1
fi
echo "tidy: nothing to say about $# files, by $what"
