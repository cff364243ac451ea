# Rates and budgets that change: the limit of a rate cuts a count, so no region asks for less than five
# and for fifty.
cd "$TMP" || exit 3
policy() {
	cat <<X
krux: policy/1
name: o
layer: organization
rules:
  - id: b
    on: filesystem.write
    when: path under "/workspace/a"
    verdict: autonomous
    $1
default: blocked
X
}
compare() {
	policy "$1" > old.yaml
	policy "$2" > new.yaml
	echo "== $1 -> $2"
	"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps" | grep -v '^define\|^  paths_'; 
	"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps" --deny-widening > wider; echo "wider: exit $?"
}
compare 'rate: { max: 5, per: 1h }' 'rate: { max: 50, per: 1h }'
compare 'rate: { max: 50, per: 1h }' 'rate: { max: 5, per: 1h }'
compare 'rate: { max: 5, per: 1h }' 'rate: { max: 5, per: 1d }'
compare 'rate: { max: 5, per: 1d }' 'rate: { max: 8, per: 1h }'
compare 'budget: { sum: size(content), max: 100, per: 1h }' 'budget: { sum: size(content), max: 200, per: 1h }'
compare 'budget: { sum: size(content), max: 100, per: 1h }' 'budget: { sum: size(content), max: 100, per: 1d }'
# Another sum is another budget, also where neither is used up.
mkdir caps && cat > caps/b.cap <<'X'
namespace b "An example.";
/// Buys things.
/// use: in examples.
capability buy @1.0 {
  input { n : uint 0..1000 "How many."; name : string max 100 "What."; }
  output { }
  error Failed "It failed." recover stop "Give up.";
  effect none;
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }
  handler mcp "shop" tool "buy" resident;
  example "one" { n: 1, name: "x" } -> { };
}
X
sum() { policy "$2" | sed 's/filesystem.write/b.buy/; /when:/d' > "$1"; }
sum old.yaml 'budget: { sum: n, max: 500, per: 1h }'
sum new.yaml 'budget: { sum: size(name), max: 500, per: 1h }'
"$KRUXC" diff old.yaml new.yaml -I caps; "$KRUXC" diff old.yaml new.yaml -I caps --json; echo "exit $?"
# What does not ask the budget is one region, though a request of more than 500 is always over it.
for name in old new; do
	sum $name.yaml 'budget: { sum: n, max: 500, per: 1h }'
	sed -i 's/^rules:/&\n  - id: gift\n    on: b.buy\n    when: name starts with "gift"\n    verdict: notify/' $name.yaml
done
sed -i 's/verdict: notify/verdict: blocked/' new.yaml
"$KRUXC" diff old.yaml new.yaml -I caps
# Counters come by name, whatever else counts in a build: as eval has them.
counted() {
	cat <<X
krux: policy/1
name: o
layer: organization
rules:
  - { id: z, on: b.buy, when: n > 5, verdict: autonomous, budget: { sum: n, max: $1, per: 1h }, rate: { max: 5, per: 1h } }
  - { id: a, on: b.buy, verdict: $2, rate: { max: 6, per: 1h } }
default: blocked
X
}
counted 50 notify > old.yaml
counted 60 autonomous > new.yaml
counters() { grep -o '"counters":\[[^]]*]' | sort -u; }
"$KRUXC" diff old.yaml new.yaml -I caps --json | counters
"$KRUXC" eval old.yaml -I caps --agent me b.buy '{"n":9,"name":"x"}' --json | counters
