# The state folder is bound to a policy id and its serial; an operator, and nobody else, lets others come.
s=$TMP/s
"$KRUXRT" init --state "$s" > /dev/null || exit 1
(cd "$TMP" && "$KRUXC" keygen signer > /dev/null) || exit 1
cp "$TMP/signer.pub" "$s/trust/bundles/signer.pub"
mkdir "$TMP/caps"
cat > "$TMP/caps/shop.cap" <<'X'
namespace shop "A shop.";
/// Looks.
/// use: to try it out.
capability look @1.0 {
  input { item : string max 100 "What."; }
  output { id : string max 40; }
  error Closed "It is closed." recover retry "Try tomorrow.";
  effect none;
  limits { memory 16MiB; cpu 1s; wall 5s; pids 1; files 8; output 4KiB; }
  handler builtin "shop_order";
  example "one" { item: "pen" } -> {};
}
X
printf 'krux: policy/1\nname: p\nlayer: organization\nrules: []\ndefault: blocked\n' > "$TMP/p.yaml"
b() { "$KRUXC" build "$TMP/p.yaml" -I "$TMP/caps" -o "$TMP/$1-$2" --id "$1" --serial "$2" --key "$TMP/signer.key" > "$TMP/log" 2>&1 || cat "$TMP/log"; }
k() { "$KRUXRT" "$@" 2>&1 | sed -e "s|$TMP|TMP|g"; }
# Starts are recorded, and how many of what is missing depends on the kernel.
numbers() { sed 's/: record [0-9]*;/: record N;/'; }
call() { k call shop.look '{"item":"pen"}' --as builder --state "$s" --bundle "$TMP/$1/bundle.krux" | head -n 1; }
let() { k reload "$TMP/$1/bundle.krux" --state "$s" --operator "$s/keys/$2.key" --reason "$3" | numbers; }
b team 1; b team 2; b other 1
"$KRUXC" build "$TMP/p.yaml" -I "$TMP/caps" -o "$TMP/dev" > "$TMP/log" 2>&1 || cat "$TMP/log"
echo "== bound"
call team-2; call team-1; call other-1
echo "== let by an operator"
let team-1 operator "two was wrong"; call team-1
let other-1 operator "the team has moved"; call team-1; call other-1
let other-1 operator "this time it comes next"; call other-1; call team-2
echo "== refused"
let team-2 approver "no operator"
let dev operator "it is bound by nothing"
k reload "$TMP/team-2/bundle.krux" --state "$s" --operator "$s/keys/operator.key"
k reload --state "$s" --operator "$s/keys/operator.key" --reason "no bundle"
"$KRUXRT" audit query --state "$s" --kind rollback --format json 2>&1 |
	sed -n 's/.*"policy":"\([a-z]*\)","serial":\([0-9]*\),.*/rollback \1 \2/p'
"$KRUXRT" audit verify --state "$s" > "$TMP/log" 2>&1; echo "verify: exit $?"
