#!/bin/sh
# As root: whose is what agents make, of what uid who makes it, where what they delete goes, and two of them in one workspace.
# The uids are this test's own: who is left is looked for on all of the machine.
. "$top/tests/extra/outside.inc"
if [ "$(id -u)" != 0 ]; then
	echo "agents_files.sh: NOT RUN: it takes root" >&2
	echo "0 passed, 0 failed"
	exit 0
fi
chmod 755 "$dir"
op=$dir/s/keys/operator.key

cat > "$dir/p.yaml" <<'P'
krux: policy/1
name: p
layer: organization
rules:
  - { id: files, on: [ filesystem.list, filesystem.read, filesystem.write, filesystem.move, filesystem.delete, filesystem.restore, filesystem.watch ], verdict: autonomous }
default: blocked
P
"$C" build "$dir/p.yaml" -I "$top/stdlib-caps" -o "$dir/b" > "$dir/log" 2>&1 || bad "build" "$(cat "$dir/log")"
"$R" init --state "$dir/s" > /dev/null
mkdir "$dir/w"
echo old > "$dir/w/old"
echo other > "$dir/w/others"
chown -R 1000:1001 "$dir/w"
chown 1234:1234 "$dir/w/others"
chmod 755 "$dir/w"
"$R" serve --agent-uids 72000 --bundle "$dir/b/bundle.krux" --state "$dir/s" --socket "$dir/agent.sock" --supervisor "$dir/supervisor.sock" --dev > "$dir/serve" 2>&1 < /dev/null &
daemon=$!
soon "$R" status --socket "$dir/supervisor.sock" > /dev/null 2>&1 || bad "serves" "$(cat "$dir/serve")"
add() { # name, workspace
	"$R" agents add "$1" --token --workspace "$2" --operator "$op" --socket "$dir/supervisor.sock" > "$dir/out" 2> "$dir/err" || bad "add $1" "$(cat "$dir/err")"
	(umask 077; grep -o 'krux-token-[0-9a-f]*' "$dir/out" > "$dir/$1.token")
}
ask() { who=$1 && shift && "$R" call "$@" --as "$who" --token-file "$dir/$who.token" --socket "$dir/agent.sock" > "$dir/out" 2> "$dir/err"; }
owner() { stat -c %u:%g:%a "$1"; }
value() { sed -n "s/.*\"$1\": *\"\\([^\"]*\\)\".*/\\1/p" "$dir/out"; }

add ann "$dir/w"
add ben "$dir/w"
ask ann filesystem.write '{"path":"/workspace/d/new","content":"ann\n","create_parents":true}'
is "an agent makes a file" $? 0
is "which is the owner's" "$(owner "$dir/w/d/new")" 1000:1001:644
is "as is its folder" "$(owner "$dir/w/d")" 1000:1001:755
ask ben filesystem.write '{"path":"/workspace/d/new","content":"ben\n"}'
is "another agent of that workspace writes it" "$?$(cat "$dir/w/d/new")" 0ben
is "it stays the owner's" "$(owner "$dir/w/d/new")" 1000:1001:644
ask ann filesystem.read '{"path":"/workspace/others"}'
is "what others may read an agent may" $? 0
# In a folder of one's own one may rename and remove what is another's, as ever.
ask ben filesystem.delete '{"path":"/workspace/others"}'
is "what is somebody else's goes to the trash too" $? 0
id=$(value trash_id)
is "of the workspace" "$(owner "$dir/w/.krux/trash/$id/item")" 1234:1234:644
is "and not of the state" "$(find "$dir/s/trash" -mindepth 1)" ""
ask ann filesystem.restore "{\"trash_id\":\"$id\",\"path\":\"/workspace/others\"}"
is "and comes back from there" "$?$(owner "$dir/w/others")" 01234:1234:644

chown -R 1002:1002 "$dir/w"
ask ann filesystem.write '{"path":"/workspace/d/later","content":"x"}'
is "given another owner it is still its agents'" "$?$(owner "$dir/w/d/later")" 01002:1002:644
ask ann filesystem.write '{"path":"/workspace/old","content":"x"}'
is "who may what that owner may" "$?$(owner "$dir/w/old")" 01002:1002:644
mv "$dir/w" "$dir/was"
mkdir "$dir/w"
chown 1000:1000 "$dir/w"
ask ann filesystem.list '{"path":"/workspace"}'
is "another folder in its place is the workspace" "$?$(grep -c later "$dir/out")" 00
ask ann filesystem.write '{"path":"/workspace/new","content":"x"}'
is "and its owner's are the files" "$(owner "$dir/w/new")" 1000:1000:644
chown 72001:72001 "$dir/w/new"
ask ann filesystem.delete '{"path":"/workspace/new"}'
is "a file with the agent's own uid on the disk is nobody's" "$? $(owner "$dir/w/new")" "1 72001:72001:644"
says "and the agent is told so" "which nothing there is to have"
rm -rf "$dir/w"
ask ann filesystem.list '{"path":"/workspace"}'
is "without a folder there is no call" $? 3
mv "$dir/was" "$dir/w"
ask ann filesystem.list '{"path":"/workspace"}'
is "back in its place it is the workspace again" $? 0
chown 1003:1003 "$dir/w"
ask ann filesystem.write '{"path":"/workspace/more","content":"x"}'
is "given another owner without what is in it nothing is changed" $? 1
says "and what is in the way is named" '/workspace/.krux: '
chown 1002:1002 "$dir/w"

"$R" audit query --state "$dir/s" --kind outcome --format json > "$dir/log" 2> /dev/null
is "the records of all that ran say how" "$(grep -c '"end":"done"\|"end": *"done"' "$dir/log")" "$(grep '"end": *"done"' "$dir/log" | grep -c '"idmapped-mounts"')"

# It goes on while the uid of who runs it is looked at.
ask ann filesystem.watch '{"path":"/workspace","timeout":"5s"}' &
soon sh -c "ps -eo uid=,comm= | grep -q '^ *72001 krux-call'"
is "it runs as its uid" $? 0
kill -9 "$daemon"
wait "$daemon" 2> /dev/null
daemon=
wait
soon sh -c "! ps -eo uid=,comm= | grep -q '^ *7200[0-9] krux-call'"
is "killed, the daemon leaves nobody" $? 0
is "and no mount" "$(grep -c "$dir" /proc/self/mountinfo)" 0
echo "$passed passed, $failed failed"
[ $failed = 0 ]
