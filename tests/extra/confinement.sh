# docs/confinement.md has what kruxrt doctor --processes shows, and ends with the table of runtime/sandbox/process.def.
cd "$top" || exit 3
passed=0 failed=0
ok() {
	if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok confinement: $2"; fi
}
n=$(awk -f mk/confinement.awk runtime/sandbox/process.def | tee "$TMP/table" | wc -l)
tail -n "$n" docs/confinement.md | cmp -s - "$TMP/table"
ok $? "awk -f mk/confinement.awk runtime/sandbox/process.def makes the last table of docs/confinement.md"

"$KRUXRT" doctor --processes > "$TMP/said"
ok $? "doctor --processes"
awk -f mk/processes.awk "$TMP/said" > "$TMP/table"
sed -n '/^## Processes$/,/^## System calls$/{/^|/p}' docs/confinement.md | cmp -s - "$TMP/table"
ok $? "kruxrt doctor --processes | awk -f mk/processes.awk makes the table of processes in docs/confinement.md"
sed -n 's/^PROCESS\(_OTHER\)*([A-Z]*, *"\([^"]*\)".*/\2/p' runtime/sandbox/processes.def > "$TMP/names"
sed -n 's/^  \([^ ].*\)/\1/p' "$TMP/said" | cmp -s - "$TMP/names"
ok $? "doctor shows each process once, in the order of the table"
"$KRUXRT" doctor --processes --json > "$TMP/json"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))["processes"]
assert all(p["network"] and (p["files"] or p["files_besides"] or p["name"] in ("gate", "egress", "recorder")) for p in d)
assert all(f["place"] and f["rights"] for p in d for f in p["files"])
print("\n".join(p["name"] for p in d))' "$TMP/json" | cmp -s - "$TMP/names"
ok $? "--json holds the same"
echo "$passed passed, $failed failed"
