#!/bin/sh
# Through the daemon: arguments and answers that are too large for a record, and what approvers were shown.
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
set -u
top=$(pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/krux-files.XXXXXX")
daemon=
finish() {
	[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon"; } 2> /dev/null
	rm -rf "$work"
}
trap finish EXIT INT TERM
passed=0 failed=0
ok() {
	if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: $2, not $3"; fi
}
cd "$work" || exit 3
cat > team.yaml <<'END'
krux: policy/1
name: team
layer: organization
rules:
  - id: into-ask
    on: filesystem.copy
    when: destination under "/workspace/ask"
    verdict: approval-required
  - id: rest
    on: [ filesystem.read, filesystem.write, filesystem.copy ]
    when: any(reads, it under "/workspace") or any(writes, it under "/workspace")
    verdict: autonomous
default: blocked
END
"$build/kruxc" build team.yaml -I "$top/stdlib-caps" -o out > said 2>&1 || cat said
"$build/kruxrt" init --state state > /dev/null
mkdir ws ws/ask
[ "$(id -u)" != 0 ] || chown -R 65533:65533 ws
"$build/kruxrt" serve $waive --bundle out/bundle.krux --state state --dev --socket "$work/a" --supervisor "$work/s" 2> said &
daemon=$!
n=0
until "$build/kruxrt" status --socket "$work/s" > /dev/null 2>&1 || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done
"$build/kruxrt" agents add builder --token --workspace "$work/ws" --operator state/keys/operator.key --socket "$work/s" |
	grep '^krux-token-' > token
chmod 600 token
call() { "$build/kruxrt" call "$@" --as builder --token-file token --socket "$work/a" --json > answer 2> why; }

head -c 60000 /dev/zero | tr '\0' x > large
{ printf '{"path":"/workspace/large","content":"'; cat large; printf '"}'; } > large.json
call filesystem.write - < large.json
ok "a call with 60,000 bytes" $? 0
ok "they are in the file" "$(cmp -s large ws/large && echo same)" same
call filesystem.read '{"path":"/workspace/large"}'
ok "an answer with 60,000 bytes" $? 0
ok "blobs hold both" "$(ls state/blobs | wc -l)" 2

printf good > source && call filesystem.write '{"path":"/workspace/source","content":"good"}'
ask() { call filesystem.copy '{"source":"/workspace/source","destination":"/workspace/ask/copy"}'; }
ticket() { sed 's/.*"ticket":"\([0-9a-f]*\)".*/\1/' answer; }
accept() { "$build/kruxrt" approvals accept "$1" --key state/keys/approver.key --socket "$work/s" > accepted 2>&1; }
ask
ok "a copy that a person has to see" $? 1
first=$(ticket)
"$build/kruxrt" approvals show "$first" --socket "$work/s" > shown
ok "the file is shown" "$(grep -c '/workspace/source' shown | sed 's/^[2-9]$/more/')" more
call filesystem.write '{"path":"/workspace/source","content":"evil"}'
accept "$first"
n=0
until "$build/kruxrt" audit query --state state --kind stale > stale 2>&1 || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done
ok "what was shown has changed: nothing is copied" "$(ls ws/ask | wc -l)" 0
ask
second=$(ticket)
accept "$second"
n=0
until [ -e ws/ask/copy ] || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done
ok "what was shown and is as it was is copied" "$(cat ws/ask/copy 2> /dev/null)" evil
call filesystem.write '{"path":"/workspace/main/.git/worktrees/w/commondir","content":"../evil","create_parents":true}'
ok "a worktree's commondir" $? 1

kill "$daemon"
wait "$daemon"
ok "the daemon ends in order" $? 0
daemon=
"$build/kruxrt" audit query --state state --kind stale > stale 2>&1
ok "one ticket was stale" "$(grep -c stale stale)" 1
"$build/kruxrt" audit verify --state state > verified 2>&1
ok "the log is whole" $? 0
[ "$failed" = 0 ] || sed 's/^/  daemon: /' said
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
