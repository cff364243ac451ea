# What people write who come from elsewhere: each mistake with its place and what to write instead.
cd "$TMP" || exit 3
check() { "$KRUXC" check "$1" -I "$top/stdlib-caps"; echo "exit $?"; }
cat > words.yaml <<'X'
krux: policy/1
name: words
layer: org
rules:
  - id: a
    on: filesystem.raed
    verdict: allow
  - id: b
    on: filesystem.read
    when: path under "workspace" or path matches "*.pem" or path like "^/x$"
    verdict: deny
  - id: c
    on: system.time
    verdict: ask
    rate: { max: 0, per: 1 hour }
  - id: d
    on: "*"
    verdict: log
default: nothing
X
check words.yaml
cat > signs.yaml <<'X'
krux: policy/1
name: signs
layer: organization
rules:
  - id: a
    on: filesystem.write
    when: path startswith "/workspace" && size(content) > 10KB
    verdict: blocked
  - id: b
    on: filesystem.write
    when: time > 9am or mode = overwrite or path == '/workspace/x'
    verdict: blocked
    rate: 10/1h
default: blocked
X
check signs.yaml
cat > indent.yaml <<'X'
krux: policy/1
name: indent
layer: organization
rules:
  - id: a
    on: filesystem.read
    verdict: blocked
      reason: deeper than its neighbours
default: blocked
X
check indent.yaml
