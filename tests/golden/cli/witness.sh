# Witnesses fed back: the call and the facts that diff and prove show, given to eval, get the
# verdict that was shown.
cd "$TMP" || exit 3
cat > shop.cap <<'X'
namespace shop "A shop.";
/// Sells a thing.
/// use: to sell.
capability sell @1.0 {
  input { bytes : uint "How much."; note : string max 10 = "" "A word."; }
  output { done : bool; }
  error Sold "It is sold." recover stop "Sell another one.";
  effect state("stock");
  labels tainted;
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }
  handler mcp "shop" tool "sell" resident;
  example "one" { bytes: 1 } -> { done: true };
}
X
policy() {
	cat <<X
krux: policy/1
name: shop
layer: organization
rules:
  - id: night
    on: shop.sell
    when: time in 22:00:30..06:00 or weekday in sat..sun
    verdict: $1
  - id: tainted
    on: shop.sell
    when: workspace has "tainted" and workspace.calls(shop.sell) >= 3
    verdict: $2
  - id: window
    on: shop.sell
    when: bytes > 10
    verdict: autonomous
    rate: { max: 5, per: 1h, exceeded: $3 }
    budget: { sum: bytes, max: 100, per: $5, exceeded: $4 }
  - id: small
    on: shop.sell
    verdict: autonomous
    budget: { sum: bytes, max: $6, per: 1d, exceeded: $4 }
default: blocked
X
}
policy approval-required approval-required approval-required notify 1h 8 > old.yaml
policy notify autonomous blocked blocked 1h 4 > new.yaml
policy approval-required approval-required approval-required notify 2h 8 > longer.yaml
field() { sed -n "s/^.*$1.*$/\\1/p" one.json; }
back() {
	cap=$(field '"witness":{"capability":"\([^"]*\)"') agent=$(field '"agent":"\([^"]*\)"')
	args=$(field '"args":\(.*\),"facts"')
	got=$("$KRUXC" eval "$1" -I . --agent "$agent" "$cap" "$args" --facts "$3" --json | sed 's/{"verdict":"\([^"]*\)".*/\1/')
	printf '%s %s --facts %s: %s' "$cap" "$args" "$3" "$got"
	[ "$got" = "$2" ] && echo || echo ", NOT $2"
}
differ() {
	echo "== diff $1 $2"
	"$KRUXC" diff "$1" "$2" -I . --json > all.json
	while read -r line; do
		printf '%s\n' "$line" > one.json
		facts=$(field '"facts":\({.*}\)}}') old=
		grep -q old_facts one.json && { facts=$(field '"facts":\({.*}\)},"old_facts"'); old=$(field '"old_facts":\({.*}\)}'); }
		back "$1" "$(field '"old":{"verdict":"\([^"]*\)"')" "${old:-$facts}"
		back "$2" "$(field '"new":{"verdict":"\([^"]*\)"')" "$facts"
	done < all.json
}
differ old.yaml new.yaml
differ old.yaml longer.yaml
claim() {
	"$KRUXC" prove new.yaml -I . --json --that "$1" > one.json
	grep -q '"proved":true' one.json && echo "proved: $1" && return
	back new.yaml "$(field '"outcome":{"verdict":"\([^"]*\)"')" "$(field '"facts":\(.*\)},"history"')"
}
echo "== prove"
claim 'never notify on shop.sell'
claim 'never blocked on shop.sell when bytes > 10 and bytes < 50'
claim 'never blocked on shop.sell when bytes < 5'
claim 'always blocked on shop.sell when workspace.calls(shop.sell) >= 18446744073709551615'
# What one call adds by itself is over the budget, whatever the history.
claim 'always blocked on shop.sell when bytes > 100 and not weekday in sat..sun and not time in 22:00:30..06:00 and workspace.calls(shop.sell) == 0'
# The same facts in a policy's own tests: of a rule with both, the rate and the budget.
policy notify autonomous blocked notify 1h 4 > tested.yaml
cat >> tested.yaml <<'X'
tests:
  - call: shop.sell { bytes: 20 }
    as: a
    facts: { time: "12:00", rates: { window: 4 }, budgets: { shop/window: 81 } }
    expect: notify
  - call: shop.sell { bytes: 20 }
    as: a
    facts: { time: "12:00", rates: { window: 4 } }
    expect: autonomous
  - call: shop.sell { bytes: 4 }
    as: a
    facts: { time: "12:00", rates: { small: 1 } }
    expect: notify
X
"$KRUXC" test tested.yaml -I . | grep passed
