#!/bin/sh
# One test of run.sh, which says how it is to run: one.sh WORK N KIND PATH. What it has to say, what of it failed, how many
# passed and failed, and what it took go to WORK/said/N.out, N.failed, N.counts and N.took.
set -u
work=$1 path=$4
said=$1/said/$2 out=$1/$2.out
from=$(date +%s)
passed=0 failed=0

# $1 passed, $2 failed
count() { passed=$((passed + $1)) failed=$((failed + $2)); }

unit() {
	if "$1" > "$out" 2>&1; then code=0; else code=$?; fi
	grep -a '^NOT TRIED: ' "$out" | sort -u
	# "87%: Checks: 8, Failures: 1, Errors: 0"
	counts=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$out" |
		awk '{ c += $1; f += $2 + $3 } END { print c + 0, f + 0 }')
	checks=${counts% *} bad=${counts#* }
	if [ $code != 0 ] && [ "$bad" = 0 ] || [ "$checks" = 0 ]; then
		bad=$((bad + 1)) checks=$((checks + 1))
	fi
	count $((checks - bad)) "$bad"
	if [ "$bad" != 0 ] || [ $code != 0 ]; then
		echo "FAIL $1 (exit $code)"
		tail -40 "$out"
		{ echo "FAIL $1 (exit $code)"; grep -a ':[FE]:' "$out"; } >> "$said.failed"
	fi
}

# Codes of errors, as often as they are there.
errors() { grep -ao 'error\[[A-Z0-9]*\]' "$1" | sort; }

# Whether what came out may be what is expected from now on. One more error is seldom meant.
may_update() {
	[ "${GOLDEN:-}" = update ] || [ "${GOLDEN:-}" = update-errors ] || return
	[ "$GOLDEN" = update ] || return 0
	errors "$2" > "$said.errors"
	new=$(errors "$out" | comm -13 "$said.errors" - | uniq | tr '\n' ' ')
	[ -z "$new" ] || { echo "$2 is left as it is, without ${new% }; GOLDEN=update-errors writes that too"; return 1; }
}

compare() {
	if may_update "$@"; then
		cp "$out" "$2"
	fi
	if cmp -s "$out" "$2"; then
		count 1 0
	else
		count 0 1
		echo "FAIL $1" | tee -a "$said.failed"
		diff -u "$2" "$out" | head -60
	fi
}

golden() {
	base=${1%.*} dir=$(dirname "$1")
	caps=stdlib-caps
	[ -d "$dir/caps" ] && caps=$dir/caps
	for want in "$base".out "$base".check "$base".table "$base".fmt; do
		[ -e "$want" ] || continue
		case $want in
		*.out) sh "$1" > "$out" 2>&1 ;;
		*.fmt) "$KRUXC" fmt "$1" > "$out" 2>&1 ;;
		*.table) "$KRUXC" table "$1" -I "$caps" > "$out" 2>&1 ;;
		*.check)
			case $1 in
			*.cap) "$KRUXC" check "$1" > "$out" 2>&1 ;;
			*) "$KRUXC" check "$1" -I "$caps" > "$out" 2>&1 ;;
			esac ;;
		esac
		compare "$1" "$want"
	done
}

# A larger test of its own: prints lines of its own, and last "N passed, N failed".
extra() {
	sh "$1" > "$out" 2>&1
	code=$?
	last=$(tail -1 "$out")
	p=$(echo "$last" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1/p')
	f=$(echo "$last" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\2/p')
	[ -n "$p" ] || { p=0 f=1; }
	[ "$code" = 0 ] || [ "$f" != 0 ] || f=1
	sed '$d' "$out" | grep -v '^ok ' | tail -40
	[ "$f" = 0 ] || { echo "FAIL $1"; grep -a "^not ok " "$out"; } | tee -a "$said.failed"
	count "$p" "$f"
}

[ "$3" = unit ] || { TMP=$1/$2 && export TMP && mkdir "$TMP"; }
"$3" "$path" > "$said.out" 2>&1
rm -rf "$out" "$1/$2"
# Its processes' time, as the shell has it: "1m2.3s 0m0.4s".
times > "$said.times"
awk -v wall=$(($(date +%s) - from)) -v path="$path" 'NR == 2 {
	for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] }
	printf "%5d s, of processors %6.1f s  %s\n", wall, s, path }' "$said.times" > "$said.took"
echo "$passed $failed" > "$said.counts"
