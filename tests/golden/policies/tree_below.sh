# A tree without `prunes` is judged by what lies below too: the path below and its rule are named.
mkdir "$TMP/p"
cat > "$TMP/p/ns.cap" <<'CAP'
namespace ns "For trees.";

/// Reads a folder.
/// use: to try trees out.
capability read @1.0 {
  input { path : path "What."; }
  output { ok : bool; }
  error Failed "It failed." recover stop "Give up.";
  effect reads(tree path);
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }
  handler builtin "ns_read";
  example "one" { path: "/workspace/a" } -> { ok: true };
}
CAP
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
