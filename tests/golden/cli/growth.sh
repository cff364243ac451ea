# The rules that K9001 names multiply what is there; those with large conditions do not.
{
	printf 'krux: policy/1\nname: demo\nlayer: organization\nrules:\n'
	for i in 1 2 3 4 5 6 7 8; do
		printf '  - id: large%s\n    on: filesystem.write\n    verdict: notify\n    when: path in [ ' "$i"
		seq -s ', ' -f "\"/data/$i/%g\"" 1 60 | sed 's/$/ ]/'
	done
	seq 1 20 | sed 's/.*/  - id: both&\
    on: filesystem.write\
    when: path matches "**\/d&\/**" and path matches "**\/e&\/**"\
    verdict: blocked/'
	printf 'default: notify\n'
} > "$TMP/demo.yaml"
cd "$TMP" || exit
"$KRUXC" check demo.yaml -I "$top/stdlib-caps" 2>&1 | sed 's/:[0-9]*:[0-9]*:/:/; /^ *[0-9]* | /d'
