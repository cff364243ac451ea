# A table in text is the JSON, shorter: with the names replaced and what stands above a row put in front of
# it, the rows are those of the JSON that are not blocked.
cd "$TMP" || exit 3
p=$top/stdlib-caps/policies/team-moderate.yaml
"$KRUXC" table "$p" -I "$top/stdlib-caps" > table.txt
"$KRUXC" table "$p" -I "$top/stdlib-caps" --json | tr '\n' ' ' | sed 's/{"when":"/\n/g' |
	grep -v '"outcome":{"verdict":"blocked","would":"blocked"' |
	sed -n 's/","outcome":.*//p' | sed 's/\\"/"/g' > json.txt
grep -q '^  paths_[0-9a-f]\{8\}: ' table.txt && echo "long sets have names"
grep -q '^    [^ ].* | ' table.txt && echo "rows stand below what they share"
awk '/^  paths_/ { name = substr($1, 1, 14); set[name] = substr($0, 19); next }
	/ \| otherwise$/ || !/^ / { next }
	{
		match($0, /^ */)
		depth = RLENGTH / 2
		if (/:$/) {
			above[depth] = above[depth - 1] substr($0, RLENGTH + 1, length($0) - RLENGTH - 1) " and "
			next
		}
		row = above[depth - 1] substr($0, index($0, " | ") + 3)
		for (name in set)
			while ((i = index(row, name)) > 0) {
				alone = substr(row, i - 4, 4) == "not "
				row = substr(row, 1, i - 1) (alone ? "(" set[name] ")" : set[name]) substr(row, i + 14)
			}
		print row
	}' table.txt > rows.txt
cmp rows.txt json.txt && echo "the rows are alike"
