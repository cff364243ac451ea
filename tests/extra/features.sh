# docs/features.md ends with the table of runtime/sandbox/features.def; kruxrt doctor shows the same rows.
cd "$top" || exit 3
passed=0 failed=0
ok() {
	if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok features: $2"; fi
}
n=$(awk -f mk/features.awk runtime/sandbox/features.def | tee "$TMP/table" | wc -l)
tail -n "$n" docs/features.md | cmp -s - "$TMP/table"
ok $? "awk -f mk/features.awk runtime/sandbox/features.def makes the table of docs/features.md"

"$KRUXRT" doctor > "$TMP/said" 2> "$TMP/err" &
doctor=$!
wait $doctor
code=$?
[ $code = 0 ] || [ $code = 1 ]
ok $? "doctor exits with $code: $(cat "$TMP/err")"
sed -n 's/^| `\(.*\)` | .*/\1/p' "$TMP/table" > "$TMP/names"
sed -n 's/^  \([a-z][a-z0-9.-]*\) *\(needed\|waivable\|commands\|connects\|limits\|workspace\|second\|unused\) .*/\1/p' "$TMP/said" | cmp -s - "$TMP/names"
ok $? "doctor shows each feature once, in the order of the table"
# What such a one would hold is not held where it is there, either.
! grep -A1 ' unused *no' "$TMP/said" | grep -q 'without it'
ok $? "doctor does not say of what is unused that something is lost without it"
! grep -q 'needed *no' "$TMP/said"
ok $? "this machine lacks nothing that calls need"
tail -2 "$TMP/said" | grep -q '^Calls can be confined here'
ok $? "and doctor says so"

"$KRUXRT" doctor --json > "$TMP/json"
[ $? = $code ]
ok $? "the exit code does not depend on --json"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
names = [f["name"] for f in d["features"]]
assert d["able"] is True and all(f["present"] or (f["why"] and f["loses"] and f["get"]) for f in d["features"])
print("\n".join(names))' "$TMP/json" | cmp -s - "$TMP/names"
ok $? "--json holds the same"
# Nothing stays behind. The groups of others are theirs: one that was killed leaves its own.
! find /sys/fs/cgroup -maxdepth 3 -name "krux-try-$doctor" 2> /dev/null | grep -q .
ok $? "no control group is left"
"$KRUXRT" doctor --jsn > /dev/null 2>&1
[ $? = 2 ]
ok $? "wrong usage is 2"
echo "$passed passed, $failed failed"
