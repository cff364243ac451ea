# More regions than anybody reads: the first of them, and how many there are. Fields are as others that come later, so
# that no two regions differ in one condition alone. Then as many paths, which come to one region.
cd "$TMP" || exit 3
numbers=$(seq 0 10) pairs='1 2 3 4 5'
capability() {
	echo 'namespace t "A test.";'
	echo '/// Does a thing.'
	echo '/// use: to test.'
	echo 'capability f @1.0 {'
	echo '  input {'
	for i in $pairs; do echo "    x$i : uint 0..10 \"How many.\";"; done
	for i in $pairs; do echo "    y$i : uint 0..10 \"How many.\";"; done
	for i in $(seq 1 17); do echo "    z$i : optional uint \"How much.\";"; done
	echo '  }'
	echo '  output { done : bool; }'
	echo '  error Sold "It is sold." recover stop "Try another one.";'
	echo '  effect state("stock");'
	echo '  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }'
	echo '  handler mcp "shop" tool "sell" resident;'
	printf '  example "one" { '
	for i in $pairs; do printf 'x%s: 1, y%s: 1, ' $i $i; done
	echo 'z1: 1 } -> { done: true };'
	echo '}'
}
rule() {
	printf '  - id: %s\n    on: t.f\n    verdict: %s\n    when: ' $1 $2
}
policy() {
	mkdir $1
	capability > $1/t.cap
	{ printf 'krux: policy/1\nname: o\nlayer: organization\nrules:\n'; cat; echo 'default: blocked'; } > $1/o.yaml
}
alike() {
	rule same $1
	for i in $pairs; do
		for n in $numbers; do printf '%s(x%s == %s and y%s == %s)' "$([ $n = 0 ] && echo '(' || echo ' or ')" $i $n $i $n; done
		printf ')%s' "$([ $i = 5 ] || echo ' and ')"
	done
	echo
}
ways() {
	for i in $(seq 1 17); do
		rule r$i $([ $((i % 2)) = 0 ] && echo autonomous || echo notify)
		echo "has z$i and z$i > $([ $i = 17 ] && echo $1 || echo 5)"
	done
}
alike autonomous | policy old
alike notify | policy new
"$KRUXC" diff old new > out; echo "exit $?"
grep -c such out; tail -1 out
"$KRUXC" diff old new --json | tail -1
"$KRUXC" diff old new --deny-widening; echo "narrowing: exit $?"
"$KRUXC" diff new old --deny-widening > out; echo "widening: exit $?"; grep -c such out; tail -1 out
ways 5 | policy five
ways 6 | policy six
"$KRUXC" diff five six
