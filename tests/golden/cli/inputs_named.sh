# Which files of a folder are read, and that none is passed over that could be taken for one; texts without a NUL.
cd "$TMP" || exit 3
policy() { printf 'krux: policy/1\nname: %s\nlayer: organization\nrules: []\ndefault: blocked\n' "$1"; }
mkdir -p dir/sub dir/.hidden other
policy a > dir/a.yaml; policy b > dir/b.yml; policy c > dir/sub/c.yaml; policy d > other/d.yaml
policy x > dir/.x.yaml; policy x > dir/.hidden/x.yaml; policy x > dir/x.yaml.orig
ln -s ../other dir/linked
"$KRUXC" check dir -I "$top/stdlib-caps" > said; echo "exit $?"; sed 's/^[0-9]* cap/N cap/' said
for name in DENY.YAML deny.Yml tools.CAP; do
	policy e > dir/$name; "$KRUXC" check dir -I "$top/stdlib-caps"; echo "exit $?"; rm dir/$name
done
for key in 'description: "a\0b"' 'name: "a\u0000"' 'rules: [ { id: r, on: "filesystem.*", verdict: blocked, reason: "\x00" } ]'; do
	policy e | grep -v "^${key%%:*}:" | sed "1a ${key%%:*}: X" > nul.yaml
	printf '%s\n' "$key" > key && sed -i -e "/^${key%%:*}: X/{r key" -e 'd}' nul.yaml
	"$KRUXC" check nul.yaml -I "$top/stdlib-caps"; echo "exit $?"
done
