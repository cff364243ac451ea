# More regions than anybody reads: the first of them, and how many there are.
cd "$TMP" || exit 3
mkdir old new
build() {
	{
		echo 'namespace t "A test.";'
		echo '/// Does a thing.'
		echo '/// use: to test.'
		echo 'capability f @1.0 {'
		echo '  input {'
		for i in $(seq 1 $2); do echo "    x$i : optional uint \"How much.\";"; done
		echo '  }'
		echo '  output { done : bool; }'
		echo '  error Sold "It is sold." recover stop "Try another one.";'
		echo '  effect state("stock");'
		echo '  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }'
		echo '  handler mcp "shop" tool "sell" resident;'
		echo '  example "one" { x1: 1 } -> { done: true };'
		echo '}'
	} > $1/t.cap
	{
		printf 'krux: policy/1\nname: o\nlayer: organization\nrules:\n'
		for i in $(seq 1 $2); do
			printf '  - id: r%s\n    on: t.f\n    when: has x%s and x%s > %s\n' $i $i $i $([ $i = $2 ] && echo $3 || echo 5)
			printf '    verdict: %s\n' $([ $((i % 2)) = 0 ] && echo autonomous || echo notify)
		done
		echo 'default: blocked'
	} > $1/o.yaml
}
build old 18 5
build new 18 6
"$KRUXC" diff old new > out; echo "exit $?"
grep -c such out; tail -1 out
"$KRUXC" diff old new --json | tail -1
"$KRUXC" diff old new --deny-widening; echo "narrowing: exit $?"
"$KRUXC" diff new old --deny-widening > out; echo "widening: exit $?"; grep -c such out; tail -1 out
