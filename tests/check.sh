#!/bin/sh
# All tests twice: as shipped, and under AddressSanitizer and UBSan. Ends with their sum.
set -u
jobs=$(nproc)
one() {
	make -j"$jobs" "$@" all programs >/dev/null || { echo "the build failed: make $* all programs"; return 1; }
	make "$@" check-one
}
out=$(mktemp) failures=$(mktemp)
trap 'rm -f "$out" "$failures"' EXIT
trap 'exit 130' INT TERM
status=0
for san in "" 1; do
	[ -n "$san" ] && echo "== with AddressSanitizer and UBSan" || echo "== as shipped"
	one SAN=$san > "$out" 2>&1 || status=1
	cat "$out"
	grep -a '^> ' "$out" >> "$failures"
	line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$out" | tail -1)
	p=${line%% *} f=$(echo "$line" | sed 's/.*, \([0-9]*\) failed/\1/')
	[ -n "$line" ] || { p=0 f=1; }
	passed=$((${passed:-0} + p)) failed=$((${failed:-0} + f))
done
# What failed in either, behind both.
cat "$failures"
echo "$passed passed, $failed failed"
[ $status = 0 ] && [ "$failed" = 0 ]
