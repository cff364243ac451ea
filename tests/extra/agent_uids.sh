#!/bin/sh
# What calls run as, from outside: ranges that are refused, each agent's uid in the records of its calls, agents that come back, a
# range that changes, no uid left.
. "$top/tests/extra/outside.inc"
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
chmod 755 "$dir"
op=$dir/s/keys/operator.key

cat > "$dir/p.yaml" <<'P'
krux: policy/1
name: p
layer: organization
rules:
  - { id: list, on: [ filesystem.list, system.time ], verdict: autonomous }
default: blocked
P
"$C" build "$dir/p.yaml" -I "$top/stdlib-caps" -o "$dir/b" > "$dir/log" 2>&1 || bad "build" "$(cat "$dir/log")"
"$R" init --state "$dir/s" > /dev/null
mkdir -p "$dir/w"
# shellcheck disable=SC2086
serve() { "$R" serve $waive --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev "$@"; }
# shellcheck disable=SC2086
direct() { "$R" call system.time '{}' --state "$dir/s" --bundle "$dir/b/bundle.krux" --dev "$@"; }
refuses() { # name, option, words
	exits "$1" 2 serve --agent-uids "$2" < /dev/null
	says "$1, in words" "$3"
}
# shellcheck disable=SC2086
begin() {
	"$R" serve $waive --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev "$@" > "$dir/serve" 2>&1 < /dev/null &
	daemon=$!
	soon "$R" status --socket "$dir/supervisor.sock" > /dev/null 2>&1 || bad "serves" "$(cat "$dir/serve")"
}
stop() {
	kill "$daemon"
	wait "$daemon"
	daemon=
}
add() { # name
	"$R" agents add "$1" --token --workspace "$dir/w" --operator "$op" --socket "$dir/supervisor.sock" > "$dir/out" 2> "$dir/err" || return
	(umask 077; grep -o 'krux-token-[0-9a-f]*' "$dir/out" > "$dir/$1.token")
}
ask() { "$R" call system.time '{}' --as "$1" --token-file "$dir/$1.token" --socket "$dir/agent.sock" > "$dir/out" 2> "$dir/err"; }
# The field of the last record of that kind; "": it has none.
said() { "$R" audit query --state "$dir/s" --kind "$1" --format json 2> /dev/null | tail -1 | sed -n 's/.*"runs-as":\(\[[0-9,]*\]\).*/\1/p'; }

if [ "$(id -u)" != 0 ]; then
	refuses "without root" 70000:10 "--agent-uids is for root: without root all calls run as you"
	exits "of a single call too" 2 direct --agent-uids 70000
	says "in words" "--agent-uids is for root"
	exits "without it" 0 direct
	is "an intent names none" "$(said intent)" ""
	is "nor a start" "$(said start)" ""
	exits "the log is whole" 0 "$R" audit verify --state "$dir/s"
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
	exit
fi

refuses "no number" seventy "--agent-uids: a first uid and how many, such as 70000:8192"
refuses "people's" 1000:10 "--agent-uids 1000:10 does not lie within 65536 to 524287"
refuses "systemd's" 524288:10 "does not lie within"
refuses "too many" 524287:2 "does not lie within"
exits "the daemon's" 2 serve --uid-base 70003 --agent-uids 70000:10 < /dev/null
says "are named" "the daemon's own are 70003 to 70006 (--uid-base)"
exits "goes with --state" 2 "$R" call system.time '{}' --as one --agent-uids 70000
says "in words" "--agent-uids, --allow-missing and --dev go with --state"

# Files of the machine as they could be, in a mount namespace of its own.
over() { # file, line, command...
	unshare -m sh -c 'cat "$1" > "$4" && echo "$2" >> "$4" && mount --bind "$4" "$1" && shift 4 && exec "$@"' over "$1" "$2" x "$dir/over" \
		"$R" serve --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev < /dev/null
}
if unshare -m true 2> /dev/null; then
	exits "an account in it" 2 over /etc/passwd "krux-test:x:70010:100::/:/bin/false"
	says "is named" "--agent-uids 70000:8192 has to be uids and gids that nobody has: account krux-test has uid 70010"
	exits "an account's group in it" 2 over /etc/passwd "krux-test:x:500:70010::/:/bin/false"
	says "is named" "account krux-test has gid 70010"
	exits "a group in it" 2 over /etc/group "krux-test:x:78191:"
	says "is named" "group krux-test has gid 78191"
	for f in subuid subgid; do
		[ -e "/etc/$f" ] || continue
		exits "/etc/$f" 2 over "/etc/$f" "krux-test:65536:65536"
		says "is looked at" "/etc/$f gives krux-test 65536 ${f#sub}s from 65536 on"
	done
fi

exits "a single call" 0 direct
is "runs as the first" "$(said intent)" "[70000]"
is "of the usual range" "$(said start)" "[70000,8192]"
exits "a single call of a range of one" 0 direct --agent-uids 80000:1
is "runs as that" "$(said intent)" "[80000]"

begin --agent-uids 70000:3
is "a start says the range" "$(said start)" "[70000,3]"
exits "one" 0 add one
exits "two" 0 add two
exits "three" 1 add three
says "has no uid" "no uid is left for its calls: --agent-uids 70000:3 has 2 for agents, and 2 were registered in this log"
exits "of a uid that is a call's" 1 "$R" agents add three --uid 70002 --workspace "$dir/w" --operator "$op" --socket "$dir/supervisor.sock"
for a in two one; do
	ask "$a" || bad "$a calls" "$(cat "$dir/err")"
done
is "one is the first" "$(said intent)" "[70001]"
ask two
is "two is the second" "$(said intent)" "[70002]"
exits "the list" 0 "$R" agents list --socket "$dir/supervisor.sock"
says "shows it" "RUNS AS"
is "of two" "$(sed -n 's/^two .* \(7[0-9]*\) .*/\1/p' "$dir/out")" 70002
exits "one is taken out" 0 "$R" agents revoke one --operator "$op" --socket "$dir/supervisor.sock"
exits "three" 1 add three
exits "one comes back" 0 add one
ask one
is "as what it was" "$(said intent)" "[70001]"
stop
exits "the list of a stopped state" 0 "$R" agents list --state "$dir/s" --json
says "shows it too" '"runs_as":70002'
exits "nor is a uid left there" 1 "$R" agents add three --token --state "$dir/s" --workspace "$dir/w" --operator "$op"
says "in words" "no uid is left for its calls"

exits "too few for those that there are" 3 serve --agent-uids 70000:2 < /dev/null
says "says how many" "--agent-uids 70000:2: agents registered in this log, those that were taken out among them: 2; COUNT has to be 3 at least"
begin --agent-uids 90000:8
ask one
is "another range" "$(said intent)" "[90001]"
exits "three" 0 add three
ask three
is "has the next" "$(said intent)" "[90003]"
stop
exits "the log is whole" 0 "$R" audit verify --state "$dir/s"
exits "a single call of a range that is too small for all" 0 direct --agent-uids 80000:2
exits "the list" 0 "$R" agents list --state "$dir/s"
is "of the one who has a uid in it" "$(sed -n 's/^one .* \(8[0-9]*\) .*/\1/p' "$dir/out")" 80001
is "of one who has none" "$(sed -n 's/^three .* \(-\) .*/\1/p' "$dir/out")" -
exits "and comes out the same" 0 "$R" audit replay --state "$dir/s" --dev --bundle "$dir/b/bundle.krux"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
