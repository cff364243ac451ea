#!/bin/sh
# eBPF for sockets of calls, from outside: the daemon attaches it where doctor says that it can be, the record of a command
# says so, and what is in a group of calls cannot use a socket. Elsewhere commands run without it.
. "$top/tests/extra/outside.inc"
cd "$dir" || exit 3
chmod 755 "$dir"
waive="--allow-missing $([ "$(id -u)" = 0 ] && echo cgroup.memory,cgroup.pids || echo cgroup)"
there=$("$R" doctor | sed -n 's/^  ebpf *second *\([a-z]*\).*/\1/p')
case $there in yes|no) good "doctor says whether it is there" ;; *) bad "doctor says whether it is there" "$there" ;; esac
mkdir caps
cat > caps/try.cap <<X
namespace try "What holds a command.";
/// Ends at once.
/// use: to see what it ran in.
capability nothing @1.0 {
  input { }
  output { status : uint "How it ended."; }
  error Failed "It could not be run." recover stop "Give up.";
  effect none;
  limits { memory 64MiB; cpu 20s; wall 100s; pids 8; files 16; output 16KiB; }
  handler command "/usr/bin/true" sha256 "$(sha256sum < /usr/bin/true | cut -c1-64)" argv [ "x" ];
  example "one" { } -> { status: 0 };
}
X
cat > p.yaml <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - id: try
    on: try.nothing
    verdict: autonomous
default: blocked
X
exits "build" 0 "$C" build p.yaml -I caps -o b
exits "init" 0 "$R" init --state s
KRUX_SOCKET=$dir/agent.sock KRUX_SUPERVISOR=$dir/supervisor.sock
export KRUX_SOCKET KRUX_SUPERVISOR
exits "an agent" 0 "$R" agents add one --token --state s --operator s/keys/operator.key --bundle b/bundle.krux
tail -1 out > token
chmod 600 token
mkdir -p s/workspaces/one
[ "$(id -u)" != 0 ] || chown 60872:60872 s/workspaces/one
# shellcheck disable=SC2086
"$R" serve $waive --bundle b/bundle.krux --state s --socket "$KRUX_SOCKET" --supervisor "$KRUX_SUPERVISOR" --dev > serve 2>&1 &
daemon=$!
soon "$R" status > log 2>&1
exits "a command" 0 "$R" call try.nothing '{}' --as one --token-file "$dir/token"
says "runs" '"status":0'
exits "its record" 0 "$R" audit export --state s --format jsonl
layers=$(sed -n 's/.*"layers":\(\[[^]]*\]\).*/\1/p' out | tail -1)
case $layers in *'"ebpf"'*) said=yes ;; *'"seccomp"'*) said=no ;; *) said=$layers ;; esac
is "says whether it was on" "$said" "$there"

# Whoever is in a group of calls, whatever that one may do otherwise.
try() { # group, '': none
	python3 - "$1" <<'X'
import os, socket, sys
if sys.argv[1]:
    open(sys.argv[1] + "/cgroup.procs", "w").write("0")
def tried(f):
    try:
        f()
        return "through"
    except PermissionError:
        return "refused"
    except OSError as e:
        return "through" if e.errno else "?"
# Port 9 of the machine itself, where perhaps nobody listens: then that is what is heard.
print(tried(lambda: socket.create_connection(("127.0.0.1", 9), 10)),
      tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))),
      tried(lambda: socket.socket().bind(("127.0.0.1", 0))),
      tried(lambda: socket.socketpair()))
X
}
calls=$(find /sys/fs/cgroup -maxdepth 10 -type d -path "*/krux-$daemon/generation-*/calls" 2> /dev/null | head -1)
if [ "$there" = yes ]; then
	[ -n "$calls" ] && mkdir "$calls/probe"
	is "in a group of calls" "$(try "$calls/probe")" "refused refused refused through"
	rmdir "$calls/probe"
	is "and elsewhere" "$(try '')" "through through through through"
fi
kill "$daemon"
wait "$daemon"
daemon=''
[ -z "$calls" ] || is "no group is left" "$(ls -d "$calls" 2> /dev/null)" ""
echo "$passed passed, $failed failed"
