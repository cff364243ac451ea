# One call decided, in words and as JSON.
ev() { "$KRUXC" eval stdlib-caps/policies/team-moderate.yaml -I stdlib-caps --agent builder "$@"; echo "exit $?"; }
ev filesystem.read '{"path":"/workspace/a"}'
ev filesystem.read '{"path":"/workspace/a"}' --json
ev filesystem.read '{"path":"/workspace//./a/"}'
ev filesystem.read '{"path":"/workspace/../etc"}'
ev filesystem.read '{"path":"/workspace/a","limit":0}'
ev filesystem.raed '{"path":"/workspace/a"}'
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"rates":{"write-workspace":600}}'
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"weather":1}'
ev filesystem.write '{"path":"/etc/a","content":"x"}' --explain
ev filesystem.write '{"path":"/workspace/.git/hooks/x","content":"x"}' --explain
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"rates":{"write-wrkspace":600}}'
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"budgets":{"team-moderate/write-workspace":600}}'
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"calls":{"filesystem.raed":1}}'
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"calls":{"filesystem.read":18446744073709551616}}'
# Explained as JSON; and the smallest change is one of the arguments wherever there is one.
short() { sed 's/\("define":{"[a-z0-9_]*":\)[^}]*}/\1...}/'; }
ev filesystem.write '{"path":"/etc/a","content":"x"}' --explain --json | short
ev filesystem.write '{"path":"/workspace/a","content":"x"}' --facts '{"rates":{"write-workspace":600}}' --explain | short
ev filesystem.copy '{"source":"/workspace/a.pem","destination":"/workspace/.git/x"}' --explain | short
ev filesystem.delete '{"path":"/workspace/a"}' --explain --json | short
cat > "$TMP/day.yaml" <<'X'
krux: policy/1
name: day
layer: organization
zone: UTC
rules:
  - id: monday
    on: system.time
    agent: "ci-*"
    when: weekday == mon and workspace.calls(system.time) < 3
    verdict: notify
  - id: always
    on: system.info
    verdict: autonomous
default: blocked
X
day() { "$KRUXC" eval "$TMP/day.yaml" -I stdlib-caps "$@" --explain; echo "exit $?"; }
day --agent ci-1 system.time '{}' --facts '{"weekday":"tue","calls":{"system.time":5}}'
day --agent me system.time '{}'
day --agent me system.time '{}' --json
day --agent me system.info '{}' --json
# What may be left out is asked for once.
cat > "$TMP/part.yaml" <<'X'
krux: policy/1
name: part
layer: organization
rules:
  - id: part
    on: filesystem.list
    when: path under "/workspace" and has cursor and cursor starts with "a"
    verdict: autonomous
default: blocked
X
"$KRUXC" eval "$TMP/part.yaml" -I stdlib-caps --agent me filesystem.list '{"path":"/workspace/a"}' --explain
# What a budget has left depends on what the call adds: a change that is shown counts that.
cat > "$TMP/t.cap" <<'C'
namespace t "T.";

/// Does it.
/// use: to test.
capability one @1.0 {
  input { n : uint 0..5 "N."; }
  output { }
  error Bad "Bad." recover ask "Ask.";
  effect none;
  limits { memory 64MiB; cpu 1s; wall 5s; pids 1; files 16; output 4KiB; }
  handler mcp "t" tool "one" resident;
  example "one" { n: 1 } -> { };
}
C
printf 'krux: policy/1\nname: o\nlayer: organization\nrules:\n  - { id: big, on: t.one, when: n > 3, verdict: notify, budget: { sum: n, max: 5, per: 1h } }\ndefault: approval-required\n' > "$TMP/b.yaml"
left() { "$KRUXC" eval "$TMP/b.yaml" -I "$TMP/t.cap" --agent grp t.one "$1" --facts "$2" --explain | tail -4; }
left '{"n":1}' '{"budgets":{"big":1}}'
left '{"n":1}' '{"budgets":{"big":2}}'
