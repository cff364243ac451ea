# A long set is printed once, under a name; with the names replaced the rows are those of the JSON.
cd "$TMP" || exit 3
p=$top/stdlib-caps/policies/team-moderate.yaml
"$KRUXC" table "$p" -I "$top/stdlib-caps" > table.txt
"$KRUXC" table "$p" -I "$top/stdlib-caps" --json | tr '\n' ' ' | sed 's/{"when":"/\n/g' |
	sed -n 's/","outcome":.*//p' | sed 's/\\"/"/g' > json.txt
echo >> json.txt
grep -q '^  paths_[0-9a-f]\{8\}: ' table.txt && echo "long sets have names"
awk '/^  paths_/ { name = substr($1, 1, 14); set[name] = substr($0, 19); next }
	/ \| / {
		row = substr($0, index($0, " | ") + 3)
		for (name in set)
			while ((i = index(row, name)) > 0) {
				alone = substr(row, i - 4, 4) == "not "
				row = substr(row, 1, i - 1) (alone ? "(" set[name] ")" : set[name]) substr(row, i + 14)
			}
		print row
	}' table.txt > rows.txt
cmp rows.txt json.txt && echo "the rows are alike"
