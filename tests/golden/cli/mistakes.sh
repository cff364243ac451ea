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
# What keeps a field from being an option: what helps here, and no more.
argv() {
	printf 'namespace demo "An example.";\n/// Acts.\n/// use: in examples.\ncapability act @1.0 {\n'
	printf '  input { s : string max 20 "A text."; n : int "A number."; }\n  output { }\n'
	printf '  error Failed "It failed." recover stop "Give up.";\n  effect none;\n'
	printf '  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }\n'
	printf '  handler command "%s" sha256 "%064d"\n    argv [ %s ];\n  example "one" { s: "a", n: 1 } -> { };\n}\n' "$1" 0 "$2"
}
for a in '"-r", "--", s' '"-r", n' 's'; do argv /opt/tool "$a" > act.cap; check act.cap; done
# What is not known to be harmless of programs that can run code, and what is, where there is one way or several.
use() { argv "$1" "$2" > use.cap; check use.cap; }
use /usr/bin/git '"-c", "alias.x=!sh", "x", "--", s'
use /usr/bin/env '"--", s'
use /usr/bin/install '"-s", "--", s'
use /bin/sh '"/workspace/run", "--", s'
echo '# nothing yet' > none.yaml
check none.yaml
mkdir caps && argv /opt/tool '"--", s' > caps/act.cap
"$KRUXC" test caps; "$KRUXC" check caps
"$KRUXC" keygen k > /dev/null; "$KRUXC" keygen k
"$KRUXC" build none.yaml -o out --key k.pub
printf '{ "tools": [ { "name": "read", "description": "Reads.", "inputSchema": { "type": "object" } } ] }\n' > tools.json
printf -- '- name: files.read\n  purpose: Reads.\n' > capabilities.yaml
"$KRUXC" import kruxos tools.json; "$KRUXC" import mcp capabilities.yaml
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
