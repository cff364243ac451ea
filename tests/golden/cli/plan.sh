# The sandbox plans: what calls of each class of agents can reach, and who holds them to it.
cd "$TMP" || exit 3
cat > team.yaml <<'END'
krux: policy/1
name: team
layer: organization
groups:
  builders: [ builder, "ci-*" ]
rules:
  - id: small-drafts
    on: filesystem.write
    agent: builders
    when: path under "/workspace/drafts" and size(path) < 40 and size(content) <= 1KiB
    verdict: autonomous
  - id: notes
    on: filesystem.write
    agent: writer
    when: path under "/workspace/notes" and workspace.calls(filesystem.read) < 3
    verdict: approval-required
  - id: look
    on: filesystem.search
    when: path under "/workspace"
    verdict: autonomous
default: blocked
END
"$KRUXC" build team.yaml -I "$top/stdlib-caps" -o out 2>&1 | head -5
for f in filesystem.write filesystem.search filesystem.delete system.time; do
	cat "out/sandbox/$f@1.0.plan"
	echo
done
cat out/sandbox/common.txt
# What Landlock is told: folders that hold all that calls can reach.
cat out/sandbox/filesystem.write@1.0.landlock.txt out/sandbox/filesystem.search@1.0.landlock.txt
# A folder that holds more names than can be counted one by one is one folder.
cat > many.yaml <<'END'
krux: policy/1
name: team
layer: organization
rules:
  - id: names
    on: filesystem.write
    when: path like "/workspace/docs/[a-d]{30}" or path like "/workspace/[ab]/x"
    verdict: autonomous
default: blocked
END
timeout 120 "$KRUXC" build many.yaml -I "$top/stdlib-caps" -o many 2>&1 | head -5
sed -n '/every agent/,/^$/p' many/sandbox/filesystem.write@1.0.landlock.txt
# More folders than a plan names: those that lie deepest together become one, and plan and twin say so.
{
	printf 'krux: policy/1\nname: team\nlayer: organization\nrules:\n  - id: names\n    on: filesystem.write\n    when: '
	seq 10 79 | sed 's|.*|path matches "/workspace/lib/d&/*"|' | paste -s -d+ | sed 's/+/ or /g; s|$| or path matches "/workspace/docs/*"|'
	printf '    verdict: autonomous\ndefault: blocked\n'
} > joined.yaml
"$KRUXC" build joined.yaml -I "$top/stdlib-caps" -o joined
sed -n '/every agent/,/^$/p' joined/sandbox/filesystem.write@1.0.landlock.txt
grep -n 'more than' joined/sandbox/filesystem.write@1.0.plan
# Lists of paths, of every effect that takes one; words of a table before do not outlive it.
{
	printf 'namespace team "Lists.";\n'
	for e in reads writes creates deletes executes; do
		printf '/// Does it.\n/// use: in tests.\ncapability %s @1.0 {\n  input { ps : list<path> max 64 "P."; }\n' "all_$e"
		printf '  output { content : string "C."; }\n  error Failed "It failed." recover stop "Give up.";\n  effect %s(ps);\n' $e
		printf '  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }\n  handler mcp "team" tool "all_%s" resident;\n' $e
		printf '  example "one" { ps: [ ] } -> { content: "" };\n}\n'
	done
} > lists.cap
printf 'krux: policy/1\nname: team\nlayer: organization\nrules: []\ndefault: approval-required\n' > lists.yaml
"$KRUXC" build lists.yaml lists.cap -o lists
cat lists/sandbox/team.*.plan | grep '^    '
