#!/bin/sh
# Control groups of builtins, from outside: each call of a daemon has one, those of the web too, and its record says so and what
# was used; none is left, not even by a daemon that was killed.
. "$top/tests/extra/outside.inc"
cd "$dir" || exit 3
chmod 755 "$dir"
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
there=$("$R" doctor | sed -n 's/^  cgroup  *waivable *\([a-z]*\).*/\1/p')
case $there in yes|no) good "doctor says whether there are any" ;; *) bad "doctor says whether there are any" "$there" ;; esac
cat > p.yaml <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - id: all
    on: [ filesystem.write, network.fetch ]
    verdict: autonomous
default: blocked
X
exits "build" 0 "$C" build p.yaml -I "$top/stdlib-caps" -o b
exits "init" 0 "$R" init --state s
KRUX_SOCKET=$dir/agent.sock KRUX_SUPERVISOR=$dir/supervisor.sock
export KRUX_SOCKET KRUX_SUPERVISOR
exits "an agent" 0 "$R" agents add one --token --state s --operator s/keys/operator.key --bundle "$dir/b/bundle.krux"
tail -1 out > token
chmod 600 token
serve() {
	# shellcheck disable=SC2086
	"$R" serve $waive --bundle b/bundle.krux --state s --socket "$KRUX_SOCKET" --supervisor "$KRUX_SUPERVISOR" --dev > serve 2>&1 &
	daemon=$!
	soon "$R" status > log 2>&1
}
# The last record of a call's end: what was on and what it used.
last() {
	"$R" audit export --state s --format jsonl 2> err | grep '"kind":"outcome"' | tail -1 > last
	case $(cat last) in *'"cgroup"'*'["written",'*) said=yes ;; *'"seccomp"'*) said=no ;; *) said=$(cat last) ;; esac
	is "$1" "$said" "$there"
}
calls() { find /sys/fs/cgroup -maxdepth 10 -type d -path "*/krux-$daemon/generation-*/calls" 2> /dev/null | head -1; }
serve
exits "a builtin" 0 "$R" call filesystem.write '{"path":"/workspace/a","content":"x"}' --as one --token-file token
last "its record"
# Refused by egress: its handler has run all the same.
exits "a builtin of the web" 1 "$R" call network.fetch '{"url":"http://127.0.0.1:9/"}' --as one --token-file token
last "its record too"
at=$(calls)
if [ "$there" = yes ]; then
	# One that waits has one too.
	soon test -d "$at/call-0"
	has "the group of one that waits" "$at/call-0/cgroup.events" "populated"
	has "of the web's" "$at/web-0/cgroup.events" "populated"
fi
kill -9 "$daemon"
wait "$daemon" 2> /dev/null
serve
exits "after a kill" 0 "$R" call filesystem.write '{"path":"/workspace/a","content":"y"}' --as one --token-file token
[ -z "$at" ] || is "nothing is left of it" "$(ls -d "$at" 2> /dev/null)" ""
at=$(calls)
kill "$daemon"
wait "$daemon"
daemon=''
[ -z "$at" ] || is "no group is left" "$(ls -d "$at" 2> /dev/null)" ""
exits "the log" 0 "$R" audit verify --state s
echo "$passed passed, $failed failed"
