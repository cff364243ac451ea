#!/bin/sh
# A state folder that is in use, that nobody can write, that was changed, or that is an older copy of itself: what the
# daemon does with it, and what it says.
. "$top/tests/extra/outside.inc"
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
chmod 755 "$dir"
cat > "$dir/p.yaml" <<'X'
krux: policy/1
name: state
layer: organization
rules:
  - id: list
    on: filesystem.list
    when: path under "/workspace"
    verdict: autonomous
  - id: stat
    on: filesystem.stat
    when: path under "/workspace"
    verdict: approval-required
default: blocked
X
"$C" build "$dir/p.yaml" -I "$top/stdlib-caps" -o "$dir/b" > "$dir/log" 2>&1 || bad build "$(cat "$dir/log")"
"$R" init --state "$dir/s" > "$dir/log" || bad init "$(cat "$dir/log")"
"$R" agents add one --token --state "$dir/s" --operator "$dir/s/keys/operator.key" --bundle "$dir/b/bundle.krux" > "$dir/log" || bad add "$(cat "$dir/log")"
(umask 077 && tail -1 "$dir/log" > "$dir/token")
# serve STATE SOCKETS
serve() {
	"$R" serve $waive --bundle "$dir/b/bundle.krux" --state "$1" --dev --socket "$dir/$2.agents" --supervisor "$dir/$2"
}
serves() { "$R" status --socket "$dir/$1" > /dev/null 2>&1; }
begin() {
	"$R" serve $waive --bundle "$dir/b/bundle.krux" --state "$1" --dev --socket "$dir/a.agents" --supervisor "$dir/a" > "$dir/said" 2>&1 &
	daemon=$!
	soon serves a && good "it serves" || bad "it serves" "$(cat "$dir/said")"
}
finish() {
	kill "$daemon"
	wait "$daemon"
	is "it ends in order" $? 0
	daemon=
}
call() { "$R" call "$@" --as one --token-file "$dir/token" --socket "$dir/a.agents"; }
waiting() { "$R" approvals list --socket "$dir/a" | sed 1d | grep -c .; }

# ---- two at once ----
begin "$dir/s"
exits "a second daemon of the same state" 2 serve "$dir/s" b
has "says why" "$dir/err" "another daemon serves this state"
is "and leaves no sockets" "$(ls "$dir" | grep -c '^b\.\|^b$' | tr -d ' ')" 1
"$R" init --state "$dir/other" > "$dir/log" || bad init "$(cat "$dir/log")"
exits "one of another state on the same sockets" 2 serve "$dir/other" a
has "says why" "$dir/err" "another process listens there"
exits "the first one serves on" 0 call filesystem.list '{"path":"/workspace"}'

# ---- older copies ----
exits "a call that waits" 1 call filesystem.stat '{"path":"/workspace"}'
is "is in the queue" "$(waiting)" 1
finish
cp -a "$dir/s" "$dir/older"
begin "$dir/s"
is "the queue is there after a restart" "$(waiting)" 1
exits "a call more" 0 call filesystem.list '{"path":"/workspace"}'
finish
exits "the log" 0 "$R" audit verify --state "$dir/s"
cp "$dir/s/log/checkpoint" "$dir/held"
exits "an older copy of all of it" 0 "$R" audit verify --state "$dir/older"
says "looks the same, which is said" "a whole older folder put in place of this one looks the same"
exits "but not against what was held elsewhere" 1 "$R" audit verify --state "$dir/older" --checkpoint "$dir/held"
says "and how much is lost" "records are lost"
exits "the newer one holds" 0 "$R" audit verify --state "$dir/s" --checkpoint "$dir/held"
cp -a "$dir/s/log/checkpoint" "$dir/s/log/checkpoints" "$dir/older/log/"
exits "where the checkpoints are newer, an older log does not start" 3 serve "$dir/older" a
says "and says so" "records"

# ---- a changed queue ----
cp -a "$dir/s" "$dir/changed"
at=$(grep -abo 'filesystem\.stat' "$dir/changed/log/00000000.seg" | head -1 | cut -d: -f1)
printf 'X' | dd of="$dir/changed/log/00000000.seg" bs=1 seek="$((at + 3))" conv=notrunc 2> /dev/null
exits "a ticket that was changed" 1 "$R" audit verify --state "$dir/changed"
says "is named" "FAULT"
exits "is served by no daemon" 3 serve "$dir/changed" a
exits "and by no call alone" 3 "$R" call filesystem.list '{"path":"/workspace"}' --as one --state "$dir/changed" --bundle "$dir/b/bundle.krux" --dev

# ---- a folder that nobody can write ----
# unwritten COMMAND...: root can write all but a mount for reading alone
if [ "$(id -u)" = 0 ]; then
	unwritten() { unshare --mount sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$dir/s" "$@"; }
	why="Read-only file system"
else
	unwritten() {
		chmod -R u-w "$dir/s"
		"$@"
		code=$?
		chmod -R u+w "$dir/s"
		return $code
	}
	why="Permission denied"
fi
exits "verify reads what nobody can write" 0 unwritten "$R" audit verify --state "$dir/s"
exits "query, too" 0 unwritten "$R" audit query --state "$dir/s" --format json
is "all of it" "$(grep -c '"kind":"deferred"' "$dir/out")" 1
exits "a daemon does not start there" 3 unwritten "$R" serve $waive --bundle "$dir/b/bundle.krux" --state "$dir/s" --dev --socket "$dir/a.agents" --supervisor "$dir/a"
says "and says why" "$why"
begin "$dir/s"
is "where it can be written again, nothing is lost" "$(waiting)" 1
finish
exits "the log" 0 "$R" audit verify --state "$dir/s" --checkpoint "$dir/held"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
