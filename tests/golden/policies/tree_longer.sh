# LANG.md 4.1: what lies below may be longer than the field allows. It then has the field's max as
# its size, and counts also where no argument can be like it.
mkdir "$TMP/p"
cat > "$TMP/p/ns.cap" <<'CAP'
namespace ns "For trees.";

/// Reads a folder.
/// use: to try trees out.
capability read @1.0 {
  input { path : path max 30 "What."; }
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
