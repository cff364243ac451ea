#!/bin/sh
# As root: programs of two agents of one owner, what they find in its workspace and what they leave there, also where that is root's.
. "$top/tests/extra/outside.inc"
if [ "$(id -u)" != 0 ]; then
	echo "agents_commands.sh: NOT RUN: it takes root" >&2
	echo "0 passed, 0 failed"
	exit 0
fi
chmod 755 "$dir"
op=$dir/s/keys/operator.key w=$dir/w
mkdir "$dir/caps"
cat > "$dir/caps/run.cap" << P
namespace run "A script of the workspace.";
type Refusal = record {
  path : string max 4KiB "What was to be changed.";
  why  : string max 200  "Why it was not.";
};
/// Runs the script that the workspace has.
/// use: to see what it may.
capability script @1.0 {
  input { folder : path = "/workspace" "What it may read."; below : path = "/workspace" "Where it may change files."; }
  output {
    status  : uint                 "How it ended.";
    stdout  : string max 8KiB      "What it said.";
    changed : list<path> max 100   "What it changed.";
    refused : list<Refusal> max 100 "What the workspace did not get.";
    truncated : bool               "There is more.";
  }
  error Missing "Never." recover stop "Give up.";
  effect reads(tree folder), lists(tree folder), creates(tree below prunes), writes(tree below prunes), deletes(tree below prunes);
  labels file-content, runs-workspace-code;
  limits { memory 256MiB; cpu 20s; wall 60s; pids 8; files 64; output 64KiB; }
  handler command "/usr/bin/dash" sha256 "$(sha256sum < /usr/bin/dash | cut -c1-64)" argv [ "/workspace/do.sh" ];
  example "one" { } -> { status: 0, truncated: false };
}
P
printf 'krux: policy/1\nname: p\nlayer: organization\nrules:\n  - { id: run, on: run.script, verdict: autonomous }\ndefault: blocked\n' > "$dir/p.yaml"
"$C" build "$dir/p.yaml" -I "$dir/caps" -o "$dir/b" > "$dir/log" 2>&1 || { bad "build" "$(cat "$dir/log")"; exit 1; }
"$R" init --state "$dir/s" > /dev/null
mkdir "$w"
echo 'echo 1' > "$w/do.sh"
own() { chown -hR "$1:$1" "$w"; }
own 1000
"$R" serve --agent-uids 73000 --allow-missing cgroup.memory,cgroup.pids --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" \
	--supervisor "$dir/supervisor.sock" --dev > "$dir/serve" 2>&1 < /dev/null &
daemon=$!
soon "$R" status --socket "$dir/supervisor.sock" > /dev/null 2>&1 || bad "serves" "$(cat "$dir/serve")"
for a in ann ben; do
	"$R" agents add $a --token --workspace "$w" --operator "$op" --socket "$dir/supervisor.sock" > "$dir/out" 2> "$dir/err" || bad "add $a" "$(cat "$dir/err")"
	(umask 077; grep -o 'krux-token-[0-9a-f]*' "$dir/out" > "$dir/$a.token")
done
call() { "$R" call run.script '{}' --as "$1" --token-file "$dir/$1.token" --socket "$dir/agent.sock"; }
ask() { call "$1" > "$dir/out" 2> "$dir/err"; }
owner() { stat -c %u:%g:%a "$1"; }
script() { cat > "$w/do.sh"; own "$1"; }

# ---- in turn ----

for o in 1000 0 1002; do
	script $o << 'E2'
cd /workspace; echo "$(id -u):$(id -g) $(stat -c %u:%g . do.sh /tmp | uniq) $(cut -d: -f3,4 /etc/passwd)"
mkdir -p d; id -u >> d/both; printf x > "d/by$(id -u)"
E2
	ask ann
	says "of $o, ann's program is ann's uid" "73001:73001 73001:73001 73001:73001"
	ask ben
	says "and ben's is ben's" "73002:73002 73002:73002 73002:73002"
	is "of $o, both have written one file" "$(tail -2 "$w/d/both" | tr '\n' ' ')$(owner "$w/d/both")" "73001 73002 $o:$o:644"
	is "of $o, and each one that is the owner's" "$(owner "$w/d") $(owner "$w/d/by73001") $(owner "$w/d/by73002")" "$o:$o:755 $o:$o:644 $o:$o:644"
done

# ---- others' files ----

script 1000 << 'E2'
cd /workspace; cat read; cat none; (echo x > read) && echo written; rm gone && echo gone; echo y > group && echo group
E2
for f in read none gone group; do echo "$f" > "$w/$f"; done
chown 1234:1234 "$w/read" "$w/none" "$w/gone"
chown 1000:1234 "$w/group"
chmod 600 "$w/none"
ask ann
says "of somebody else's files it has what others have" '"stdout":"read\ngone\ngroup\n"'
is "which stay whose they are" "$(owner "$w/read") $(owner "$w/none")" "1234:1234:644 1234:1234:600"
is "and one may be removed" "$(ls "$w" | grep -c '^gone$')" 0

# ---- a checkout ----

if git --version > /dev/null 2>&1; then
	rm -rf "$w"
	mkdir "$w"
	(cd "$w" && HOME=$dir git init -q . && echo a > a && HOME=$dir git add a && HOME=$dir git -c user.name=n -c user.email=e@x commit -qm first)
	script 1000 << 'E2'
cd /workspace; echo b > b; git status --short; git log --format=%s; echo evil > .git/hooks/post-commit; echo c >> a
E2
	ask ann
	says "git takes the checkout for its user's" '?? b'
	says "and reads its log" 'first'
	is "what protects itself stays" "$(ls "$w/.git/hooks" | grep -cx post-commit)" 0
	is "the rest is the owner's" "$(owner "$w/a") $(owner "$w/b")" "1000:1000:644 1000:1000:644"
fi

# ---- at the same time ----

script 1000 << 'E2'
i=0; while [ $i -lt 6 ]; do sleep 3 & i=$((i + 1)); done; wait; echo all
E2
call ann > "$dir/ann.out" 2>&1 &
ask ben
wait $!
says "one agent's processes are not counted for another" '"stdout":"all\n"'
has "nor the other's for it" "$dir/ann.out" '"stdout":"all\n"'
script 0 << 'E2'
i=0; while [ $i -lt 20 ]; do sleep 2 & i=$((i + 1)); done; wait; echo all
E2
ask ann
is "more than its limit it does not get, in a workspace of root's either" "$(grep -c '"stdout":"all' "$dir/out")" 0
is "nothing of all that is a mount of the machine" "$(grep -c "$dir" /proc/self/mountinfo)" 0
"$R" audit query --state "$dir/s" --kind outcome --format json > "$dir/log" 2> /dev/null
is "the records of all that ran say how" "$(grep -c '"end": *"done"' "$dir/log")" "$(grep '"end": *"done"' "$dir/log" | grep -c '"idmapped-mounts"')"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
