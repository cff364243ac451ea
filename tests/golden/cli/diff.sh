# What a change of one line changes, exactly.
cd "$TMP" || exit 3
p=$top/stdlib-caps/policies/team-moderate.yaml
"$KRUXC" diff "$p" "$p" -I "$top/stdlib-caps"; echo "exit $?"
"$KRUXC" diff "$p" "$p" -I "$top/stdlib-caps" --json; echo "exit $?"
sed 's/size(content) > 1MiB/size(content) > 2MiB/' "$p" > more.yaml
"$KRUXC" diff "$p" more.yaml -I "$top/stdlib-caps"; echo "exit $?"
"$KRUXC" diff "$p" more.yaml -I "$top/stdlib-caps" --deny-widening > /dev/null; echo "widening: exit $?"
"$KRUXC" diff more.yaml "$p" -I "$top/stdlib-caps" --deny-widening > /dev/null; echo "narrowing: exit $?"
sed '/id: put-back/,/verdict/d' "$p" | sed '/^prove:/,$d' > less.yaml
"$KRUXC" diff "$p" less.yaml -I "$top/stdlib-caps" --json; echo "exit $?"
"$KRUXC" diff "$p" less.yaml -I "$top/stdlib-caps" --json --deny-widening; echo "exit $?"
