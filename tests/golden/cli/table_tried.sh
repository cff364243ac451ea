# Classes that take long to find words for leave enough for those of the next capability.
cd "$TMP" || exit 3
mkdir caps p
cat > caps/t.cap <<'X'
namespace t "T.";
/// Does tr.
/// use: tr.
capability tr @1.0 {
  input { p : path max 64 "P."; n : uint 0..1000 = 0 "N."; q : path max 64 "Q."; }
  output { ok : bool "Ok."; }
  error F "F." recover stop "S.";
  effect reads(tree p), writes(q);
  limits { memory 64MiB; cpu 1s; wall 5s; pids 1; files 16; output 4KiB; }
  handler mcp "t" tool "tr" resident;
  example "e" { p: "/a", q: "/b" } -> { ok: true };
}
/// Does u.
/// use: u.
capability u @1.0 {
  input { u : url "U."; sz : size 0..1GiB = 0 "Z."; h : optional ip "H."; d : decimal 2 -10..10 = 0 "D."; }
  output { ok : bool "Ok."; }
  error F "F." recover stop "S.";
  effect connects(u);
  limits { memory 64MiB; cpu 1s; wall 5s; pids 1; files 16; output 4KiB; }
  handler mcp "t" tool "u" resident;
  example "e" { u: "http://a.b/" } -> { ok: true };
}
X
cat > p/0.yaml <<'X'
krux: policy/1
name: org
layer: organization
rules:
  - id: path
    on: t.u
    agent: "ci-*"
    when: 'u.path starts with "/b/"'
    verdict: blocked
  - id: r2
    on: t.tr
    agent: "ci-*"
    when: 'any(writes, it ends with "b")'
    verdict: notify
    budget: { sum: n, max: 10, per: 1h, exceeded: approval-required }
  - id: r3
    on: t.tr
    agent: "ci-*"
    when: '(q matches "/workspace/?" and (q matches "**/b/**" or (q under "/workspace/ab" or size(p) > 14)))'
    verdict: blocked
default: approval-required
X
cat > p/1.yaml <<'X'
krux: policy/1
name: ag
layer: agent
agents: ["ci-*"]
rules:
  - id: r0
    on: t.tr
    when: 'q matches "/workspace/*/c/**"'
    verdict: notify
    rate: { max: 3, per: 1h, exceeded: blocked }
  - id: r3
    on: t.tr
    agent: "ci-*"
    when: 'p matches "/workspace/*"'
    verdict: notify
    rate: { max: 1, per: 1h, exceeded: blocked }
X
"$KRUXC" table p -I caps --json > table.json
grep -o '"when":"[^{]*{too large for words: [a-z.]* ' table.json | grep -o '{too large for words: [a-z.]* ' | sort -u
grep -o '{"capability":"t.u".*' table.json
