# LANG.md 4.1: the root of a tree is seen (notify), something below it is asked for: the tree is
# asked for, and seen. Where all below is blocked, nothing is left to be seen.
. "$top/tests/golden/policies/tree.inc"
tree_capability "path"
cat > "$TMP/p/p.yaml" <<'YAML'
krux: policy/1
name: p
layer: organization
rules:
  - id: asked
    on: ns.read
    when: path under "/workspace/a/b"
    verdict: approval-required
  - id: no
    on: ns.read
    when: path under "/workspace/c/d"
    verdict: blocked
default: notify
YAML
"$KRUXC" table "$TMP/p"
