#!/bin/sh
# A call without a daemon: the daemon's programs for it alone, which end with it, however it ends.
. "$top/tests/extra/outside.inc"
# Of a process, all that it and its own have started: an ordinary user may not look at what some of those have open.
family() {
	for p in $(tr -d '\n' < "/proc/$1/task/$1/children" 2> /dev/null); do
		echo "$p"
		family "$p"
	done
}
known= # such processes
knows() { known="$known $1 $(family "$1")"; } # caller
named() { # process WORD: it runs, and its name begins so
	case $(cat "/proc/$1/stat" 2> /dev/null) in *") Z "*) false ;; "$1 ($2"*) true ;; *) false ;; esac
}
# All that has this state open or names it, or is known: the programs of a call, but for the test itself.
left() {
	{
		for p in $known; do
			named "$p" krux && echo "$p"
		done
		open_here
	} | sort -u
}
open_here() {
	for p in /proc/[0-9]*; do
		case $(readlink "$p/exe" 2> /dev/null) in
		"${R%/*}"/krux*) ls -l "$p/fd" 2> /dev/null | grep -qF "$s" && echo "${p#/proc/}" ;;
		esac
	done
}
ends() { # name: nothing of it is left soon
	soon nothing_left
	is "$1" "$(left)" ""
}
served() { tr -d ' ' < "/proc/$1/task/$1/children"; } # the daemon of a call
nothing_left() { [ -z "$(left)" ]; }
gone() { ! left | grep -qx "$1"; } # process
holds_it() { left | grep -qx "$(served "$1")"; } # caller: its daemon has this state open, or waits for it
intents() { [ "$(kinds intent)" -ge "$1" ]; }
kinds() { "$R" audit tail --state "$s" -n 0 | awk '{ print $3 }' | grep -c "^$1\$"; }

"$C" build "$top/stdlib-caps/policies/team-moderate.yaml" -I "$top/stdlib-caps" -o "$dir/b" > "$dir/log" 2>&1 || bad build "$(cat "$dir/log")"
s=$dir/s
"$R" init --state "$s" > /dev/null
mkdir "$s/workspaces/builder" "$dir/w"
cp "$dir/b/bundle.krux" "$s/bundle.krux"
call() { "$R" call "$@" --state "$s" --dev; }

exits "notify" 0 call filesystem.write '{"path":"/workspace/a","content":"one\n"}' --as builder
n=$("$R" audit query --state "$s" --kind intent --format json | sed 's/.*"seq":\([0-9]*\).*/\1/')
has "is seen" "$dir/err" "notify: builder called filesystem.write (record $n), rule team-moderate/"
has "so is the key" "$dir/err" "this policy is signed with a development key"
is "the file is there" "$(cat "$s/workspaces/builder/a")" one
exits "autonomous, with few words" 0 call filesystem.read@1 '{"path":"/workspace/a"}' --as builder --json
is "none" "$(cat "$dir/err")" ""
has "its record" "$dir/out" '"record":'
exits "effect-free" 0 call system.ping '{}'
has "its record too" "$dir/out" '"record":'
exits "another folder" 1 call filesystem.read '{"path":"/workspace/a"}' --as builder --workspace "$dir/w" --json
has "holds other files" "$dir/out" '"name":"NotFound"'
exits "approval-required" 1 call filesystem.delete '{"path":"/workspace/a"}' --as builder
has "has a ticket" "$dir/out" '"ticket":"'
exits "the same again" 1 call filesystem.delete '{"path":"/workspace/a"}' --as builder
is "joins it" "$(kinds deferred)" 1
exits "blocked" 1 call filesystem.read '{"path":"/etc/passwd"}' --as builder
exits "invalid" 2 call filesystem.read '{"path":"a"}' --as builder
exits "no arguments" 2 call filesystem.read '' --as builder
exits "from standard input" 0 sh -c 'echo "{}" | "$0" call system.time - --state "$1" --dev' "$R" "$s"
is "who was claimed" "$("$R" audit query --state "$s" --agent builder --kind intent --format json | grep -c '"auth":0')" 3
exits "a held state" 0 "$R" audit verify --state "$s"
ends "nothing is left of calls"

# Killed, in the middle of a call: all of it ends, and the log says how.
"$R" call filesystem.watch '{"path":"/workspace","timeout":"60s"}' --as builder --state "$s" --dev > "$dir/out" 2>&1 &
caller=$!
soon intents 6
knows $caller
is "it runs" "$(kinds intent)" 6
# One who comes meanwhile has to wait, and then has the turn.
call system.ping '{}' > "$dir/next" 2>&1 &
next=$!
# Nobody waits for the turn of one who goes before it comes.
"$R" call system.ping '{}' --as builder --state "$s" --dev > "$dir/gone" 2>&1 &
gone=$!
soon holds_it $gone
waits=$(served $gone)
is "one more waits" "$(left | grep -cx "$waits")" 1
kill -9 $gone
wait $gone 2> /dev/null
soon gone "$waits"
is "not for one that was killed" "$(left | grep -cx "$waits")" 0
is "while the first runs" "$(kill -0 $caller && kinds outcome)" 5
kill -9 $caller
wait $caller 2> /dev/null
wait $next
is "the next one has its turn" $? 0
ends "nothing is left of a caller that was killed"
exits "how it ended" 0 "$R" audit query --state "$s" --kind outcome --format json
has "is recorded" "$dir/out" '"why":"cancelled"'
is "nothing is unknown" "$(kinds unknown)" 0
# So it is when the programs are killed.
"$R" call filesystem.watch '{"path":"/workspace","timeout":"60s"}' --as builder --state "$s" --dev > "$dir/out" 2>&1 &
caller=$!
soon intents 8
knows $caller
for p in $known; do
	! named "$p" krux-gate && ! named "$p" krux-spawner || kill -9 "$p"
done
wait $caller
is "a call whose programs are killed" $? 3
has "says so" "$dir/out" "was ended by signal 9"
ends "nothing is left of programs that were killed"
is "its end is unknown" "$(kinds unknown)" 1
"$R" call filesystem.watch '{"path":"/workspace","timeout":"60s"}' --as builder --state "$s" --dev > "$dir/out" 2>&1 &
caller=$!
soon intents 9
knows $caller
kill -9 "$(served $caller)"
wait $caller
is "a call whose daemon is killed" $? 3
ends "nothing is left of a daemon that was killed"
exits "the log" 0 "$R" audit verify --state "$s"

# Told to end, which lets calls finish, and then left: what nobody waits for is ended at once.
"$R" call filesystem.watch '{"path":"/workspace","timeout":"60s"}' --as builder --state "$s" --dev > "$dir/out" 2>&1 &
caller=$!
soon intents 10
knows $caller
kill -TERM "$(served $caller)"
kill -9 $caller
wait $caller 2> /dev/null
ends "nothing is left of a daemon that was to finish a call for nobody"
exits "the end of that call" 0 "$R" audit query --state "$s" --kind outcome --format json
is "it was cancelled, too" "$(grep -c '"why":"cancelled"' "$dir/out")" 2

# Where a daemon serves the state, it is the one to ask.
"$R" serve --allow-missing cgroup --state "$s" --bundle "$s/bundle.krux" --dev --socket "$dir/a" --supervisor "$dir/u" > "$dir/log" 2>&1 < /dev/null &
daemon=$!
soon grep -qs "generation 1 serves" "$dir/log"
exits "beside a daemon" 2 call system.ping '{}'
is "it says how" "$(cat "$dir/err")" "kruxrt call: $s: a daemon serves this state; call it by --socket PATH"
"$R" freeze --socket "$dir/u" --reason "a test" > "$dir/out" 2>&1 || bad freeze "$(cat "$dir/out")"
kill -TERM $daemon
wait $daemon
daemon=
exits "what was frozen stays so" 1 call system.ping '{}'
"$R" thaw --state "$s" --operator "$s/keys/operator.key" --reason "a test" > "$dir/out" 2>&1 || bad thaw "$(cat "$dir/out")"
exits "until it is thawed" 0 call system.ping '{}'
head -c 1000000 /dev/zero | tr '\0' Q > "$s/workspaces/builder/large"
exits "an answer that is larger than a pipe" 0 call filesystem.read '{"path":"/workspace/large"}' --as builder
is "comes whole" "$(tr -cd Q < "$dir/out" | wc -c | tr -d ' ')" 1000000
echo "$passed passed, $failed failed"
[ $failed = 0 ]
