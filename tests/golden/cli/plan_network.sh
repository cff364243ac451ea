# What a command that connects gets: rules of its network namespace, and filters for its program, which makes sockets, and for
# the relay. A builtin that connects has no network, and no rules.
cd "$TMP" || exit 3
mkdir in
cat > in/net.cap <<'EOF'
namespace net "The network.";
/// Gets something.
/// use: in this test.
capability get @1.0 {
  input { to : host "Where."; port : port "Which."; }
  output { status : uint "0: it came."; }
  error Failed "It failed." recover stop "Give up.";
  effect connects(to, port);
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 8; output 1KiB; }
  handler command "/opt/net-get" sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    argv [ to ];
  example "one" { to: "example.com", port: 443 } -> { status: 0 };
}
/// Looks at something.
/// use: in this test.
capability look @1.0 {
  input { host : host "Where."; port : port "Which."; }
  output { ok : bool; }
  error NoAnswer "It failed." recover stop "Give up.";
  effect connects(host, port);
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 8; output 1KiB; }
  handler builtin "network_check_port";
  example "one" { host: "example.com", port: 443 } -> { ok: true };
}
EOF
cat > in/net.yaml <<'EOF'
krux: policy/1
name: net
layer: organization
rules:
  - { id: r, on: net.get, when: 'to == "example.com" and port == 443', verdict: autonomous }
  - { id: l, on: net.look, when: 'host in [ "example.com", "10.0.0.1" ]', verdict: autonomous }
default: blocked
EOF
"$KRUXC" build in -o out || exit
ls out/sandbox
for f in out/sandbox/net.*; do
	echo "== $f"
	cat "$f"
done
cksum < out/sandbox/relay.nft.batch
