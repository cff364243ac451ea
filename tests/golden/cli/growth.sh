# The rules that K9001 names are those without which the diagram fits: not those with large conditions that
# multiply nothing.
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

echo "-- one rule among many"
# The diagram of that rule alone meets no limit, and neither do the others; the built-in ones are never named.
printf '%s\n' 'namespace t "T.";' '/// Takes lists.' '/// use: in tests.' 'capability f @1.0 {' \
	'  input { ps : list<path> max 8 "P."; rs : list<record { p : path unused; n : uint; }> max 8 = [] "R."; }' \
	'  output { }' '  error Failed "It failed." recover stop "Give up.";' '  effect reads(ps);' \
	'  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }' \
	'  handler mcp "t" tool "f" resident;' '  example "one" { ps: [ "/a" ] } -> { };' '}' > t.cap
{
	printf 'krux: policy/1\nname: demo\nlayer: organization\ndefault: blocked\nrules:\n'
	seq 1 200 | sed 's/.*/  - { id: small&, on: t.f, verdict: notify, when: "any(ps, it under \\"\/workspace\/p&\\")" }/'
	printf '  - id: culprit\n    on: t.f\n    verdict: autonomous\n    when: '
	seq 0 16 | awk '{ printf "%sany(rs, it.n in %d..%d and it.p matches \"**/x%d/**\")", (NR > 1 ? " or " : ""), 10 * $1, 10 * $1 + 15, $1 }'
	echo
} > demo.yaml
"$KRUXC" check demo.yaml t.cap 2>&1 | sed 's/:[0-9]*:[0-9]*:/:/; /^ *[0-9]* | /d; s/needs more .*/needs more/'
