#!/bin/sh
# Through the daemon: arguments and answers that are too large for a record, and what approvers were shown.
. "$top/tests/extra/outside.inc"
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
cd "$dir" || exit 3
cat > team.yaml <<'END'
krux: policy/1
name: team
layer: organization
rules:
  - id: into-ask
    on: filesystem.copy
    when: destination under "/workspace/ask"
    verdict: approval-required
  - id: writes-into-ask
    on: filesystem.write
    when: path under "/workspace/ask"
    verdict: approval-required
  - id: rest
    on: [ filesystem.read, filesystem.write, filesystem.copy ]
    when: any(reads, it under "/workspace") or any(writes, it under "/workspace")
    verdict: autonomous
default: blocked
END
"$C" build team.yaml -I "$top/stdlib-caps" -o out > said 2>&1 || cat said
"$R" init --state state > /dev/null
mkdir ws ws/ask
[ "$(id -u)" != 0 ] || chown -R 65533:65533 ws
serve() {
	"$R" serve $waive --bundle out/bundle.krux --state state --dev --socket "$dir/a" 2> said &
	daemon=$!
	soon "$R" status --socket "$dir/supervisor.sock" > /dev/null 2>&1
}
stop() {
	kill "$daemon"
	wait "$daemon"
	is "the daemon ends in order" $? 0
	daemon=
}
serve
"$R" agents add builder --token --workspace "$dir/ws" --operator state/keys/operator.key --socket "$dir/supervisor.sock" |
	grep '^krux-token-' > token
chmod 600 token
call() { "$R" call "$@" --as builder --token-file token --socket "$dir/a" --json > answer 2> why; }

inline=$(sed -n 's/^enum { ENTRY_INLINE = \([0-9]*\) };$/\1/p' "$top/runtime/record/entry.h")
has "what is too large for a record is documented" "$top/docs/security.md" "**Arguments too large for a record** (more than $inline bytes)"
head -c 60000 /dev/zero | tr '\0' x > large
{ printf '{"path":"/workspace/large","content":"'; cat large; printf '"}'; } > large.json
call filesystem.write - < large.json
is "a call with 60,000 bytes" $? 0
is "they are in the file" "$(cmp -s large ws/large && echo same)" same
call filesystem.read '{"path":"/workspace/large"}'
is "an answer with 60,000 bytes" $? 0
is "blobs hold both" "$(ls state/blobs | wc -l)" 2

printf good > source && call filesystem.write '{"path":"/workspace/source","content":"good"}'
ask() { call filesystem.copy '{"source":"/workspace/source","destination":"/workspace/ask/copy"}'; }
ticket() { sed 's/.*"ticket":"\([0-9a-f]*\)".*/\1/' answer; }
accept() { "$R" approvals accept "$1" --key state/keys/approver.key --socket "$dir/supervisor.sock" > accepted 2>&1; }
ask
is "a copy that a person has to see" $? 1
first=$(ticket)
"$R" approvals show "$first" --socket "$dir/supervisor.sock" > shown
is "the file is shown" "$(grep -c '/workspace/source' shown | sed 's/^[2-9]$/more/')" more
call filesystem.write '{"path":"/workspace/source","content":"evil"}'
accept "$first"
soon "$R" audit query --state state --kind stale > stale 2>&1
is "what was shown has changed: nothing is copied" "$(ls ws/ask | wc -l)" 0
ask
second=$(ticket)
accept "$second"
soon [ -e ws/ask/copy ]
is "what was shown and is as it was is copied" "$(cat ws/ask/copy 2> /dev/null)" evil
call filesystem.write '{"path":"/workspace/main/.git/worktrees/w/commondir","content":"../evil","create_parents":true}'
is "a worktree's commondir" $? 1

# Large arguments that a person accepts: the intent names the blob of the ticket, whoever holds it by then.
write() {
	{ printf '{"path":"/workspace/ask/%s","content":"' "$1"; cat large; printf '"}'; } > large.json
	call filesystem.write - < large.json
	is "a large write that a person has to see, $1" $? 1
}
accept_large() { "$R" approvals accept "$1" --large --full --key state/keys/approver.key --socket "$dir/supervisor.sock" > accepted 2>&1; }
write at-once
accept "$(ticket)"
is "what the record does not hold is accepted by name" $? 1
"$R" approvals accept "$(ticket)" --large --key state/keys/approver.key --socket "$dir/supervisor.sock" > accepted 2>&1
is "and what was cut above is not" $? 1
accept_large "$(ticket)"
is "it is accepted" $? 0
soon cmp -s large ws/ask/at-once
is "it is written, at once" "$(cmp -s large ws/ask/at-once && echo same)" same
write restarted
stop
serve
accept_large "$(ticket)"
soon cmp -s large ws/ask/restarted
is "it is written, after a restart" "$(cmp -s large ws/ask/restarted && echo same)" same
# An answer of more than is kept waiting for a client: what it asks next on that connection is answered too.
cp large small
head -c 300000 /dev/zero | tr '\0' y > large
done=0
for i in 1 2 3 4 5 6; do
	write "long-$i"
	accept_large "$(ticket)" && done=$((done + 1))
done
is "larger ones are accepted, each in one connection" $done 6
mv small large
write renewed
old=$(ticket)
sed -i 's/^name: team$/name: other/' team.yaml
"$C" build team.yaml -I "$top/stdlib-caps" -o out > built 2>&1 || cat built
"$R" reload out/bundle.krux --socket "$dir/supervisor.sock" > reloaded 2>&1
is "another bundle, by a path from here" $? 0
renewed() { "$R" approvals list --socket "$dir/supervisor.sock" --json 2> why | tr '{' '\n' | sed -n 's/.*"ticket":"\([0-9a-f]*\)".*/\1/p' | grep -v "$old" > listed && [ -s listed ]; }
soon renewed
accept_large "$(cat listed)"
soon cmp -s large ws/ask/renewed
is "it is written, under another bundle" "$(cmp -s large ws/ask/renewed && echo same)" same
stop
"$R" audit query --state state --kind stale > stale 2>&1
is "one ticket was stale" "$(grep -c stale stale)" 1
"$R" audit verify --state state > verified 2>&1
is "the log is whole" $? 0
[ "$failed" = 0 ] || sed 's/^/  daemon: /' said
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
