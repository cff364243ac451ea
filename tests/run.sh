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
# So many at a time as there are processors, and one that waits (JOBS); what each took is in BUILD/took, the longest first.
# CAPS is the folder caps beside the pair where there is one, else stdlib-caps. GOLDEN=update
# writes what came out instead of comparing it, unless it has an error that was not expected; GOLDEN=update-errors writes that too.
set -u
# A test that hangs ends; one on a busy machine is let come to its end. Check's own four seconds are no measure, and what
# tests ask for themselves is meant for one that has a processor to itself.
CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=4
LC_ALL=${KRUX_TEST_LOCALE:-C} TZ=${KRUX_TEST_TZ:-UTC}
export LC_ALL TZ CK_DEFAULT_TIMEOUT CK_TIMEOUT_MULTIPLIER
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
# Numbered in the order in which they are told. Those from outside are begun first, as they take longest.
mkdir "$work/said"
{
	for t; do echo "unit $t"; done
	for g in $(find tests/golden -name '*.sh' -o -name '*.yaml' -o -name '*.cap' 2>/dev/null | sort); do echo "golden $g"; done
	for e in ${EXTRA-tests/extra/*.sh}; do [ ! -e "$e" ] || echo "extra $e"; done
} | awk '{ print NR, $0 }' > "$work/list"
{ grep ' extra ' "$work/list"; grep -v ' extra ' "$work/list"; } |
	xargs -P "${JOBS:-$(($(nproc) + 1))}" -n 3 sh tests/one.sh "$work"

passed=0 failed=0
while read -r n kind t; do
	said=$work/said/$n
	# One that was killed has not counted.
	[ -s "$said.counts" ] || { echo "FAIL $kind $t: it broke off" | tee -a "$said.out" >> "$said.failed"; echo "0 1" > "$said.counts"; }
	read -r p f < "$said.counts"
	passed=$((passed + p)) failed=$((failed + f))
	cat "$said.out"
	[ ! -e "$said.failed" ] || cat "$said.failed" >> "$work/failed"
done < "$work/list"
cat "$work"/said/*.took 2>/dev/null | LC_ALL=C sort -rn > "$BUILD/took"
# What passes without having tried all it is there for.
"$KRUXRT" doctor 2>/dev/null | sed -n 's/^  \([a-z.-]*\) *\(waivable\|limits\|workspace\) *no: .*/no \1 here: its tests ran without/p'
[ "$(id -u)" = 0 ] || echo "not as root: tests of what only root can do, or is refused, were left out"
# Once more, behind all that passed.
[ ! -e "$work/failed" ] || sed 's/^/> /' "$work/failed"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
