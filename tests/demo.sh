#!/bin/sh
# The main job on real files: policy in, bundle out, calls of all four verdicts, a diff, the log.
set -eu
LC_ALL=C TZ=UTC
export LC_ALL TZ
BUILD=${BUILD:-build}
top=$(pwd)
case $BUILD in /*) bin=$BUILD ;; *) bin=$top/$BUILD ;; esac
C=$bin/kruxc R=$bin/kruxrt
caps=$(pwd)/stdlib-caps policies=$(pwd)/stdlib-caps/policies
tmp=$(mktemp -d "${TMPDIR:-/tmp}/krux-demo.XXXXXX")
trap 'rm -rf "$tmp"' EXIT INT TERM
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

say "10. The log: every call, allowed or not, is in the chain"
"$R" audit tail --state state -n 20
"$R" audit verify --state state
