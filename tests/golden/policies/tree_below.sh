# A tree without `prunes` is judged by what lies below too: the path below and its rule are named.
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
    reason: "b is not for everyone"
  - id: rest
    on: ns.read
    when: path under "/workspace"
    verdict: autonomous
default: blocked
YAML
cd "$TMP" || exit 1
ev() { "$KRUXC" eval p --agent a ns.read "$@"; echo "exit $?"; }
ev '{"path":"/workspace/a"}'
ev '{"path":"/workspace/a"}' --json
ev '{"path":"/workspace/a"}' --explain
ev '{"path":"/workspace/a/b"}'
ev '{"path":"/workspace/c"}'
ev '{"path":"/"}'
