# Keys of people, of a stopped state: added, shown, taken back, each by a signed record.
s=$TMP/s
"$KRUXRT" init --state "$s" > /dev/null || exit 1
(cd "$TMP" && "$KRUXC" keygen zoe && "$KRUXC" keygen release) > /dev/null || exit 1
cp "$KRUXRT" "$TMP/junk.pub"
k() { "$KRUXRT" keys "$@" 2>&1 | sed -e "s|$TMP|TMP|g" -e 's/ [0-9a-f]\{16\}$/ .../' -e 's/"key":"[0-9a-f]*"/"key":"..."/'; }
op="--operator $s/keys/operator.key" at="--state $s"
echo "== add"
k add "$TMP/zoe.pub" --role approver $op $at
k add "$TMP/zoe.pub" --role operator $op $at --json
k add "$TMP/release.pub" --role bundle --operator "$TMP/zoe.key" $at
k list $at
k list $at --json
echo "== refused"
k add "$TMP/zoe.pub" --role approver $op $at
k add "$TMP/junk.pub" --role approver $op $at
k add "$TMP/none.pub" --role approver $op $at
k add "$TMP/zoe.pub" --role log $op $at
k add "$TMP/zoe.pub" --role approver $at
k add "$TMP/zoe.pub" --role approver $op
k add "$TMP/zoe.pub" --role bundle --operator "$TMP/release.key" $at
k revoke nobody --role approver $op $at
k revoke zoe --role approver $op $at --trust "$s/trust"
k list $at --socket "$TMP/sock"
k list "$TMP/zoe.pub" $at | head -1
echo "== revoke"
k revoke approver --role approver $op $at
k revoke operator --role operator $op $at
cp "$s/keys/operator.pub" "$s/trust/operators/"
echo "put back by hand:"
k revoke zoe --role operator $op $at
k revoke operator --role operator --operator "$TMP/zoe.key" $at
k revoke zoe --role operator --operator "$TMP/zoe.key" $at
k list $at
"$KRUXRT" audit verify --state "$s" > "$TMP/log" 2>&1; echo "verify: exit $?"
