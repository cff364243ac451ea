#!/bin/sh
# The attempts in the daemon itself: all programs as they ship but krux-handler, which is tests/live/hostile.c. No call
# may get through, whatever stops it; then a race of names against the real handler, and the handlers' process killed.
# Usage: daemon.sh BUILD. Last line: N passed, N failed.
set -u
LC_ALL=C
export LC_ALL
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
top=$(pwd)
build=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/krux-hostile.XXXXXX")
daemon='' racer=''
finish() {
	for p in $racer $daemon; do kill "$p" 2> /dev/null; wait "$p" 2> /dev/null; done
	rm -rf "$work"
}
trap finish EXIT INT TERM
who=$([ "$(id -u)" = 0 ] && echo root || echo user)
passed=0 failed=0
ok() {
	if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "ok   $who $2"; else failed=$((failed + 1)); echo "FAIL $who $2"; fi
}
cd "$work" || exit 3
cat > team.yaml <<'END'
krux: policy/1
name: team
layer: organization
rules:
  - id: reading
    on: filesystem.read
    when: path under "/workspace"
    verdict: autonomous
  - id: watching
    on: filesystem.watch
    verdict: autonomous
default: blocked
END
"$build/kruxc" build team.yaml -I "$top/stdlib-caps" -o out > said 2>&1 || cat said
mkdir bin ws ws/real
for p in kruxrt krux-egress krux-web krux-gate krux-recorder krux-spawner krux-handler krux-ctl krux-call; do cp "$build/$p" bin/; done
cp "$build/live/krux-handler" bin/
chmod 755 bin bin/*
echo secret > secret
echo outside > outside && mkdir else && echo secret > else/f && echo inside > ws/real/f && ln -s ../else ws/link
ln -s ../secret ws/secret
[ "$(id -u)" != 0 ] || chown -hR 60871:60871 ws secret else
bin/kruxrt init --state state > /dev/null

serve() {
	# shellcheck disable=SC2086
	KRUX_LIVE=secret bin/kruxrt serve $waive --bundle out/bundle.krux --state state --dev --socket "$work/a" \
		--supervisor "$work/s" 2> said &
	daemon=$!
	n=0
	until bin/kruxrt status --socket "$work/s" > /dev/null 2>&1 || [ $n = 600 ] || ! kill -0 "$daemon"; do
		n=$((n + 1))
		sleep 0.1
	done
	bin/kruxrt status --socket "$work/s" > /dev/null 2>&1 || { cat said; echo "0 passed, 1 failed"; exit 1; }
}
call() { bin/kruxrt call "$@" --as builder --token-file token --socket "$work/a" --json > answer 2> why; }

serve
bin/kruxrt agents add builder --token --workspace "$work/ws" --operator state/keys/operator.key --socket "$work/s" |
	grep '^krux-token-' > token
chmod 600 token
for group in ${KRUX_LIVE_ONLY:-own files system privileged}; do
	n=0
	while [ $n -lt 200 ]; do
		call filesystem.read "{\"path\":\"/workspace/try/$group/$n\"}"
		said=$(cat answer why | tr '\n' ' ')
		case $said in
		*"live: that was all"*) break ;;
		*"live: THROUGH"*) ok 1 "daemon $group $n: THROUGH" ;;
		*"live: E"*) ok 0 "daemon $group $n: $(echo "$said" | sed 's/.*live: \(E[A-Z0-9]*\).*/\1/')" ;;
		*signal*|*killed*|*SIGSYS*) ok 0 "daemon $group $n: killed" ;;
		*) ok 1 "daemon $group $n: no answer that says anything: $said" ;;
		esac
		n=$((n + 1))
	done
	[ $n -gt 2 ] && [ $n -lt 200 ]
	ok $? "daemon $group: $n attempts were made"
done
kill "$daemon"
wait "$daemon"

# From here on with the handler that ships.
cp "$build/krux-handler" bin/
serve
python3 - <<'END' &
import os
for i in range(1000000):
	os.rename("ws/real", "ws/d")
	os.rename("ws/d", "ws/real")
	os.rename("ws/link", "ws/d")
	os.rename("ws/d", "ws/link")
END
racer=$!
n=0 leaked=0 read=0
while [ $n -lt 100 ]; do
	call filesystem.read '{"path":"/workspace/d/f"}'
	grep -q secret answer && leaked=1
	grep -q inside answer && read=$((read + 1))
	n=$((n + 1))
done
ok $leaked "a folder that becomes a link while it is read ($read of $n were)"
kill "$racer" 2> /dev/null
wait "$racer" 2> /dev/null
racer=''

call filesystem.watch '{"path":"/workspace","timeout":"60s"}' &
waits=$!
# Of all processes number, name and parent.
processes() { cat /proc/[0-9]*/stat 2> /dev/null | awk '{ print $1, $2, $4 }'; }
handler='' child='' n=0
while [ $n -lt 600 ] && [ -z "$child" ]; do
	handler=$(processes | awk -v up="$daemon" '$2 == "(krux-handler)" && $3 == up { print $1 }')
	child=$(processes | awk -v up="$handler" '$3 == up { print $1 }')
	n=$((n + 1))
	sleep 0.1
done
[ -n "$child" ]
ok $? "a call is under way"
[ -z "$child" ] || kill -9 "$handler"
n=0
for p in $child; do
	while kill -0 "$p" 2> /dev/null && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.1; done
	! kill -0 "$p" 2> /dev/null
	ok $? "a call ends with the process that it was forked from"
done
wait $waits
echo "$passed passed, $failed failed"
[ $failed = 0 ]
