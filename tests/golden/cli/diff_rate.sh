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
