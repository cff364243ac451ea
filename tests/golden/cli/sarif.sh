# SARIF: names of files are relative references, whatever they hold; places, rules, second places.
cd "$TMP" || exit 3
mkdir 'a b'
p='a b/50%#1:ü.yaml'
cat > "$p" <<'X'
krux: policy/1
name: p
layer: organization
zone: UTC
rules:
  - id: süd
    on: system.time
    verdict: alow
  - id: x
    on: system.time
    verdict: blocked
  - id: x
    on: system.time
    verdict: blocked
default: blocked
X
: > 'a b/empty.yaml'
"$KRUXC" check 'a b' -I "$top/stdlib-caps" --format sarif 2> err | sed 's/},{/},\n{/g'
rm "a b/empty.yaml"
"$KRUXC" check "a b" -I "$top/stdlib-caps" --format sarif 2>> err | sed "s/},{/},\n{/g"
"$KRUXC" check 'a b' -I "$top/stdlib-caps" --format json 2>> err
echo "exit $?"
"$KRUXC" check "$p" -I "$top/stdlib-caps" 2>&1
"$KRUXC" check "$TMP/$p" --format sarif 2>> err | grep -o '"uri":"[^"]*"' | sed "s|$TMP|TMP|" | sort -u
"$KRUXC" check "$top/stdlib-caps/policies/team-moderate.yaml" -I "$top/stdlib-caps" --format sarif
"$KRUXC" check 'a b' -I "$top/stdlib-caps" --format sarif 2>&1 > /dev/full
echo "exit $?"
cat err
