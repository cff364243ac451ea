# docs/confinement.md ends with the table of runtime/sandbox/process.def.
cd "$top" || exit 3
n=$(awk -f mk/confinement.awk runtime/sandbox/process.def | tee "$TMP/table" | wc -l)
if tail -n "$n" docs/confinement.md | cmp -s - "$TMP/table"; then
	echo "1 passed, 0 failed"
else
	echo "docs/confinement.md: awk -f mk/confinement.awk runtime/sandbox/process.def makes its table"
	echo "0 passed, 1 failed"
fi
