#!/bin/sh
# The attempts on this machine: one by one with layers switched off, then in the daemon, as root and as an ordinary
# user. What the first says is kept in BUILD/live/here. Usage: check.sh BUILD. Last line: N passed, N failed.
set -u
build=$1
passed=0 failed=0
add() {
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -1)
	cat "$1"
	[ -n "$line" ] || { line='0 passed, 1 failed' && echo "FAIL: it broke off"; }
	f=${line##*, }
	passed=$((passed + ${line%% *})) failed=$((failed + ${f%% *}))
}
said=$(mktemp)
place=$(mktemp -d "${TMPDIR:-/tmp}/krux-live.XXXXXX")
trap 'rm -rf "$said" "$said.user" "$place"' EXIT
first=
trap '[ -z "$first" ] || kill "$first" 2> /dev/null; exit 130' INT TERM
"$build/live/live" > "$said" 2>&1
cp "$said" "$build/live/here"
add "$said"

# Where an ordinary user can read it too.
chmod 755 "$place"
mkdir "$place/build" "$place/build/live"
for p in kruxc kruxrt krux-egress krux-web krux-gate krux-recorder krux-spawner krux-handler krux-ctl krux-call live/krux-handler; do
	cp "$build/$p" "$place/build/$p"
done
cp -r stdlib-caps tests/live/daemon.sh "$place/"
chmod -R a+rX "$place"
cd "$place" || exit 3
# Both at once: each waits for its daemon most of the time, and has a user and a folder of its own.
./daemon.sh "$place/build" > "$said" 2>&1 &
first=$!
if [ "$(id -u)" = 0 ]; then
	setpriv --reuid 60872 --regid 60872 --clear-groups ./daemon.sh "$place/build" > "$said.user" 2>&1
	wait
	add "$said"
	add "$said.user"
else
	wait
	add "$said"
	echo "left all daemon: as root: not root"
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
