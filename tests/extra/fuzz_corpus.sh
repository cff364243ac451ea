# Every committed input of every fuzzer, without libFuzzer.
passed=0 failed=0
for corpus in tests/fuzz/corpus/*/; do
	name=$(basename "$corpus")
	if "$BUILD/replay/$name" "$corpus" > "$TMP/replay.out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $corpus"
		tail -20 "$TMP/replay.out"
	fi
done
echo "$passed passed, $failed failed"
