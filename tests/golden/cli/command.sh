# Commands of examples/commands, pinned to this machine's programs: what their plans say, and calls of them through all
# processes of the runtime.
cd "$TMP" || exit 3
mkdir caps
for n in text git; do sh "$top/examples/commands/pin.sh" "$top/examples/commands/$n.cap.in" > caps/$n.cap; done
cat > caps/other.cap <<END
namespace other "Programs that are others.";
/// Runs another program than the one that is pinned.
/// use: never.
capability run @1.0 {
  input { }
  output { status : uint "Exit status."; }
  error Missing "No file is there." recover stop "Give up.";
  effect none;
  limits { memory 64MiB; cpu 1s; wall 9s; pids 1; files 16; output 16KiB; }
  handler command "/usr/bin/true" sha256 "$(printf %064d 0)" argv [ ];
  example "one" { } -> { status: 0 };
}
/// Makes a file, which is there when a person has approved it.
/// use: never.
capability touch @1.0 {
  input { path : path "The file."; }
  output { status : uint "Exit status."; refused : list<record { path : string max 4KiB; why : string max 200; }> max 9 "What is not."; }
  error Missing "No file is there." recover stop "Give up.";
  effect creates(path);
  limits { memory 64MiB; cpu 1s; wall 9s; pids 1; files 16; output 16KiB; }
  handler command "/usr/bin/touch" sha256 "$(sha256sum /usr/bin/touch | cut -c1-64)" argv [ path ];
  changes: approve;
  example "one" { path: "/workspace/new" } -> { status: 0 };
}
END
"$KRUXC" fmt caps/other.cap | grep changes:
cat > p.yaml <<'END'
krux: policy/1
name: p
layer: organization
rules:
  - id: secrets
    on: [ text.count, text.sort ]
    when: path under "/workspace/secrets"
    verdict: blocked
  - id: text
    on: [ "text.*", "git.*", "other.*" ]
    up-to: writes
    verdict: autonomous
default: blocked
END
"$KRUXC" keygen k > k.out && "$KRUXC" build p.yaml -I caps -o out --key k.key
sed 's/SHA-256 [0-9a-f]*/SHA-256 HASH/' out/sandbox/text.sort@1.0.plan
cat out/sandbox/text.sort@1.0.landlock.txt
grep changes: out/sandbox/*.plan
"$KRUXRT" init --state state > init.out
cp k.pub state/trust/bundles/
ws=state/workspaces/builder
mkdir -p $ws/secrets
printf 'c\nb\na\n' > $ws/a
cp $ws/a $ws/secrets/a
git -c init.defaultBranch=main init -q $ws
git -C $ws add a
GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' git -C $ws -c user.name=a -c user.email=a@b commit -q --date 2026-01-01T00:00:00Z -m 'Three lines'
[ "$(id -u)" != 0 ] || chown -R 60871:60871 $ws
# How the daemon of one call ends, when it has been answered, is not looked at.
call() { echo "== $*"; "$KRUXRT" call "$@" --as builder --state state --bundle out/bundle.krux 2>&1 | sed 's/"record":[0-9]*/"record":N/; /ended by signal 9$/d'; }
call text.count '{"path":"/workspace/a"}'
call text.sort '{"path":"/workspace/a"}'
cat $ws/a
call text.sort '{"path":"/workspace/b"}'
call text.diff '{"old":"/workspace/a","new":"/workspace/secrets/a"}' | sed 's/\(workspace[a-z/]*\)\\t[^\\]*/\1/g'
call text.count '{"path":"/workspace/secrets/a"}'
call git.status '{}'
call git.log '{"count":1}' | sed 's/[0-9a-f]\{7\} Three/HASH Three/'
call git.status '{"repository":"/workspace/secrets"}' | grep -o 'status":[0-9]*'
call other.run '{}'
call other.touch '{"path":"/workspace/new"}' | sed 's/"ticket":"[0-9a-f]*"/"ticket":"HASH"/'
ls -A $ws
"$KRUXRT" audit export --state state --format jsonl 2>/dev/null | grep -o '"layers":\[[^]]*\]' | sed 's/"idmapped-mounts",//; s/landlock\.[0-9]/landlock.N/; s/,"cgroup[a-z.]*"//g; s/,"ebpf"//g' | sort -u
