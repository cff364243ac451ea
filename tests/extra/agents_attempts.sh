#!/bin/sh
# What a uid for each agent holds, tried as root from inside of calls and looked at from outside: whose is what agents make; what
# one agent's calls can do to another's, to the owner's processes and to what the kernel counts for them; other people's files; and
# that mounts of workspaces are to be seen nowhere and left by nobody. tests/live says which layer holds what; here all are on.
# The uids are this test's own: what it uses up is counted for all of the machine, and so is who is left.
. "$top/tests/extra/outside.inc"
if [ "$(id -u)" != 0 ]; then
	echo "agents_attempts.sh: NOT RUN: it takes root" >&2
	echo "0 passed, 0 failed"
	exit 0
fi
# Mounts of the test's own, which nobody else's change.
if [ "${1:-}" != inside ]; then
	rm -rf "$dir"
	exec unshare --mount --propagation private sh "$0" inside
fi
others=''
end() {
	for p in $others $daemon; do kill -9 "$p" 2> /dev/null; done
	wait 2> /dev/null
	cd / || exit 3
	umount "$dir/ann/mounted" 2> /dev/null
	rm -rf "$dir"
}
chmod 755 "$dir"
cd "$dir" || exit 3
tool=${KRUXRT%/*}/live/program
[ -x "$tool" ] || { bad "there is the program of the attempts" "$tool"; echo "$passed passed, $failed failed"; exit 1; }
cp "$tool" tool
waive="--allow-missing cgroup.memory,cgroup.pids"

# ---- agents: ann and ben for folders of uid 1000, root for one of root's, high for one of a uid above theirs ----
mkdir caps
cp -r "$top/stdlib-caps/filesystem" caps
{
	echo 'namespace live "What a command tries.";'
	for name in try waits; do
		cat <<X
/// Tries something.
/// use: to see what comes of it.
capability $name @1.0 {
  input { what : string max 100 "What."; with : string max 300 = "" "More about it."; folder : path = "/workspace" "What it reads."; output : path = "/workspace" "Where it may change files."; }
  output { status : uint "What stopped it."; refused : list<record { path : string max 4KiB; why : string max 200; }> max 50 "Of what it changed."; }
  error Failed "It could not be run." recover stop "Give up.";
  effect reads(tree folder), lists(tree folder), creates(tree output prunes), writes(tree output prunes), deletes(tree output prunes);
  labels file-content, runs-workspace-code;
  limits { memory 256MiB; cpu 30s; wall 60s; pids 16; files 64; output 16KiB; }
  handler command "$dir/tool" sha256 "$(sha256sum < tool | cut -c1-64)" argv [ "=" + what, "=" + with ];
  example "one" { what: "end" } -> { status: 0 };
}
X
	done
} > caps/live.cap
cat > p.yaml <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - { id: all, on: [ live.try, live.waits, filesystem.list, filesystem.read, filesystem.write, filesystem.stat, filesystem.move, filesystem.delete, filesystem.watch ], verdict: autonomous }
default: blocked
X
exits "build" 0 "$C" build p.yaml -I caps -o b
[ $failed = 0 ] || { echo "$passed passed, $failed failed"; exit 1; }
"$R" init --state s > log
for w in ann ben; do mkdir $w && chown 1000:1001 $w; done
mkdir root high
chown 4000000000:3000000000 high
echo secret > beside
KRUX_SOCKET=$dir/agent.sock KRUX_SUPERVISOR=$dir/supervisor.sock
export KRUX_SOCKET KRUX_SUPERVISOR
for a in ann ben root high; do
	exits "agent $a" 0 "$R" agents add $a --token --state s --operator s/keys/operator.key --workspace "$dir/$a" --bundle "$dir/b/bundle.krux"
	(umask 077; grep -o 'krux-token-[0-9a-f]*' out > $a.token)
done
mounts() { cut -d' ' -f5- /proc/self/mountinfo | grep -v ' - mqueue ' | sort; }
mounts > before
serve() {
	# shellcheck disable=SC2086
	"$R" serve $waive --agent-uids 71000 --bundle b/bundle.krux --state s --socket "$KRUX_SOCKET" --supervisor "$KRUX_SUPERVISOR" --dev > serve 2>&1 < /dev/null &
	daemon=$!
	soon "$R" status > log 2>&1
}
serve || bad "it serves" "$(cat serve)"

call() { agent=$1 && shift && timeout 100 "$R" call "$@" --as "$agent" --token-file "$dir/$agent.token" --json; }
# tries AGENT WHAT [WITH]: $status is what stopped it, 0 where it got through.
tries() {
	status=$(call "$1" live.try "{\"what\":\"$2\",\"with\":\"${3:-}\"}" 2>&1)
	case $status in
	*'"status":'*) status=$(echo "$status" | sed 's/.*"status":\([0-9]*\).*/\1/') ;;
	*) status=$(echo "$status" | tr '\n' ' ' | cut -c1-300) ;;
	esac
}
# gets NAME AGENT WHAT WITH STATUS
gets() { tries "$2" "$3" "$4"; is "$1" "$status" "$5"; }
# stopped NAME AGENT WHAT WITH: by whatever. No answer of the program says nothing.
stopped() {
	tries "$2" "$3" "$4"
	case $status in 0) bad "$1" "it gets through" ;; *[!0-9]*|'') bad "$1" "$status" ;; *) good "$1 ($status)" ;; esac
}
asks() { call "$@" > out 2> err; }
owner() { stat -c %u:%g:%a "$1" 2>&1; }
EACCES=13

# ---- who runs ----
for a in "ann 71001" "ben 71002" "root 71003" "high 71004"; do
	gets "${a% *}'s command is uid ${a#* }" "${a% *}" is-uid "${a#* }" 0
done

# ---- whose is what they make ----
for a in "ann 1000:1001" "root 0:0" "high 4000000000:3000000000"; do
	n=${a% *} o=${a#* }
	asks "$n" filesystem.write '{"path":"/workspace/d/built","content":"x","create_parents":true}'
	is "$n: a builtin's file" "$(owner "$n/d/built")" "$o:644"
	is "$n: and its folder" "$(owner "$n/d")" "$o:755"
	gets "$n: a command makes" "$n" makes "" 0
	is "$n: a program" "$(owner "$n/made-755")" "$o:755"
	is "$n: a folder" "$(owner "$n/made-700")" "$o:700"
	is "$n: a file that is the owner's alone" "$(owner "$n/made-700/600")" "$o:600"
	tries "$n" without-name
	! [ -e "$n/made-named" ] || is "$n: a file that had no name" "$(owner "$n/made-named")" "$o:644"
	tries "$n" become-setuid
	! [ -e "$n/made-suid" ] || is "$n: it can be no set-user-ID program" "$(owner "$n/made-suid")" "$o:755"
	tries "$n" give "/workspace/made-755 0"
	tries "$n" give "/workspace/made-755 1234"
	is "$n: what is made is given to nobody" "$(owner "$n/made-755")" "$o:755"
	asks "$n" filesystem.delete '{"path":"/workspace/d/built"}'
	is "$n: what is put away" "$(find "$n/.krux" -type f -name item -exec stat -c %u:%g:%a {} +)" "$o:644"
done
nobodys() { find "$dir" /tmp /var/tmp /dev/shm \( -uid +69999 -uid -78192 -o -gid +69999 -gid -78192 \) 2> /dev/null | head -3; }
is "no file has an agent's uid or gid" "$(nobodys)" ""

# ---- other people's files ----
put() { rm -f "ann/$1" && echo secret > "ann/$1" && chown "$2" "ann/$1" && chmod "$3" "ann/$1"; }
put third-644 1234:1234 644
put third-600 1234:1234 600
put third-666 1234:1234 666
put roots-600 0:0 600
put owners-600 1000:1001 600
put agents-600 71001:71001 600
put bens-600 71002:71002 600
cp tool ann/suid && chmod 6755 ann/suid
mknod ann/null c 1 3 && chmod 666 ann/null
for a in builtin command; do
	reads() {
		if [ $a = command ]; then tries ann read "/workspace/$1"; [ "$status" = 0 ]; else
			asks ann filesystem.read "{\"path\":\"/workspace/$1\"}" && grep -q secret out; fi
	}
	writes() {
		if [ $a = command ]; then tries ann write "/workspace/$1"; else asks ann filesystem.write "{\"path\":\"/workspace/$1\",\"content\":\"changed\"}"; fi
		! grep -q '^secret' "ann/$1"
	}
	for f in owners-600 third-644 third-666; do if reads $f; then good "$a reads $f"; else bad "$a reads $f" "$status $(cat err)"; fi; done
	for f in third-600 roots-600 agents-600 bens-600; do if reads $f; then bad "$a does not read $f" "it does"; else good "$a does not read $f"; fi; done
	# In place: by a new file under the name it may be the owner's, whose folder it is.
	for f in third-644 third-600 roots-600 agents-600 bens-600; do
		was=$(owner "ann/$f")
		if writes $f && [ "$(owner "ann/$f")" = "$was" ]; then bad "$a does not write $f" "$(owner "ann/$f")"; else good "$a does not write into $f"; fi
		case $f in third*) put $f 1234:1234 ${f#*-} ;; roots*) put $f 0:0 600 ;; agents*) put $f 71001:71001 600 ;; bens*) put $f 71002:71002 600 ;; esac
	done
done
gets "what others may read, a command may not write" ann write /workspace/third-644 $EACCES
gets "what is somebody's alone it may not read" ann read /workspace/third-600 $EACCES
gets "nor what is root's alone" ann read /workspace/roots-600 $EACCES
gets "nor what has its own uid on the disk" ann read /workspace/agents-600 $EACCES
stopped "a set-user-ID program makes nobody root" ann execute-as-root /workspace/suid
chown 1234:1234 ann/suid && chmod 6755 ann/suid
stopped "a device node is none" ann read /workspace/null
asks ann filesystem.read '{"path":"/workspace/null"}'
is "for a builtin too" $? 1
tries ann link /workspace/third-600
is "a hard link of somebody else's file" "$(stat -c %h ann/third-600) $(owner ann/made-link)" "1 $(owner ann/none | sed s/none/made-link/)"
tries ann link /workspace/roots-600
is "or of root's" "$(stat -c %h ann/roots-600)" 1
tries ann move /workspace/third-600
# Where the new name is refused the old one is in the trash.
is "what is moved stays whose it was" "$(find ann -type f -uid 1234 -perm 600 -size 7c | wc -l)" 1
asks ann filesystem.move '{"from":"/workspace/agents-600","to":"/workspace/agents-moved"}'
is "a file of the agent's own uid is not moved" "$(owner ann/agents-600)" 71001:71001:600
ln -s ../beside ann/out
ln "$dir/beside" ann/hard && chown 0:0 beside && chmod 600 beside
for f in out hard; do
	asks ann filesystem.read "{\"path\":\"/workspace/$f\"}"
	is "what is outside is not read by $f" "$?$(grep -c secret out)" 10
	stopped "nor by a command" ann read "/workspace/$f"
done
mkdir ann/mounted && echo below > ann/mounted/covered && chown -R 1000:1001 ann/mounted
mount -t tmpfs -o mode=777 none ann/mounted
echo secret > ann/mounted/on && chmod 666 ann/mounted/on
for f in on covered; do
	asks ann filesystem.read "{\"path\":\"/workspace/mounted/$f\"}"
	is "what is mounted in the workspace, and what that covers: $f" $? 1
done
asks ann filesystem.write '{"path":"/workspace/mounted/new","content":"x"}'
is "nothing is written there" "$?$(ls ann/mounted)" 1on
tries ann read /workspace/mounted/on
is "a command does not see it either" "$([ "$status" = 0 ] || echo no)" no
umount ann/mounted
rm -f ann/agents-600 ann/bens-600 ann/agents-moved

# ---- out by the mount ----
for a in ann root; do
	stopped "$a: .. of the workspace" $a above beside
	stopped "$a: .. of it to the host" $a above etc/passwd-
	stopped "$a: a handle of a file" $a by-handle ""
	stopped "$a: list mounts" $a mounts-listed ""
	stopped "$a: tell of one" $a mount-told ""
	stopped "$a: a copy of one" $a tree-opened ""
done

# ---- others' processes ----
setpriv --reuid 1000 --regid 1001 --clear-groups sleep 600 &
victim=$!
others=$victim
tries_pid() { # the child of ben's call that runs the program
	held=$(ps -eo pid=,uid=,args= | awk '$2 == 71002 && /hold/ { print $1; exit }')
	[ -n "$held" ]
}
call ben live.waits '{"what":"hold","with":"45"}' > ben.out 2>&1 &
waits=$!
if soon tries_pid; then good "ben's program has ben's uid"; else bad "ben's program has ben's uid" "$(ps -eo pid,uid,args | grep hold)"; fi
limits=$(cat "/proc/$held/limits") affinity=$(grep Cpus_allowed "/proc/$held/status")
for p in "$victim" "$held"; do
	for what in hit trace memory priority limit affinity; do stopped "$what $([ "$p" = "$held" ] && echo "of another agent's process" || echo "of the owner's process")" ann $what "$p"; done
	is "its priority is what it was" "$(ps -o ni= -p "$p" | tr -d ' ')" 0
done
tries ann hit-all
for u in 1000 71002; do stopped "priority of uid $u" ann priority-of-user $u; done
is "the owner's process lives" "$(kill -0 $victim && grep -c TracerPid:.0$ /proc/$victim/status)" 1
is "ben's is as it was" "$(cat "/proc/$held/limits")$(grep Cpus_allowed "/proc/$held/status")$(ps -o ni= -p "$held" | tr -d ' ')" "$limits${affinity}0"
kill "$waits"
wait "$waits" 2> /dev/null

# ---- what is counted: one takes all that there is, and others have theirs ----
none_left() { tries ann "$1" && [ "$status" = "$2" ]; }
counts() { # NAME WHAT: while ann has it all
	call ann live.waits "{\"what\":\"$2\",\"with\":\"40\"}" > ann.out 2>&1 &
	waits=$!
	soon sh -c "[ \$(ps -eo uid=,args= | grep -c '^ *71001 .*$2') -ge 8 ]" || bad "$1: ann has many" "$(cat ann.out; ps -eo uid,args | grep 7100)"
}
for what in all-processes all-watches all-timers; do
	counts $what $what
	# So much that another call of ann's has none.
	case $what in
	all-watches) soon none_left has-watch 24; is "$what: ann has no more" "$status" 24 ;;
	all-timers) soon none_left has-timer 11; is "$what: ann has no more" "$status" 11 ;;
	esac
	gets "$what: ben's command" ben is-uid 71002 0
	gets "$what: ben has watches" ben has-watch "" 0
	gets "$what: ben has timers" ben has-timer "" 0
	asks ben filesystem.watch '{"path":"/workspace","timeout":"1s"}'
	is "$what: ben's builtin watches" $? 0
	is "$what: so has root" "$(./tool has-watch && ./tool has-timer; echo $?)" 0
	is "$what: and the owner" "$(setpriv --reuid 1000 --regid 1001 --clear-groups sh -c './tool has-watch && ./tool has-timer; echo $?')" 0
	kill -0 $waits 2> /dev/null
	is "$what: ann had them all the time" $? 0
	kill $waits
	wait $waits 2> /dev/null
	soon sh -c "! ps -eo uid=,args= | grep -q '^ *71001 .*$what'" || bad "$what: it ends" "$(ps -eo uid,args | grep '^ *71001')"
done

# ---- the workspace between two calls ----
mv ann was && mkdir ann && chown 1002:1002 ann && echo other > ann/other
asks ann filesystem.write '{"path":"/workspace/new","content":"x"}'
is "another folder of another owner in its place" "$(owner ann/new)" 1002:1002:644
gets "its command makes" ann makes "" 0
is "what is that owner's" "$(owner ann/made-700/600)" 1002:1002:600
chown -R 71001:71001 ann
asks ann filesystem.write '{"path":"/workspace/new","content":"y"}'
is "of the agent's own uid on the disk: it stays what it is, or is refused" "$(owner ann/new | cut -d: -f1)" 71001
chown -R 71002:71002 ann
asks ann filesystem.write '{"path":"/workspace/new","content":"z"}'
is "of another agent's" "$(owner ann/new | cut -d: -f1)" 71002
asks ben filesystem.list '{"path":"/workspace"}'
is "ben has his all the same" $? 0
chown -R 0:0 ann
asks ann filesystem.write '{"path":"/workspace/new","content":"r"}'
is "of root's" "$(owner ann/new)" 0:0:644
rm -rf ann && mv was ann
chown 1003:1003 ann
chown -R 1003:1003 ann/.krux
gets "the old one under another owner" ann is-uid 71001 0
asks ann filesystem.write '{"path":"/workspace/later","content":"x"}'
is "makes what is that one's" "$(owner ann/later)" 1003:1003:644
stopped "and what is the first owner's alone stays closed" ann read /workspace/owners-600

# ---- processes of the daemon killed ----
kin() { ps -eo pid=,ppid=,comm= | awk -v up="$daemon" -v name="$1" '$2 == up && $3 == name { print $1 }'; }
for name in krux-handler krux-spawner krux-gate; do
	call ben live.waits '{"what":"hold","with":"45"}' > ben.out 2>&1 &
	waits=$!
	soon tries_pid || bad "$name: a call is under way" "$(cat ben.out)"
	kill -9 "$(kin $name)"
	wait $waits
	if soon sh -c "! ps -eo uid= | grep -q '^ *7100[0-9]\$'"; then good "$name is killed: nobody is left"; else bad "$name is killed: nobody is left" "$(ps -eo uid,args | grep '^ *7100')"; fi
	mounts > after
	is "$name: nor a mount" "$(diff before after)" ""
	if soon call ben live.try '{"what":"is-uid","with":"71002"}' > out 2>&1; then good "$name: calls go on"; else bad "$name: calls go on" "$(cat out serve)"; fi
done
kill "$daemon"
wait "$daemon"
daemon=
mounts > after
is "ended, it leaves no mount" "$(diff before after)" ""
is "and no file of an agent's" "$(nobodys)" ""
"$R" audit query --state s --kind outcome --format json > log 2> err
is "each call that was done ran by such a mount" "$(grep -c '"end": *"done"' log)" "$(grep '"end": *"done"' log | grep -c '"idmapped-mounts"')"
exits "the log" 0 "$R" audit verify --state s
echo "$passed passed, $failed failed"
[ $failed = 0 ]
