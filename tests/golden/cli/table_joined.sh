# Rows of one outcome are one where a condition can say so: fields with a rule each have a row for each
# verdict in a row, not one for each path of the diagram; and what differs in one place alone is joined.
cd "$TMP" || exit 3
caps() {
	printf 'namespace t "T.";\n/// Takes fields.\n/// use: in tests.\ncapability f @1.0 {\n  input { %s }\n' "$1"
	cat <<-'X'
	  output { }
	  error Failed "It failed." recover stop "Give up.";
	  effect none;
	  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }
	  handler mcp "t" tool "f" resident;
	  example "one" { } -> { };
	}
	X
}
policy() { printf 'krux: policy/1\nname: p\nlayer: organization\ndefault: blocked\nrules:\n'; cat; }
fields() { seq -f "x%g : optional uint 0..100 \"A number.\";" -s ' ' 1 "$1"; }
caps "$(fields 20)" > t.cap

echo "-- one verdict"
seq 1 20 | sed 's/.*/  - { id: r&, on: t.f, when: has x& and x& > 5, verdict: autonomous }/' | policy > p.yaml
"$KRUXC" check . && "$KRUXC" table .
echo "-- two in turn"
seq 1 20 | sed 's/.*/  - { id: r&, on: t.f, when: has x& and x& > 5, verdict: V& }/; s/V.*[13579] /autonomous /; s/V[0-9]*/notify/' |
	policy > p.yaml
"$KRUXC" check . && "$KRUXC" table . | sed -n '1,4p; $p'
"$KRUXC" table . | grep -c ' | '
"$KRUXC" table . --json | grep -o '"when":' | wc -l

echo "-- presence, value and size of one field"
caps 's : optional string max 40 "A text."; n : uint 0..100 = 0 "A number."; k : enum { a, b, c } = a "A kind.";' > t.cap
policy > p.yaml <<'X'
  - { id: r1, on: t.f, when: has s and s contains "ab" and not size(s) in 10..20, verdict: autonomous }
  - { id: r2, on: t.f, when: n < 50, verdict: notify }
X
"$KRUXC" check . && "$KRUXC" table .
"$KRUXC" table . --json | sed 's/,"outcome":{/\n&/g' | grep -o '"when":.*'

echo "-- one place alone"
policy > p.yaml <<'X'
  - { id: r1, on: t.f, when: n < 10 and k == a, verdict: autonomous }
  - { id: r2, on: t.f, when: n in 10..20 and k == a, verdict: autonomous }
  - { id: r3, on: t.f, when: n in 10..20 and k == b, verdict: notify }
  - { id: r4, on: t.f, when: n > 90 and k == a, verdict: autonomous }
  - { id: r5, on: t.f, when: n > 90, verdict: approval-required }
X
"$KRUXC" check . && "$KRUXC" table .

echo "-- blocks of addresses, or the others"
caps 'i : ip = "10.0.0.1" "An address.";' > t.cap
for set in '10.0.0.0/8, "::/0"' '10.0.0.0/8, 192.168.0.0/16' '0.0.0.0/1, 128.0.0.0/2, "::1"'; do
	printf '  - { id: r, on: t.f, when: i in [%s], verdict: notify }\n' "$set" | sed 's/when: \(.*\), verdict/when: '"'\1'"', verdict/' | policy > p.yaml
	"$KRUXC" table . | sed -n 2p
	printf '  - { id: r, on: t.f, when: i in [%s], verdict: blocked }\n' "$set" | sed 's/when: \(.*\), verdict/when: '"'\1'"', verdict/; $s/$/\n  - { id: s, on: t.f, verdict: notify }/' | policy > p.yaml
	"$KRUXC" table . | sed -n 2p
done
