#!/bin/sh
# Workspaces on a file system without idmapped mounts: who is refused there, what is waived, and what the log says of it.
. "$top/tests/extra/outside.inc"
if [ "$(id -u)" = 0 ] && [ "${1:-}" != inside ]; then
	rm -rf "$dir"
	exec unshare --mount --propagation private sh "$0" inside
fi
end() {
	[ -z "$daemon" ] || kill -9 "$daemon" 2> /dev/null
	wait 2> /dev/null
	cd / || exit 3
	! [ -d "$dir/there/all" ] || umount -R "$dir/there"
	rm -rf "$dir"
}
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] && echo idmapped-mounts || echo cgroup,idmapped-mounts)
chmod 755 "$dir"
cd "$dir" || exit 3
cat > p.yaml <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - { id: look, on: filesystem.list, verdict: autonomous }
default: blocked
X
"$C" build p.yaml -I "$top/stdlib-caps" -o b > log 2>&1 || bad build "$(cat log)"
"$R" init --state s > log 2>&1 || bad init "$(cat log)"
mkdir here there
add() { agent=$1; shift; "$R" agents add "$agent" --token --state s --operator s/keys/operator.key "$@"; }
serve() { "$R" serve --bundle b/bundle.krux --state s --dev --socket "$dir/a" --supervisor "$dir/v" "$@"; }
alone() { "$R" call filesystem.list '{"path":"/workspace"}' --as alone --state s --bundle b/bundle.krux --dev "$@"; }
begin() {
	"$R" serve --bundle b/bundle.krux --state s --dev --socket "$dir/a" --supervisor "$dir/v" "$@" > out 2> served &
	daemon=$!
	soon "$R" status --socket "$dir/v" > /dev/null 2>&1 || bad "the daemon serves" "$(cat served)"
}
finish() {
	kill "$daemon"
	wait "$daemon"
	is "it ends" $? 0
	daemon=
}
last() { "$R" audit query --state s --kind "$1" --format json 2> err | tail -1; }

# ---- what is said of agents that are registered ----
exits "doctor, of nobody" $([ "$(id -u)" = 0 ] && echo 0 || echo 1) "$R" doctor --state s
says "says that there is none" "no agent is registered"
exits "a workspace here" 0 add here --workspace here
exits "--state and --processes" 2 "$R" doctor --state s --processes
exits "a folder that is no state" 2 "$R" doctor --state b
exits "another feature is not for agents add to waive" 2 add cg --workspace here --allow-missing cgroup
says "says so" "--allow-missing: of an agent's folder it is idmapped-mounts alone"

if [ "$(id -u)" != 0 ]; then
	# All calls are this user's: nothing is asked of a folder, and nothing refused.
	"$R" doctor --state s > said
	has "doctor asks nothing" said "here                ?         $dir/here"
	has "and says why" said "rootless: all calls run as who runs the daemon"
	"$R" doctor --state s --json > said
	has "the same for programs" said '"workspaces":[{"agent":"here","workspace":"'"$dir"'/here","idmapped":null,"why":"rootless: all calls run as who runs the daemon"}]}'
	begin --allow-missing "$waive"
	finish
	case $(last missing) in *idmapped*) bad "nothing is missing" "$(last missing)" ;; *) good "nothing is missing" ;; esac
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
	exit
fi

# ---- a file system that has none ----
mount -t tmpfs none there
mkdir there/low there/up there/work there/all there/more
mount -t overlay none there/all -o lowerdir=there/low,upperdir=there/up,workdir=there/work
mkdir there/all/over there/all/also
chown 60873:60873 here there/all/over there/all/also
lacks="the folder lies on the file system overlay, which has no idmapped mounts on this kernel"
exits "agents add" 2 add over --workspace there/all/over
says "names the folder and its file system" "workspace $dir/there/all/over: $lacks"
says "and what to do" "Take a folder elsewhere (ext4, xfs and btrfs have them), or let its calls run as the folder's owner: --allow-missing idmapped-mounts, here and of kruxrt serve"
"$R" agents list --state s > said
case $(cat said) in *over*) bad "it is not registered" "$(cat said)" ;; *) good "it is not registered" ;; esac
exits "where that is waived" 0 add over --workspace there/all/over --allow-missing idmapped-mounts
(umask 077; tail -1 out > token)
exits "and another" 0 add "a.also" --workspace there/all/also --allow-missing idmapped-mounts

exits "doctor" 1 "$R" doctor --state s
says "says yes" "  here                yes       $dir/here"
says "and no" "  over                no        $dir/there/all/over"
says "and why" "      $lacks"
says "and what serves them" "Calls can be confined here, by kruxrt serve --allow-missing idmapped-mounts"
exits "doctor for programs" 1 "$R" doctor --state s --json
says "says no" '{"agent":"over","workspace":"'"$dir"'/there/all/over","idmapped":false,"why":"'"$lacks"'"}'
says "and yes" '{"agent":"here","workspace":"'"$dir"'/here","idmapped":true}'

exits "serve" 3 serve
says "names the first agent and its folder" "kruxrt serve: agent a.also: workspace $dir/there/all/also: $lacks"
says "and what waives it" "--allow-missing idmapped-mounts lets calls run as the owner of such folders (kruxrt doctor --state DIR says more)"
exits "a waiver of something else" 3 serve --allow-missing cgroup
exits "one call alone" 3 alone --workspace there/all/over
says "says the same" "kruxrt call: agent alone: workspace $dir/there/all/over: $lacks; --allow-missing idmapped-mounts"
exits "where that is waived" 0 alone --workspace there/all/over --allow-missing idmapped-mounts
case $(last outcome) in *idmapped-mounts*) bad "its layers lack it" "$(last outcome)" ;; *layers*) good "its layers lack it" ;; *) bad "its layers" "$(last outcome)" ;; esac
exits "what is wrong in the waiver of one call" 2 alone --workspace there/all/over --allow-missing seccomp
says "is said" "seccomp cannot be waived"
exits "without --state" 2 "$R" call filesystem.list '{}' --as here --allow-missing idmapped-mounts
exits "one call elsewhere" 0 alone --workspace here

begin --allow-missing "$waive"
"$R" doctor --state s > said
has "doctor beside a daemon" said "  over                no        $dir/there/all/over"
exits "agents add to a daemon" 2 "$R" agents add more --token --socket "$dir/v" --operator s/keys/operator.key --workspace there/all/also
exits "where that is waived" 0 "$R" agents add more --token --socket "$dir/v" --operator s/keys/operator.key --workspace there/all/also --allow-missing idmapped-mounts
finish
case $(last start) in *'"waived":["idmapped-mounts"]'*) good "the start says what was waived" ;; *) bad "the start says what was waived" "$(last start)" ;; esac
case $(last missing) in
*"idmapped-mounts: 2 workspaces, that of agent a.also first: $lacks: calls run as the owner of the workspace, not as a uid that is the agent's alone"*) good "and that it is missing" ;;
*) bad "and that it is missing" "$(last missing)" ;;
esac

# ---- folders that are not there, and agents that were taken out ----
umount there/all
exits "doctor of folders that are not there" 0 "$R" doctor --state s
says "says no such thing" "  over                ?         $dir/there/all/over"
says "but that" "      No such file or directory"
begin
mount -t overlay none there/all -o lowerdir=there/low,upperdir=there/up,workdir=there/work
exits "a call of one that comes back" 3 "$R" call filesystem.list '{"path":"/workspace"}' --as over --token-file token --socket "$dir/a"
refused="workspace: $lacks; calls run there, as its owner, only where kruxrt serve was told so: --allow-missing idmapped-mounts"
says "says all of why" "$refused"
finish
last outcome > said
has "as its record does" said "$refused"
exits "there again" 3 serve
for a in a.also more over; do "$R" agents revoke $a --state s --operator s/keys/operator.key > log 2>&1 || bad "revoke" "$(cat log)"; done
begin
finish
exits "the log" 0 "$R" audit verify --state s
echo "$passed passed, $failed failed"
[ $failed = 0 ]
