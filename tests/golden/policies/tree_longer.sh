# LANG.md 4.1: what lies below may be longer than the field allows. It then has the field's max as
# its size, and counts also where no argument can be like it.
. "$top/tests/golden/policies/tree.inc"
tree_capability "path max 30"
cat > "$TMP/p/p.yaml" <<'YAML'
krux: policy/1
name: p
layer: organization
rules:
  - id: kept
    on: ns.read
    when: path under "/workspace/projects" and path ends with "/the-ledgers"
    verdict: blocked
  - id: long
    on: ns.read
    when: path under "/workspace/deep" and size(path) >= 30
    verdict: approval-required
default: autonomous
tests:
  - call: ns.read { path: "/workspace/projects" }
    as: builder
    expect: blocked
  - call: ns.read { path: "/workspace/deep/aaaaaaaaaaaaa" }
    as: builder
    expect: approval-required
  - call: ns.read { path: "/workspace/deep/aaaaaaaaaaa" }
    as: builder
    expect: approval-required
  - call: ns.read { path: "/workspace/deep" }
    as: builder
    expect: approval-required
  - call: ns.read { path: "/workspace/other" }
    as: builder
    expect: autonomous
YAML
"$KRUXC" table "$TMP/p" && "$KRUXC" test "$TMP/p"
# There is no call whose path it is that decides, so no rule is named.
cd "$TMP" && "$KRUXC" eval p --agent builder ns.read '{"path":"/workspace/projects"}'
