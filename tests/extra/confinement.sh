# docs/confinement.md has what kruxrt doctor --processes shows, and ends with the table of runtime/sandbox/process.def.
. "$top/tests/extra/outside.inc"
cd "$top" || exit 3
ok() { if [ "$1" = 0 ]; then good "$2"; else bad "$2" "it is not so"; fi; }
n=$(awk -f mk/confinement.awk runtime/sandbox/process.def | tee "$dir/table" | wc -l)
tail -n "$n" docs/confinement.md | cmp -s - "$dir/table"
ok $? "awk -f mk/confinement.awk runtime/sandbox/process.def makes the last table of docs/confinement.md"

"$KRUXRT" doctor --processes > "$dir/said"
ok $? "doctor --processes"
awk -f mk/processes.awk "$dir/said" > "$dir/table"
sed -n '/^## Processes$/,/^## System calls$/{/^|/p}' docs/confinement.md | cmp -s - "$dir/table"
ok $? "kruxrt doctor --processes | awk -f mk/processes.awk makes the table of processes in docs/confinement.md"
sed -n 's/^PROCESS\(_OTHER\|_TYPED\)*([A-Z]*, *"\([^"]*\)".*/\2/p' runtime/sandbox/processes.def > "$dir/names"
sed -n 's/^  \([^ ].*\)/\1/p' "$dir/said" | cmp -s - "$dir/names"
ok $? "doctor shows each process once, in the order of the table"
"$KRUXRT" doctor --processes --json > "$dir/json"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))["processes"]
assert all(p["network"] and (p["files"] or p["files_besides"] or p["name"] in ("gate", "egress", "recorder")) for p in d)
assert all(f["place"] and f["rights"] for p in d for f in p["files"])
assert isinstance(json.load(open(sys.argv[1]))["landlock"], int)
print("\n".join(p["name"] for p in d))' "$dir/json" | cmp -s - "$dir/names"
ok $? "--json holds the same"

# Programs that people type, waiting for somebody who says nothing: by then they are confined, whatever is answered.
mkfifo "$dir/hold"
python3 -c '
import http.server, os, socket, sys, threading
class Stranger(http.server.BaseHTTPRequestHandler):
    log_message = lambda *a: None
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.end_headers()
h = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
threading.Thread(target=h.serve_forever, daemon=True).start()
open(sys.argv[1] + "/stranger", "w").write(str(h.server_port))
for name in ("agent", "supervisor"):
    s = socket.socket(socket.AF_UNIX)
    s.bind(sys.argv[1] + "/" + name)
    s.listen(8)
    globals()[name] = s
w = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + "/port", "w").write(str(w.getsockname()[1]))
os.rename(sys.argv[1] + "/port", sys.argv[1] + "/ready")
sys.stdin.read()
' "$dir" < "$dir/hold" &
daemon=$!
exec 9> "$dir/hold"
soon test -f "$dir/ready"
is_confined() { grep -q "^NoNewPrivs:.1$" "/proc/$1/status" && grep -q "^Seccomp:.2$" "/proc/$1/status"; }
# confined NAME COMMAND...
confined() {
	name=$1
	shift
	"$@" > "$dir/said" 2>&1 &
	typed=$!
	soon is_confined $typed
	if is_confined $typed; then good "$name is confined while it waits"; else bad "$name is not confined" "$(head -c 300 "$dir/said")"; fi
	kill -9 $typed 2> /dev/null
	wait $typed 2> /dev/null
}
confined "krux-call" "$R" call system.ping '{}' --as builder --socket "$dir/agent"
confined "krux-ctl status" "$R" status --socket "$dir/supervisor"
confined "krux-ctl approvals" "$R" approvals watch --socket "$dir/supervisor"
"$R" init --state "$dir/s" > /dev/null
confined "krux-ctl agents" "$R" agents revoke builder --operator "$dir/s/keys/operator.key" --socket "$dir/supervisor"
confined "krux-audit" "$R" audit tail -f --state "$dir/s"
"$C" build stdlib-caps/policies/team-moderate.yaml -I stdlib-caps -o "$dir/b" > /dev/null 2>&1
"$R" call system.ping '{}' --state "$dir/s" --bundle "$dir/b/bundle.krux" --dev > "$dir/said" 2>&1
ok $? "a call, so that there is a checkpoint"
witness() { echo "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 $1" > "$dir/s/trust/witnesses"; }
witness "http://127.0.0.1:$(cat "$dir/ready")"
confined "krux-witness" "${R%/*}/krux-witness" --state "$dir/s"
# What it is to do it does: a name is looked up, an answer read; what TCP says no to is said.
witness "http://localhost:$(cat "$dir/stranger")"
exits "a witness that does not know the log" 1 "${R%/*}/krux-witness" --state "$dir/s"
says "says so" "refused: it does not know this log"
witness "http://127.0.0.1:1"
exits "one that is not there" 3 env http_proxy= "${R%/*}/krux-witness" --state "$dir/s"
says "is not" "http://127.0.0.1:1/add-checkpoint"
exits "behind a proxy" 1 env http_proxy="http://127.0.0.1:$(cat "$dir/stranger")" "${R%/*}/krux-witness" --state "$dir/s"
says "whose answer it takes" "refused: it does not know this log"
exec 9>&-
wait $daemon
daemon=''
echo "$passed passed, $failed failed"
