# A table in text is the JSON, shorter: with what stands above a row put in front of it, the rows are those
# of the JSON that are not blocked; and the names of long sets mean the same in both.
cd "$TMP" || exit 3
p=$top/stdlib-caps/policies/team-moderate.yaml
"$KRUXC" table "$p" -I "$top/stdlib-caps" > table.txt
"$KRUXC" table "$p" -I "$top/stdlib-caps" --json > table.json
tr '\n' ' ' < table.json | sed 's/{"when":"/\n/g' |
	grep -v '"outcome":{"verdict":"blocked","would":"blocked"' |
	sed -n 's/","outcome":.*//p' | sed 's/\\"/"/g' > json.txt
grep -q '^  paths_[0-9a-f]\{8\}: ' table.txt && echo "long sets have names"
grep -q '^    [^ ].* | ' table.txt && echo "rows stand below what they share"
sed -n 's/^  \(paths_[0-9a-f]*\): \(.*\)/\1 \2/p' table.txt > names.txt
sed -n '1s/{"define":{\(.*\)},"tables":.*/\1/p' table.json | sed 's/","/\n/g' |
	sed 's/\\"/\x01/g; s/"//g; s/\x01/"/g; s/:/ /' > names.json.txt
cmp names.txt names.json.txt && echo "the names mean the same"
awk '
	# Is there an `or` outside of all parentheses.
	function either(s, i, depth) {
		for (i = 1; i <= length(s); i++) {
			depth += (substr(s, i, 1) == "(") - (substr(s, i, 1) == ")")
			if (!depth && substr(s, i, 4) == " or ")
				return 1
		}
		return 0
	}
	function clause(s) { return either(s) ? "(" s ")" : s }
	/^define:/ || /^  paths_/ || /^ *blocked .*\| always$/ || / \| otherwise$/ || !/^ / { next }
	{
		match($0, /^ */)
		depth = RLENGTH / 2
		if (/:$/) {
			above[depth] = above[depth - 1] clause(substr($0, RLENGTH + 1, length($0) - RLENGTH - 1)) " and "
			next
		}
		row = substr($0, index($0, " | ") + 3)
		print above[depth - 1] (above[depth - 1] == "" ? row : clause(row))
	}' table.txt > rows.txt
cmp rows.txt json.txt && echo "the rows are alike"
