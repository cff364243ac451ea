#!/bin/sh
# The daemon, its agents and its supervisors, by kruxrt's own commands: registered, called, approved, rejected,
# frozen, thawed, taken out; and what the log says of it.
. "$top/tests/extra/outside.inc"
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
chmod 755 "$dir"

cat > "$dir/p.yaml" <<'X'
krux: policy/1
name: p
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
    reason: Looked at first
    approval: { ttl: 1h, from: [ approver ] }
  - id: time
    on: system.time
    verdict: notify
default: blocked
X
"${KRUXC:?}" build "$dir/p.yaml" -I stdlib-caps -o "$dir/b" > "$dir/log" 2>&1 || bad "build" "$(cat "$dir/log")"
"$R" init --state "$dir/s" > /dev/null
op=$dir/s/keys/operator.key key=$dir/s/keys/approver.key
KRUX_SOCKET=$dir/agent.sock
export KRUX_SOCKET
exits "an agent before the daemon runs" 0 "$R" agents add one --token --state "$dir/s" --operator "$op" --bundle "$dir/b/bundle.krux"
says "its rights" "approval-required filesystem.stat@1.0"
tail -1 "$dir/out" > "$dir/token"
# As root: 60800, and what is counted from it.
ours() { # who asks
	[ "$(id -u)" = 0 ] || return 0
	for uid in 60800 60801 60802 60803; do
		exits "$1 no agent by uid $uid" 1 "$R" agents add eg --uid $uid --operator "$op" --bundle "$dir/b/bundle.krux" $2
		says "$1 since it is the daemon's" "uid $uid is the daemon's"
	done
}
ours "without a daemon:" "--state $dir/s"
chmod 600 "$dir/token"
"$R" serve $waive --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev > "$dir/serve" 2>&1 &
daemon=$!
soon "$R" status > /dev/null 2>&1
exits "status" 0 "$R" status
call() { "$R" call "$@" --as one --token-file "$dir/token"; }
tickets() { "$R" approvals list | sed -n '2,$p'; }
waits() { [ -n "$(tickets)" ]; }
rests() { ! waits; }
first() { tickets | sed -n 1p | cut -c1-16; }

exits "a call" 0 call filesystem.list '{"path":"/workspace"}'
says "its output" '"entries":[]'
exits "a pure one, that supervisors hear of" 0 call system.time '{}' --deadline 5s
exits "a denied one" 1 call filesystem.delete '{"path":"/workspace/a"}'
says "says why" '"verdict":"blocked"'
exits "an invalid one" 2 call filesystem.list '{"path":"relative"}'
exits "a wrong token" 1 "$R" call filesystem.list '{"path":"/workspace"}' --as one --key "$key"
exits "nobody's" 1 "$R" call filesystem.list '{"path":"/workspace"}' --as nobody
san=
[ -z "${SAN:-}" ] || san="-fsanitize=address,undefined"
for e in call loop; do
	# shellcheck disable=SC2086
	${CC:-cc} $san -Iclient -o "$dir/$e" examples/c/$e.c "${BUILD:-build}/libkrux.a" -lsodium || bad "examples/c/$e.c" "does not build"
done
exits "examples/c/call" 0 "$dir/call" one "$dir/token" filesystem.list '{"path":"/workspace"}'
says "prints the output" '"entries":[]'
exits "examples/c/call, denied" 1 "$dir/call" one "$dir/token" filesystem.delete '{"path":"/workspace/a"}'
says "says why not" 'denied by'
exits "examples/c/loop" 0 "$dir/loop" one "$dir/token" relative /workspace//.. relative
says "prints each" 'relative: invalid'
exits "a deferred one" 1 call filesystem.stat '{"path":"/workspace/a"}'
says "has a ticket" '"ticket":"'
t=$(first)
exits "show" 0 "$R" approvals show "$t" --bundle "$dir/b/bundle.krux"
says "the rule's line is shown" '  - id: stat'
says "the call is shown" 'path: "/workspace/a"'
says "and by whom it has to be accepted" '1 of approver'
exits "an operator is no approver" 1 "$R" approvals accept "$t" --key "$op"
exits "propose" 0 "$R" approvals propose "$t"
says "a rule" 'on: filesystem.stat@1'
exits "accept" 0 "$R" approvals accept "$t" --key "$key" --reason fine
soon rests
exits "accept twice" 1 "$R" approvals accept "$t" --key "$key"
[ -z "$(tickets)" ] && good "nothing waits" || bad "nothing waits" "$(tickets)"
call filesystem.stat '{"path":"/workspace/b"}' --wait > "$dir/waited" 2>&1 &
waiter=$!
soon waits
exits "accept what somebody waits for" 0 "$R" approvals accept "$(first)" --key "$key" --json
says "its record" '{"record":'
wait $waiter && good "the call that waited ran" || bad "the call that waited ran" "$(cat "$dir/waited")"
call filesystem.stat '{"path":"/workspace/c"}' --wait > "$dir/waited" 2>&1 &
waiter=$!
soon waits
exits "reject" 0 "$R" approvals reject "$(first)" --key "$key" --reason "not this"
wait $waiter; [ $? = 1 ] && grep -q 'rejected by approver' "$dir/waited" && good "the other did not" || bad "the other did not" "$(cat "$dir/waited")"

# Keys of people come and go, and count from then on.
mkdir "$dir/new"
(cd "$dir/new" && "$KRUXC" keygen approver && "$KRUXC" keygen zoe) > "$dir/log" 2>&1 || bad keygen "$(cat "$dir/log")"
trust=$dir/s/trust zoe=$dir/new/zoe.key
exits "who is no operator yet" 1 "$R" agents clear "$dir/s/workspaces/one" x --operator "$zoe" --reason x
exits "another operator" 0 "$R" keys add "$dir/new/zoe.pub" --role operator --operator "$op" --trust "$trust"
says "is recorded" "added operator zoe (record "
exits "acts at once" 0 "$R" agents clear "$dir/s/workspaces/one" x --operator "$zoe" --reason x
exits "a name twice" 1 "$R" keys add "$dir/new/approver.pub" --role approver --operator "$zoe" --trust "$trust"
exits "one more that waits" 1 call filesystem.stat '{"path":"/workspace/d"}'
exits "an approver is taken out" 0 "$R" keys revoke approver --role approver --operator "$zoe" --trust "$trust"
exits "and accepts nothing more" 1 "$R" approvals accept "$(first)" --key "$key"
exits "another one of that name" 0 "$R" keys add "$dir/new/approver.pub" --role approver --operator "$zoe" --trust "$trust"
exits "the old key is not it" 1 "$R" approvals accept "$(first)" --key "$key"
exits "the new one is" 0 "$R" approvals accept "$(first)" --key "$dir/new/approver.key"
exits "an operator is taken out" 0 "$R" keys revoke operator --role operator --operator "$zoe" --trust "$trust"
exits "and does nothing more" 1 "$R" keys revoke zoe --role operator --operator "$op" --trust "$trust"
exits "until it is back" 0 "$R" keys add "$dir/s/keys/operator.pub" --role operator --operator "$zoe" --trust "$trust"
exits "which counts" 0 "$R" keys revoke zoe --role operator --operator "$op" --trust "$trust"
exits "what there is" 0 "$R" keys list --trust "$trust"
is "is listed" "$(awk '{ print $1, $2 }' "$dir/out" | tr '\n' ' ')" "ROLE NAME approver approver operator operator "

exits "freeze" 0 "$R" freeze --agent one --reason odd
exits "a frozen agent" 1 call filesystem.list '{"path":"/workspace"}'
says "is told" frozen
exits "an approver cannot thaw" 1 "$R" thaw --agent one --operator "$key" --reason x
exits "an operator can" 0 "$R" thaw --agent one --operator "$op" --reason x
exits "and it calls again" 0 call filesystem.list '{"path":"/workspace"}'
mkdir "$dir/w"
ours "with a daemon:" "--workspace $dir/w"
exits "another agent" 0 "$R" agents add two --uid 4321 --workspace "$dir/w" --operator "$op" --bundle "$dir/b/bundle.krux"
exits "a name that is taken" 1 "$R" agents add two --token --workspace "$dir/w" --operator "$op"
exits "list" 0 "$R" agents list
says "shows both" "uid 4321"
exits "clear" 0 "$R" agents clear "$dir/w" file-content --operator "$op" --reason x
exits "clear what nobody has" 1 "$R" agents clear "$dir/none" file-content --operator "$op" --reason x
says "is said to be so" "there is no such workspace: no agent has or had it, and it has no labels"
exits "revoke" 0 "$R" agents revoke one --operator "$op"
exits "who is taken out" 1 call filesystem.list '{"path":"/workspace"}'
says "is told so" "revoked"
exits "revoke nobody" 1 "$R" agents revoke nobody --operator "$op"
kill "$daemon"
wait "$daemon"; [ $? = 0 ] && good "the daemon ends in order" || bad "the daemon ends in order" "$(cat "$dir/serve")"
daemon=
# With a base that makes an agent's uid that of egress.
if [ "$(id -u)" = 0 ]; then
	mkdir "$dir/bin"
	cp "$R" "${R%/*}/krux-call" "$dir/bin/"
	peer() { setpriv --reuid "$1" --regid "$1" --clear-groups "$dir/bin/kruxrt" call filesystem.list '{"path":"/workspace"}' --as "$2"; }
	exits "one more agent" 0 "$R" agents add three --uid 4322 --workspace "$dir/w" --operator "$op" --bundle "$dir/b/bundle.krux" --state "$dir/s"
	chmod 777 "$dir/w"
	chown -R 0:0 "$dir/s/log" "$dir/s/blobs" "$dir/s/keys/log.key"
	"$R" serve --uid-base 4318 --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev > "$dir/serve" 2>&1 &
	daemon=$!
	soon "$R" status > /dev/null 2>&1
	exits "a peer who is an agent" 0 peer 4322 three
	exits "a peer who is egress" 1 peer 4321 two
	says "is nobody" "no such agent"
	kill "$daemon"
	wait "$daemon"
	daemon=
fi
exits "the log is whole" 0 "$R" audit verify --state "$dir/s"
[ -z "$(grep -al krux-token- "$dir"/s/log/* "$dir"/s/blobs/* 2> /dev/null)" ] && good "no token in it" || bad "no token in it" "there is"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
