# Another zone is another meaning of every rule that reads the local time, and of no other one.
cd "$TMP" || exit 3
policy() {
	cat <<X
krux: policy/1
name: o
layer: organization
zone: $1
rules:
  - id: day
    on: system.time
    when: ${2:-time in 09:00..17:00}
    verdict: autonomous
  - id: sums
    on: filesystem.stat
    when: path under "/workspace"
    verdict: autonomous
default: blocked
X
}
policy Europe/Berlin > old.yaml
for zone in Europe/Berlin Europe/London; do
	policy $zone > new.yaml
	"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps"; echo "exit $?"
	"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps" --deny-widening > wider; echo "wider: exit $?"
done
"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps" --json
# Narrower by the clock, and not by the sun.
policy Europe/London 'time in 10:00..16:00' > new.yaml
"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps"
policy Europe/Berlin 'workspace.calls(filesystem.read) < 3' > old.yaml
policy Europe/London 'workspace.calls(filesystem.read) < 3' > new.yaml
"$KRUXC" diff old.yaml new.yaml -I "$top/stdlib-caps"; echo "exit $?"
