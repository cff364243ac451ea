# A policy without tests, and claims about no request at all: both are said.
cat > "$TMP/p.yaml" <<'YAML'
krux: policy/1
name: p
layer: organization
rules:
  - id: look
    on: filesystem.read
    when: path under "/workspace"
    verdict: autonomous
default: blocked
YAML
cd "$TMP" || exit 1
"$KRUXC" test p.yaml -I "$top/stdlib-caps"; echo "exit $?"
for when in 'limit < 10 and limit > 20' 'path under "/workspace" and not path under "/workspace"' 'limit < 10'; do
	"$KRUXC" prove p.yaml -I "$top/stdlib-caps" --that "never notify on filesystem.read when $when"; echo "exit $?"
done
"$KRUXC" prove p.yaml -I "$top/stdlib-caps" --json --that "never notify on filesystem.read when limit < 10 and limit > 20"
# A number is digits alone.
"$KRUXC" build p.yaml -I "$top/stdlib-caps" -o out --serial ' 5' 2>&1 | head -1
"$KRUXC" build p.yaml -I "$top/stdlib-caps" -o out --serial +5 2>&1 | head -1
