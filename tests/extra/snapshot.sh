#!/bin/sh
# What a person agreed to run is what runs: the ticket of a call that runs the workspace's code binds names, modes and
# contents of what it will see, the call runs from a copy of just that, and of another tree it is stale.
. "$top/tests/extra/outside.inc"
cd "$dir" || exit 3
# An ordinary user has no control groups, unless they were delegated, and root's may lack controllers.
waive="--allow-missing $([ "$(id -u)" = 0 ] && echo cgroup.memory,cgroup.pids || echo cgroup)"
"$R" doctor | sed -n 's/^  \(cgroup[a-z.]*\) *\(limits\|waivable\) *no: .*/NOT TRIED: \1, which is not here: its limit held for none of these calls/p'
chmod 755 "$dir"
mkdir caps
cp -r "$top/stdlib-caps/filesystem" caps
for n in c python; do sh "$top/examples/commands/pin.sh" "$top/examples/commands/$n.cap.in" > caps/$n.cap; done
cat > p.yaml <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - id: workspace-code
    on: "*"
    label: runs-workspace-code
    verdict: approval-required
    approval: { ttl: 1h, from: [ approver ] }
  - id: files
    on: [ filesystem.write, filesystem.delete ]
    when: path under "/workspace"
    verdict: autonomous
default: blocked
X
exits "build" 0 "$C" build p.yaml -I caps -o b
"$R" init --state s > log
op=$dir/s/keys/operator.key key=$dir/s/keys/approver.key
KRUX_SOCKET=$dir/agent.sock
export KRUX_SOCKET
exits "an agent" 0 "$R" agents add one --token --state s --operator "$op" --bundle b/bundle.krux
tail -1 out > token
chmod 600 token
w=$dir/s/workspaces/one
mkdir -p "$w/src" "$w/py"
printf 'all: hello\n%%: src/%%.c\n\tcc -o $@ $<\ntest:\n\tsh src/run.sh\nclean:\n\tls -lR > seen\n' > "$w/Makefile"
printf 'int main(void) { return 0; }\n' > "$w/src/hello.c"
printf 'echo first\n' > "$w/src/run.sh"
ln -s src/run.sh "$w/link"
own() { [ "$(id -u)" != 0 ] || chown -hR 60872:60872 "$w"; }
own
"$R" serve $waive --bundle b/bundle.krux --state s --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev > serve 2>&1 &
daemon=$!
soon "$R" status > log 2>&1
KRUX_SUPERVISOR=$dir/supervisor.sock
export KRUX_SUPERVISOR
call() { "$R" call "$@" --as one --token-file "$dir/token"; }
tickets() { "$R" approvals list | sed -n "2,\$p"; }
first() { tickets | sed -n 1p | cut -c1-16; }
ask() { exits "$1" 1 call "$2" "$3"; t=$(first); }
ended() { "$R" audit tail --state s -n 0 | awk '{ print $3 }' | grep -c "^$1\$"; }
runs() { grep -qs '0\.3171' /proc/[0-9]*/cmdline; }
waits() { [ -n "$(tickets)" ]; }
took() { [ "$(ended "$1")" -ge "$2" ]; }

ask "a build is asked for" c.make '{}'
exits "it is shown" 0 "$R" approvals show "$t" --bundle b/bundle.krux
says "how many files of how many bytes, and what they are" ' entries of '
says "as a tree" '/workspace/, '
exits "and as JSON" 0 "$R" approvals show "$t" --json
says "too" '"bytes":'
exits "agreed" 0 "$R" approvals accept "$t" --key "$key"
soon took outcome 1
exits "the program is there" 0 "$w/hello"
exits "asked for again it runs once more only when agreed to" 1 call c.make '{}'
"$R" approvals reject "$(first)" --key "$key" > log

# ---- what has changed ----

ask "a test is asked for" c.make '{"target":"test"}'
printf 'echo later\n' > "$w/src/run.sh"
own
exits "it is agreed to" 0 "$R" approvals accept "$t" --key "$key"
soon took stale 1
is "a script has changed: stale" "$(ended stale)" 1
"$R" audit query --state s --kind stale --format json > both
has "and recorded so" both 'a file that was shown, or a tree, has changed'
for change in 'chmod 700 src/run.sh' 'mv src/run.sh src/walk.sh' 'ln -sf src/hello.c link' 'touch src/new' 'mkdir src/empty'; do
	stale=$(ended stale)
	ask "asked for, then: $change" c.make '{"target":"test"}'
	(cd "$w" && $change)
	own
	exits "agreed to" 0 "$R" approvals accept "$t" --key "$key"
	if soon took stale $((stale + 1)); then good "stale"; else bad "stale" "$("$R" audit tail --state s -n 3)"; fi
done
# Times are no part of it, nor is what Krux keeps in the workspace, nor what an agent may read of it.
ask "asked for with all as it is" c.make '{"target":"clean"}'
(cd "$w" && touch src/hello.c)
exits "another call changes something and takes it back" 0 call filesystem.write '{"path":"/workspace/x","content":"x"}'
exits "which leaves something in the trash" 0 call filesystem.delete '{"path":"/workspace/x"}'
outcomes=$(ended outcome)
exits "agreed to, the same tree" 0 "$R" approvals accept "$t" --key "$key"
soon took outcome $((outcomes + 1))
has "it saw all there is" "$w/seen" 'walk.sh'
has "with its modes" "$w/seen" '-rwx------'
has "and links" "$w/seen" 'link -> src/hello.c'

# ---- while it runs ----

# It waits for what comes to the workspace from outside, and sees none of it; what it does is put there all the same.
cat > "$w/Makefile" <<'X'
all:
	echo begun > begun
	for i in 1 2 3 4 5 6 7 8 9 10; do cat src/hello.c late >> seen2 2> /dev/null; sleep 0.3171; done
	rm src/walk.sh
X
own
ask "one that runs for a while" c.make '{"folder":"/workspace","output":"/workspace"}'
outcomes=$(ended outcome)
exits "is agreed to" 0 "$R" approvals accept "$t" --key "$key"
if soon runs; then good "and begins"; else bad "and begins" "$(cat serve)"; fi
echo 'int main(void) { return 1; }' > "$w/src/other.c"
mv "$w/src/other.c" "$w/src/hello.c"
echo 'late' > "$w/late"
soon took outcome $((outcomes + 1))
is "it saw what was agreed to, ten times" "$(grep -c 'return 0' "$w/seen2")" 10
is "and nothing else" "$(grep -c 'late\|return 1' "$w/seen2")" 0
is "what it did not see is left alone" "$(cat "$w/late")" late
is "what it deleted is gone" "$(ls "$w/src" | tr '\n' ' ')" "empty hello.c new "
# Of the workspace it has only what the call names; what lies beside is no deletion.
mkdir "$w/apart"
printf 'all:\n\tcat ../Makefile > list 2>&1 || true\n' > "$w/apart/Makefile"
own
call c.make '{"folder":"/workspace/apart","output":"/workspace/apart"}' --wait > waited 2>&1 &
waiter=$!
soon waits
exits "one that somebody waits for" 0 "$R" approvals accept "$(first)" --key "$key"
wait $waiter && good "is done" || bad "is done" "$(cat waited)"
has "nothing that it had not seen is refused" waited '"refused":[]'
has "what it changed is named" waited '"changed":["/workspace/apart/list"]'
has "it saw that folder alone" "$w/apart/list" 'No such file or directory'
rm -rf "$w/apart"

# ---- what is not there, and what is too much ----

rm -rf "$w/py"
ask "a folder that is not there" python.unittest '{"folder":"/workspace/py","output":"/workspace/none"}'
mkdir "$w/py"
printf 'open("/workspace/none/evil", "w")\n' > "$w/py/test_evil.py"
own
stale=$(ended stale)
exits "agreed to" 0 "$R" approvals accept "$t" --key "$key"
soon took stale $((stale + 1))
is "it has come since: stale" "$(ended stale)" $((stale + 1))
mkfifo "$w/pipe"
exits "a pipe" 3 call c.make '{}'
says "is told" 'what it would run has a device, a pipe or a socket among it'
rm "$w/pipe"
truncate -s 300M "$w/big"
exits "too many bytes" 3 call c.make '{}'
says "are told" 'what it would run has more than 256 MiB'
rm "$w/big"
mkdir "$w/many"
(cd "$w/many" && seq 66000 | xargs touch)
exits "too many files" 3 call c.make '{}'
says "are told too" 'what it would run has more than 65536 files and folders'
rm -rf "$w/many"

kill "$daemon"
wait "$daemon"
daemon=
exits "the log holds" 0 "$R" audit verify --state s
echo "$passed passed, $failed failed"
[ $failed = 0 ]
