#!/bin/sh
# The main job on real files: policy in, bundle out, calls of all four verdicts, a diff, the log.
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
set -eu
LC_ALL=C TZ=UTC
export LC_ALL TZ
BUILD=${BUILD:-build}
top=$(pwd)
case $BUILD in /*) bin=$BUILD ;; *) bin=$top/$BUILD ;; esac
C=$bin/kruxc R=$bin/kruxrt
caps=$(pwd)/stdlib-caps policies=$(pwd)/stdlib-caps/policies
tmp=$(mktemp -d "${TMPDIR:-/tmp}/krux-demo.XXXXXX")
daemon=
finish() {
	[ -z "$daemon" ] || { kill "$daemon" 2> /dev/null; wait "$daemon" 2> /dev/null; } || true
	rm -rf "$tmp"
}
trap finish EXIT INT TERM
cd "$tmp"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Runs a command that is meant to be refused.
refused() { if "$@"; then echo "demo: that should have been refused" >&2; exit 1; fi; }

say "1. Compile the team-moderate template with the standard capabilities"
"$C" build "$policies/team-moderate.yaml" -I "$caps" -o out
ls -l out | awk 'NR > 1 { printf "   %8d %s\n", $5, $9 }'

say "2. What it says about filesystem.write, read off the decision diagram"
awk '/^filesystem.write@/ { on = 1 } on && /^$/ { exit } on' out/table.txt

say "3. Make a state folder: trust, keys, an empty log; and a workspace with real files"
"$R" init --state state
ws=state/workspaces/builder
mkdir -p $ws/notes
printf 'hello\n' > $ws/notes/hello.txt
printf 'TOKEN=not-for-agents\n' > $ws/.env
call() { "$R" call "$@" --as builder --state state --bundle out/bundle.krux --dev; }

say "4. autonomous: reading a file"
call filesystem.read '{"path":"/workspace/notes/hello.txt"}'
say "5. notify: writing one (supervisors see it)"
call filesystem.write '{"path":"/workspace/notes/new.txt","content":"written by an agent\n"}'
cat $ws/notes/new.txt
say "6. approval-required: deleting one; the agent is told what it waits for"
refused call filesystem.delete '{"path":"/workspace/notes/hello.txt"}'
say "7. blocked: a file of secrets, a place outside, a git hook"
refused call filesystem.read '{"path":"/workspace/.env"}'
refused call filesystem.read '{"path":"/etc/passwd"}'
refused call filesystem.write '{"path":"/workspace/.git/hooks/pre-commit","content":"#!/bin/sh\n"}'

say "8. Why, and what would change it"
refused "$C" eval "$policies/team-moderate.yaml" -I "$caps" --agent builder filesystem.read \
	'{"path":"/workspace/.env"}' --explain

say "9. A one-line change of the policy, and exactly what it changes"
sed 's/size(content) > 1MiB/size(content) > 2MiB/' "$policies/team-moderate.yaml" > changed.yaml
diff "$policies/team-moderate.yaml" changed.yaml || true
refused "$C" diff "$policies/team-moderate.yaml" changed.yaml -I "$caps"

say "10. The daemon: separate processes for gate, recorder and spawner; an agent with a token"
"$R" serve $waive --state state --bundle out/bundle.krux --dev --socket "$tmp/agent.sock" --supervisor "$tmp/supervisor.sock" &
daemon=$!
export KRUX_SOCKET="$tmp/supervisor.sock"
n=0
until "$R" status > /dev/null 2>&1; do
	n=$((n + 1))
	[ $n -le 600 ] || { echo "demo: the daemon does not answer" >&2; exit 1; }
	sleep 0.1
done
"$R" agents add builder --token --workspace "$tmp/$ws" --bundle out/bundle.krux --operator state/keys/operator.key > added
sed '/^krux-token-/d; /^its token/d' added
(umask 077 && grep '^krux-token-' added > token)
asks() { "$R" call "$@" --as builder --token-file token --socket "$tmp/agent.sock" --json; }
asks filesystem.list '{"path":"/workspace/notes"}'

say "11. The agent asks to delete a file; a person looks at exactly that call, and accepts it"
refused asks filesystem.delete '{"path":"/workspace/notes/hello.txt"}' > ticket.json
ticket=$(sed 's/.*"ticket":"\([0-9a-f]*\)".*/\1/' ticket.json)
"$R" approvals list
"$R" approvals accept "$ticket" --key state/keys/approver.key --reason "seen in the demo"
n=0
while [ -e "$ws/notes/hello.txt" ] && [ $n -lt 600 ]; do
	n=$((n + 1))
	sleep 0.1
done
ls "$ws/notes"

say "12. Freeze everything, then thaw it with the operator's signature"
"$R" freeze --reason "the demo looks around"
refused asks filesystem.read '{"path":"/workspace/notes/new.txt"}'
"$R" thaw --operator state/keys/operator.key --reason "it has looked"
kill "$daemon"
wait "$daemon"
daemon=

say "13. The log: every call, allowed or not, is in the chain"
"$R" audit tail --state state -n 48
"$R" audit verify --state state
