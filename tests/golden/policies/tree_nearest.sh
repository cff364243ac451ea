# What a rule asks for of a tree is said of the tree: its path is no list.
. "$top/tests/golden/policies/tree.inc"
tree_capability "path"
cat > "$TMP/p/p.yaml" <<'YAML'
krux: policy/1
name: p
layer: organization
rules:
  - id: some
    on: ns.read
    when: all(reads, it under "/workspace") and any(reads, it under "/workspace/a/b")
    verdict: autonomous
default: blocked
YAML
cd "$TMP" || exit 1
"$KRUXC" eval p --agent a ns.read '{"path":"/home"}' --explain | sed -n '/^nearest/,/^$/p'
"$KRUXC" eval p --agent a ns.read '{"path":"/home"}' --explain --json | grep -o '"failed":[^]]*]'
