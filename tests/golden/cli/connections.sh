# A capability connects to four places, and a fifth is refused with its place; of one that no handler runs nothing is asked.
cd "$TMP" || exit
cap() { # effects, handler
	cat <<X
namespace demo "An example.";
/// Acts on something.
/// use: in this test.
capability act @1.0 {
  input { a : url "One."; b : url "Two."; c : url "Three."; d : url "Four."; e : url "Five."; }
  output { status : uint "Exit status."; }
  error Failed "It failed." recover stop "Give up.";
  effect $1;
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 8; output 1KiB; }
  handler $2;
  example "one" { a: "https://a.test/", b: "https://b.test/", c: "https://c.test/", d: "https://d.test/", e: "https://e.test/" }
    -> { status: 0 };
}
X
}
none=0000000000000000000000000000000000000000000000000000000000000000
four="connects(a), connects(b), connects(c), connects(d)"
program="command \"/usr/bin/demo\" sha256 \"$none\" argv [ \"--\", a, b, c, d, e ]"
try() { cap "$@" > act.cap; "$KRUXC" check act.cap; echo "exit $?"; }
try "$four, connects(e)" "$program"
try "$four, connects(e)" 'builtin "network_fetch"'
try "$four, connects(e)" 'builtin "demo_act"'
cap "$four" "$program" | sed 's/; e : url "Five\."/; e : url unused "Five."/' > act.cap
"$KRUXC" check act.cap
echo "exit $?"
