# What a caller's call means: defaults, fields that may be left out, and what a capability does.
cd "$TMP" || exit 3
mkdir old new
cap() {
	cat <<X
namespace t "A test.";
/// Does a thing.
/// use: to test.
capability f @1.0 {
  input { $1 }
  output { done : bool; }
  error Sold "It is sold." recover stop "Try another one.";
  effect $effect;
  labels tainted;
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }
  handler mcp "shop" tool "sell" resident;
  example "one" { $2 } -> { done: true };
}
X
}
policy() {
	cat <<X
krux: policy/1
name: o
layer: organization
rules:
  - id: small
    on: t.f
    when: $1
    verdict: approval-required
  - id: more
    on: t.f
    when: $2
    verdict: autonomous
default: blocked
X
}
compare() {
	echo "== $1"
	"$KRUXC" diff old new; echo "exit $?"
	"$KRUXC" diff old new --deny-widening > wider; code=$?
	echo "wider: exit $code"
}
effect='state("stock")'
x='x : uint 0..1000'
for side in old new; do
	cap "$x = 0 \"How much.\";" "x: 1" > $side/t.cap
	policy 'x < 100' 'x < 200' > $side/o.yaml
done
compare "the same"
cap "$x = 150 \"How much.\";" "x: 1" > new/t.cap
compare "a looser default"
"$KRUXC" diff old new --json
for side in old new; do "$KRUXC" eval $side t.f '{}' --agent a; done
cap "$x = 50 \"How much.\";" "x: 1" > new/t.cap
compare "a default that changes nothing"
cap "$x = 500 \"How much.\";" "x: 1" > new/t.cap
compare "a stricter default"
cap "x : optional uint 0..1000 \"How much.\";" "x: 1" > new/t.cap
policy 'not has x or x < 150' 'has x and x < 200' > new/o.yaml
compare "no default"
cap "$x \"How much.\";" "x: 1" > new/t.cap
policy 'x < 100' 'x < 200' > new/o.yaml
compare "required"
cap "$x = 0 \"How much.\"; y : uint 0..9 = 5 \"More.\";" "x: 1" > new/t.cap
policy 'x < 100 and y < 5' 'x < 200' > new/o.yaml
compare "another field with a default"
cap "$x = 0 \"How much.\"; y : optional uint 0..9 \"More.\";" "x: 1" > old/t.cap
policy 'x < 100 and has y and y < 5' 'x < 200' > old/o.yaml
cap "$x = 0 \"How much.\";" "x: 1" > new/t.cap
policy 'x < 200' 'x < 300' > new/o.yaml
compare "a field less"
cap "$x = 0 \"How much.\"; y : uint 0..9 \"More.\";" "x: 1, y: 1" > new/t.cap
compare "a field that is required now"
cap "y : uint 0..9 = 1 \"More.\"; $x = 0 \"How much.\";" "x: 1" > new/t.cap
compare "fields in another order"

effect='reads(tree root)'
cap 'root : path "Where."; s : string max 10 = "a" "A word.";' 'root: "/a"' > old/t.cap
effect='reads(root)'
cap 'root : path "Where."; s : string max 10 = "abc" "A word.";' 'root: "/a"' > new/t.cap
for side in old new; do
	policy 'root under "/workspace/secret"' 'root under "/workspace" and size(s) > 0' > $side/o.yaml
done
sed -i 's/approval-required/blocked/' old/o.yaml new/o.yaml
compare "an effect, and a default that nothing asks for"
"$KRUXC" diff old new --json

effect='state("stock")'
rm -rf old new
for side in old new; do
	mkdir $side
	cap "$x = 0 \"How much.\";" "x: 1" > $side/t.cap
	policy 'x < 100' 'x < 200' > $side/o.yaml
done
cap "$x \"How much.\";" "x: 1" | sed '/^namespace/d; s/@1.0/@1.1/' >> new/t.cap
compare "a version beside another that its callers cannot move on to"
"$KRUXC" diff old new --json
