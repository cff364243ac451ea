# LANG.md 4.1: the root of a tree is seen (notify), something below it is asked for: the tree is
# asked for, and seen. Where all below is blocked, nothing is left to be seen.
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
  - id: no
    on: ns.read
    when: path under "/workspace/c/d"
    verdict: blocked
default: notify
YAML
"$KRUXC" table "$TMP/p"
