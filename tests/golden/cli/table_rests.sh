# What is left of a folder, and what is decided for all that lies below a path, in the words of the policy:
# no regular expression where the policy has none.
cd "$TMP" || exit 3
cat > t.cap <<'Y'
namespace t "T.";
/// Takes all that is below.
/// use: in tests.
capability tree @1.0 {
  input { root : path "A path."; }
  output { }
  error Failed "It failed." recover stop "Give up.";
  effect reads(tree root);
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }
  handler mcp "t" tool "tree" resident;
  example "one" { root: "/workspace/a" } -> { };
}
/// Takes a path.
/// use: in tests.
capability one @1.0 {
  input { root : path "A path."; }
  output { }
  error Failed "It failed." recover stop "Give up.";
  effect reads(root);
  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 4; output 1KiB; }
  handler mcp "t" tool "one" resident;
  example "one" { root: "/workspace/a" } -> { };
}
Y
table() {
	echo "-- $1"
	{ printf 'krux: policy/1\nname: p\nlayer: organization\ndefault: blocked\nrules:\n'; cat; } > p.yaml
	"$KRUXC" table .
}
rule() { printf '  - { id: %s, on: [ t.tree, t.one ], when: %s, verdict: %s }\n' "$1" "'$3'" "$2"; }

{
	rule a notify 'root matches "/workspace/*"'
	rule b autonomous 'root under "/workspace/q"'
	rule c approval-required 'root under "/workspace"'
} | table "a level of a folder"
{
	rule a notify 'root == "/workspace/q" or root matches "/workspace/**/*.md"'
	rule b blocked 'root under "/workspace/q" or root under "/workspace/d" or root matches "**/*.key"'
	rule c autonomous 'root under "/workspace"'
} | table "without folders and names"
rule a autonomous 'root under "/workspace" and not root matches "/workspace/d/*/log"' | table "folders on the way of a pattern"
{
	rule a notify 'root matches "/workspace/d/*/*"'
	rule b notify 'root under "/workspace/q" or root == "/workspace/d/e"'
	rule c autonomous 'root like "/workspace/[0-9]{2,3}/log" or root == "/workspace"'
} | table "single paths"
