# A rule that is only observed is reached by a test that asks what would be, and by no other.
cd "$TMP" || exit 3
policy() {
	printf 'krux: policy/1\nname: o\nlayer: organization\nrules:\n'
	printf '  - { id: obs, on: filesystem.read, mode: observe, when: offset > 5, verdict: blocked }\n'
	printf '  - { id: read, on: filesystem.read, verdict: autonomous }\ndefault: blocked\ntests:\n'
	printf '  - call: filesystem.read { path: "/workspace/a", offset: %s }\n    as: a\n    expect: autonomous\n%s' "$1" "$2"
}
for offset in 9 3; do for would in blocked autonomous none; do
	policy $offset "$([ $would = none ] || echo "    would: $would")" > o.yaml
	echo "== $offset, $would"; "$KRUXC" test o.yaml -I "$top/stdlib-caps"
done; done
