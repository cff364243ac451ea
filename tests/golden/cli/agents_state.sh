# Agents of a stopped state: registered, shown, taken out, each by a signed record.
s=$TMP/s
"$KRUXRT" init --state "$s" > /dev/null || exit 1
mkdir "$TMP/caps"
cat > "$TMP/caps/shop.cap" <<'X'
namespace shop "A shop.";
X
for c in look ask order close; do
	cat >> "$TMP/caps/shop.cap" <<X
/// Does $c.
/// use: to try it out.
capability $c @1.0 {
  input { item : string max 100 "What."; }
  output { id : string max 40; }
  error Closed "It is closed." recover retry "Try tomorrow.";
  effect none;
  limits { memory 16MiB; cpu 1s; wall 5s; pids 1; files 8; output 4KiB; }
  handler builtin "shop_order";
  example "one" { item: "pen" } -> {};
}
X
done
cat > "$TMP/p.yaml" <<'X'
krux: policy/1
name: p
layer: organization
groups:
  buyers: [ builder, "ci-*" ]
rules:
  - id: ask
    on: shop.ask
    agent: buyers
    when: item contains "?"
    verdict: autonomous
  - id: order
    on: shop.order
    agent: builder
    verdict: approval-required
  - id: look
    on: shop.look
    verdict: notify
default: blocked
X
"$KRUXC" build "$TMP/p.yaml" -I "$TMP/caps" -o "$TMP/b" > "$TMP/log" 2>&1 || cat "$TMP/log"
k() { "$KRUXRT" "$@" --state "$s" 2>&1 | sed -e "s|$TMP|TMP|g" -e 's/ key [0-9a-f]\{8\} / key ... /' -e 's/krux-token-[0-9a-f]\{64\}$/krux-token-.../' -e 's/krux-token-[0-9a-f]\{64\}"/krux-token-..."/'; }
op="--operator $s/keys/operator.key"
echo "== add"
k agents add builder --token $op --bundle "$TMP/b/bundle.krux"
k agents add plain --token $op
k agents add "../up" --token $op
cp "$TMP/b/bundle.krux" "$s/bundle.krux"
k agents add ci-7 --uid 4242 $op --json
k agents add other --key "$s/keys/approver.pub" $op
echo "== refused"
k agents add builder --token $op
k agents add more --uid 4242 $op
k agents revoke nobody $op
k agents add more --token --operator "$s/keys/approver.key"
k agents add more --token --workspace "$s" $op
mkdir "$TMP/w" "$TMP/w/below" "$TMP/etc"; : > "$TMP/w/file"; cp "$TMP/b/bundle.krux" "$TMP/etc/"; ln -s "$s/log" "$TMP/w/link"
for w in / /proc/sys "$s/log" "$s/workspaces/other/below" "$TMP/none" "$TMP/w/file" "$TMP/w/link"; do
	[ "$w" != "$s/workspaces/other/below" ] || mkdir "$w"
	k agents add more --token --workspace "$w" $op | sed "s|$(cd "$(dirname "$KRUXRT")" && pwd -P)|PROGRAMS|"
done
k agents add more --token --workspace "$TMP/etc" $op --bundle "$TMP/etc/bundle.krux"
k agents add more --uid 0 $op
k agents add more --uid "$(id -u)" $op | sed "s/uid $(id -u) is the operator/uid 0 is root/"
echo "== list"
k agents list
k agents revoke builder $op
k agents revoke builder $op
k agents add builder --uid 7 $op --json | sed 's/"rights".*//'
k agents list
k agents list --json | sed 's/"key":"[0-9a-f]*"/"key":"..."/'
echo "== others"
k agents clear "$s/workspaces/builder" file-content $op --reason "looked through"
k agents clear "$s/workspaces/builder/" file-content $op --reason "looked through"
k thaw $op --reason "nothing is frozen"
"$KRUXRT" audit verify --state "$s" > "$TMP/log" 2>&1; echo "verify: exit $?"
echo "tokens in the log: $(cat "$s"/log/*.seg | grep -ac krux-token-)"
