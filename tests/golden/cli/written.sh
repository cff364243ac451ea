# What is written over a file is there whole or not at all, keeps its rights, and follows no link.
cd "$TMP" || exit 3
policy() { printf 'krux: policy/1\nname:   %s\nlayer: organization\ndefault: blocked\nrules:\n' "$1"; }
small() { policy "$1" | sed 's/^rules:/& []/'; }
rule() { printf '  - { id: r%d, on: "filesystem.*", verdict: blocked, reason: "%s" }\n' "$1" "$2"; }
{ policy large; i=0; while [ $i -lt 400 ]; do rule $i "a reason that is as long as it has to be"; i=$((i + 1)); done; } > large.yaml
cp large.yaml before.yaml
(ulimit -f 16; trap '' XFSZ; "$KRUXC" fmt -w large.yaml; echo "exit $?")
cmp large.yaml before.yaml && echo "as it was"
(ulimit -f 16; trap '' XFSZ; "$KRUXC" table large.yaml -I "$top/stdlib-caps" -o large.yaml 2>&1 | tail -n 2)
cmp large.yaml before.yaml && echo "as it was"
ls -A
small small > small.yaml && chmod 640 small.yaml
"$KRUXC" fmt -w small.yaml; echo "exit $?"; stat -c %a small.yaml; "$KRUXC" fmt --check small.yaml && echo "in layout"
small linked > there.yaml && ln -s there.yaml linked.yaml
"$KRUXC" fmt -w linked.yaml; echo "exit $?"
[ -L linked.yaml ] && grep -c 'name:   ' there.yaml
small private > private.yaml && chmod 600 private.yaml
for o in private.yaml ./private.yaml "$TMP/private.yaml"; do
	"$KRUXC" table private.yaml -I "$top/stdlib-caps" -o "$o" 2>&1 | sed "s|$TMP|TMP|"
done
printf 'capabilities: { a.b: notify, b.c: blocked }\n' > b.yaml
printf 'name: b\ncapabilities: { a.b: blocked }\n' > c.yaml
"$KRUXC" import kruxos b.yaml -o b.yaml 2>&1 | tail -n 2
"$KRUXC" import kruxos b.yaml c.yaml -o . 2>&1 | grep -A1 'error'
cat b.yaml c.yaml
"$KRUXC" schema -o /dev/null; echo "exit $?"
"$KRUXC" schema -o /dev/full; echo "exit $?"
"$KRUXC" schema -o none/schema; echo "exit $?"
(umask 027; "$KRUXC" schema -o schema); stat -c %a schema
ls -A
