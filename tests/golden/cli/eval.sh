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
