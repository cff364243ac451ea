# What would have to be otherwise is said in true words, or not at all: where a class of paths is too
# large for words the example stands alone.
cd "$TMP" || exit
policy() { printf 'krux: policy/1\nname: p\nlayer: organization\nrules:\n'; cat; echo 'default: blocked'; }
printf '%s\n' '  - { id: notes, on: filesystem.write, when: path matches "**/*.md", verdict: autonomous }' | policy > few.yaml
{
	seq 1000 1600 | sed 's/.*/  - { id: r&, on: filesystem.write, when: path == "\/workspace\/&.md", verdict: blocked }/'
	echo '  - { id: notes, on: filesystem.write, when: path matches "**/*.md", verdict: autonomous }'
} | policy > many.yaml
for p in few many; do
	for json in '' --json; do
		"$KRUXC" eval "$p.yaml" -I "$top/stdlib-caps" --agent a filesystem.write \
			'{"path":"/workspace/a","content":"x"}' --explain $json
	done
done
