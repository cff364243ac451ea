# What the templates decide about a capability that runs what lies in the workspace, and that they hold to it.
cd "$TMP" || exit 3
cp -r "$top/stdlib-caps/filesystem" "$top/stdlib-caps/network" "$top/stdlib-caps/process" "$top/stdlib-caps/system" .
mkdir build
cat > build/build.cap <<'CAP'
namespace build "Builds.";
/// Builds what is asked for.
/// use: after an edit.
capability make @1.0 {
  input { target : enum { all, test } = all "What to make."; }
  output { status : uint "0: it is made."; }
  error Missing "Nothing of the program's own: see status." recover stop "Look at the status.";
  effect none;
  labels runs-workspace-code;
  limits { memory 256MiB; cpu 10s; wall 20s; pids 16; files 64; output 16KiB; }
  handler command "/usr/bin/make" sha256 "0000000000000000000000000000000000000000000000000000000000000000" argv [ target ];
  example "all" { } -> { status: 0 };
}
CAP
for t in personal-permissive team-moderate enterprise-restrictive; do
	cp "$top/stdlib-caps/policies/$t.yaml" .
	echo "== $t"
	"$KRUXC" check $t.yaml -I .
	"$KRUXC" eval $t.yaml -I . --agent writer-1 build.make '{}'
	"$KRUXC" test $t.yaml -I . | grep workspace-code
	# A rule that lets it run does not get past the claim.
	awk '/^rules:/ { print; print "  - { id: quick, on: build.make, verdict: autonomous }"; next } 1' $t.yaml > loose.yaml
	"$KRUXC" test loose.yaml -I . 2>&1 | grep workspace-code-is
	rm loose.yaml
done
sed -i 's/runs-workspace-code/compiles/' build/build.cap
"$KRUXC" check team-moderate.yaml -I . 2>&1 | head -4
