# Commands: what their plans say, and calls of them through all processes of the runtime.
cd "$TMP" || exit 3
mkdir caps
sha() { sha256sum "$1" | cut -d' ' -f1; }
cat > caps/text.cap <<END
namespace text "Tools on text.";
/// Counts the lines of a file.
/// use: to know how long a text is without reading it.
capability count @1.0 {
  input { path : path "A file."; }
  output { status : uint "Exit status."; stdout : string max 4KiB "The number of lines, and the path."; }
  error Missing "No file is there." recover stop "Give up.";
  effect reads(path);
  limits { memory 64MiB; cpu 1s; wall 9s; pids 1; files 16; output 16KiB; }
  handler command "/usr/bin/wc" sha256 "$(sha /usr/bin/wc)" argv [ "-l", "--", path ];
  example "three lines" { path: "/workspace/a" } -> { status: 0 };
}
/// Sorts a file in place.
/// use: to bring lines into order.
capability sort @1.0 {
  input { path : path "A file."; reverse : bool = false unused "Unused."; }
  output {
    changed : list<path> max 4 "What changed.";
    refused : list<record { path : string max 4KiB; why : string max 200; }> max 4 "What was refused.";
  }
  error Failed "It could not be sorted." recover stop "Give up.";
  effect reads(path), writes(path);
  limits { memory 64MiB; cpu 1s; wall 9s; pids 1; files 16; output 64KiB; }
  handler command "/usr/bin/sort" sha256 "$(sha /usr/bin/sort)" argv [ "-o", path, "--", path ];
  example "three lines" { path: "/workspace/a" } -> { refused: [] };
}
/// Runs another program than the one that is pinned.
/// use: never.
capability other @1.0 {
  input { }
  output { status : uint "Exit status."; }
  error Missing "No file is there." recover stop "Give up.";
  effect none;
  limits { memory 64MiB; cpu 1s; wall 9s; pids 1; files 16; output 16KiB; }
  handler command "/usr/bin/true" sha256 "$(printf %064d 0)" argv [ ];
  example "one" { } -> { status: 0 };
}
END
sed -i 's/ reverse : bool = false unused "Unused.";//' caps/text.cap
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
    on: "text.*"
    up-to: writes
    verdict: autonomous
default: blocked
END
"$KRUXC" keygen k > k.out && "$KRUXC" build p.yaml -I caps -o out --key k.key
sed 's/SHA-256 [0-9a-f]*/SHA-256 HASH/' out/sandbox/text.sort@1.0.plan
cat out/sandbox/text.sort@1.0.landlock.txt
"$KRUXRT" init --state state > init.out
cp k.pub state/trust/bundles/
ws=state/workspaces/builder
mkdir -p $ws/secrets
printf 'c\nb\na\n' > $ws/a
cp $ws/a $ws/secrets/a
[ "$(id -u)" != 0 ] || chown -R 60871:60871 $ws
# How the daemon of one call ends, when it has been answered, is not looked at.
call() { echo "== $*"; "$KRUXRT" call "$@" --as builder --state state --bundle out/bundle.krux 2>&1 | sed 's/"record":[0-9]*/"record":N/; /ended by signal 9$/d'; }
call text.count '{"path":"/workspace/a"}'
call text.sort '{"path":"/workspace/a"}'
cat $ws/a
call text.sort '{"path":"/workspace/b"}'
call text.count '{"path":"/workspace/secrets/a"}'
call text.other '{}'
ls -A $ws
"$KRUXRT" audit export --state state --format jsonl 2>/dev/null | grep -o '"layers":\[[^]]*\]' | sort -u | sed 's/landlock\.[0-9]/landlock.N/'
