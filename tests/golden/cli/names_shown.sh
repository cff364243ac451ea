# Names of files are escaped on every screen; what standard output does not take is said, and is 3.
cd "$TMP" || exit 3
esc=$(printf 'a\033[31m\342\200\256b')
printf 'krux: policy/1\nname: a\nlayer: organization\nrules: []\ndefault:   blocked\n' > "$esc.yaml"
cp "$esc.yaml" p.yaml
tell() { LC_ALL=C sed 's/[^ -~]/<RAW>/g'; }
"$KRUXC" build p.yaml -I "$top/stdlib-caps" -o "none/$esc" 2>&1 | tell
"$KRUXC" build "$esc.yaml" -I "$top/stdlib-caps" -o "$esc.yaml" 2>&1 | tell
"$KRUXC" build "$esc.yaml" -o out --key "$esc" 2>&1 | tell
: > "$esc.key"; chmod 600 "$esc.key"
"$KRUXC" build "$esc.yaml" -o out --key "$esc.key" 2>&1 | tell
"$KRUXC" keygen "$esc/x" 2>&1 | tell
"$KRUXC" keygen "$esc" 2>&1 | tell
"$KRUXC" fmt --check "$esc.yaml" 2>&1 | tell
"$KRUXC" "$esc" 2>&1 | tell
"$KRUXC" check "$esc" 2>&1 | tell
"$KRUXC" schema -o "none/$esc" 2>&1 | tell
"$KRUXC" replay "$esc.yaml" "$esc" -I "$top/stdlib-caps" 2>&1 | tell
"$KRUXC" import claude "$esc.yaml" 2>&1 | tell
printf 'x' > bad.yaml
for a in --help --version "check --help" "explain K3001" schema "fmt bad.yaml" "fmt --check p.yaml" \
         "check --format json bad.yaml" "check --format sarif bad.yaml" "completion bash" "table p.yaml -I $top/stdlib-caps" "check p.yaml -I $top/stdlib-caps"; do
	"$KRUXC" $a > /dev/full 2> /dev/null; code=$?; echo "${a% -I*}: exit $code" | tell
done
