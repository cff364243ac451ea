#!/bin/sh
# Runs unit test programs (arguments) and golden pairs; ends with "N passed, N failed".
#
# Golden pairs live below tests/golden; the suffix decides:
#   NAME.sh    + NAME.out     the script's output; it finds KRUXC, KRUXRT and a private TMP
#   NAME.yaml  + NAME.check   kruxc check NAME.yaml -I CAPS
#   NAME.yaml  + NAME.table   kruxc table NAME.yaml -I CAPS
#   NAME.cap   + NAME.check   kruxc check NAME.cap
#   NAME.cap   + NAME.fmt     kruxc fmt NAME.cap
# NAME.inc is what scripts have in common.
# CAPS is the folder caps beside the pair where there is one, else stdlib-caps. GOLDEN=update
# writes what came out instead of comparing it.
set -u
# A test that hangs ends; one on a busy machine is let come to its end. Check's own four seconds are no measure.
CK_DEFAULT_TIMEOUT=60
LC_ALL=${KRUX_TEST_LOCALE:-C} TZ=${KRUX_TEST_TZ:-UTC}
export LC_ALL TZ CK_DEFAULT_TIMEOUT
# What scripts copy for other users, they can read.
umask 022
BUILD=${BUILD:-build}
top=$(pwd)
KRUXC=$top/$BUILD/kruxc KRUXRT=$top/$BUILD/kruxrt
case $BUILD in /*) KRUXC=$BUILD/kruxc KRUXRT=$BUILD/kruxrt ;; esac
export KRUXC KRUXRT top
work=$(mktemp -d "${TMPDIR:-/tmp}/krux-test.XXXXXX")
# Tests that run as other users pass through it.
chmod 711 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0 failed=0

unit() {
	out=$work/unit.out
	if "$1" > "$out" 2>&1; then code=0; else code=$?; fi
	# "87%: Checks: 8, Failures: 1, Errors: 0"
	counts=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$out" |
		awk '{ c += $1; f += $2 + $3 } END { print c + 0, f + 0 }')
	checks=${counts% *} bad=${counts#* }
	if [ $code != 0 ] && [ "$bad" = 0 ] || [ "$checks" = 0 ]; then
		bad=$((bad + 1)) checks=$((checks + 1))
	fi
	passed=$((passed + checks - bad)) failed=$((failed + bad))
	if [ "$bad" != 0 ] || [ $code != 0 ]; then
		echo "FAIL $1 (exit $code)"
		tail -40 "$out"
		{ echo "FAIL $1 (exit $code)"; grep -a ':[FE]:' "$out"; } >> "$work/failed"
	fi
}

compare() {
	if [ "${GOLDEN:-}" = update ]; then
		cp "$work/out" "$2"
	fi
	if cmp -s "$work/out" "$2"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1" | tee -a "$work/failed"
		diff -u "$2" "$work/out" | head -60
	fi
}

golden() {
	base=${1%.*} dir=$(dirname "$1")
	caps=stdlib-caps
	[ -d "$dir/caps" ] && caps=$dir/caps
	for want in "$base".out "$base".check "$base".table "$base".fmt; do
		[ -e "$want" ] || continue
		case $want in
		*.out) mkdir -p "$work/tmp"; (TMP=$work/tmp; export TMP; exec sh "$1") > "$work/out" 2>&1; rm -rf "$work/tmp" ;;
		*.fmt) "$KRUXC" fmt "$1" > "$work/out" 2>&1 ;;
		*.table) "$KRUXC" table "$1" -I "$caps" > "$work/out" 2>&1 ;;
		*.check)
			case $1 in
			*.cap) "$KRUXC" check "$1" > "$work/out" 2>&1 ;;
			*) "$KRUXC" check "$1" -I "$caps" > "$work/out" 2>&1 ;;
			esac ;;
		esac
		compare "$1" "$want"
	done
}

for t; do
	unit "$t"
done
for g in $(find tests/golden -name '*.sh' -o -name '*.yaml' -o -name '*.cap' 2>/dev/null | sort); do
	golden "$g"
done
for e in ${EXTRA-tests/extra/*.sh}; do
	[ -e "$e" ] || continue
	# A larger test of its own: prints lines of its own, and last "N passed, N failed".
	TMP=$work sh "$e" > "$work/out" 2>&1
	code=$?
	last=$(tail -1 "$work/out")
	p=$(echo "$last" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1/p')
	f=$(echo "$last" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\2/p')
	[ -n "$p" ] || { p=0 f=1; }
	[ "$code" = 0 ] || [ "$f" != 0 ] || f=1
	sed '$d' "$work/out" | grep -v '^ok ' | tail -40
	[ "$f" = 0 ] || { echo "FAIL $e"; grep -a "^not ok " "$work/out"; } | tee -a "$work/failed"
	passed=$((passed + p)) failed=$((failed + f))
done
# What passes without having tried all it is there for.
"$KRUXRT" doctor 2>/dev/null | sed -n 's/^  \([a-z.]*\) *\(waivable\|limits\) *no: .*/no \1 here: its tests ran without/p'
[ "$(id -u)" = 0 ] || echo "not as root: tests of what only root can do, or is refused, were left out"
# Once more, behind all that passed.
[ ! -e "$work/failed" ] || sed 's/^/> /' "$work/failed"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
