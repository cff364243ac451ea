#!/bin/sh
# Commands in the background, with the real daemon, as root and as an ordinary user: a call is answered when its program
# runs, and what becomes of the run is asked for; signals, limits, freezes, and every way in which a run can end.
. "$top/tests/extra/outside.inc"
chmod 755 "$dir"
mkdir "$dir/bin" "$dir/caps"
for p in kruxrt krux-egress krux-web krux-gate krux-recorder krux-spawner krux-handler krux-audit krux-call krux-ctl; do
	cp "${KRUXRT%/*}/$p" "$dir/bin/"
done
cp -r "$top/stdlib-caps/process" "$dir/caps"

capability() { # name, wall
	cat <<X

/// Runs a script of the workspace.
/// use: in a test.
capability $1 @1.0 {
  input {
    how    : enum { prints, tidy, deaf, flood, short, plain, usr, bytes, hostile } "What it does.";
    folder : path = "/workspace"  "What it reads.";
    output : path = "/workspace"  "Where it may change files.";
  }
  output {
    run       : uint                        "The run.";
    status    : optional uint               "With what it ended.";
    changed   : optional list<path> max 90  "What changed.";
    refused   : optional list<record { path : string max 4KiB; why : string max 200; }> max 90 "What did not.";
    truncated : optional bool               "There is more.";
  }
  error Missing "Nothing of the program's own." recover stop "Look at status.";
  effect  reads(tree folder), lists(tree folder), creates(tree output prunes), writes(tree output prunes),
      deletes(tree output prunes);
  labels  file-content, runs-workspace-code;
  limits  { memory 256MiB; cpu 1m; wall $2; pids 16; files 64; output 256KiB; }
  handler command "/usr/bin/dash" sha256 "@sha256:/usr/bin/dash@" argv [ "serve.sh", how ] background;
  example "one" { how: short } -> { };
}
X
}
{ echo 'namespace demo "Programs for a test.";'; capability serve 5m; capability brief 1s; capability asked 5m; } > "$dir/demo.cap.in"
sh "$top/examples/commands/pin.sh" "$dir/demo.cap.in" > "$dir/caps/demo.cap"
cat > "$dir/p.yaml" <<'X'
krux: policy/1
name: p
layer: organization
rules:
  - { id: serve, on: [ demo.serve, demo.brief ], verdict: autonomous }
  - { id: asked, on: demo.asked, verdict: approval-required, approval: { ttl: 1h, from: [ approver ] } }
  - { id: runs, on: "process.*", up-to: writes, verdict: autonomous }
default: blocked
X
exits "build" 0 "$C" build "$dir/p.yaml" -I "$dir/caps" -o "$dir/b"
has "the plan says so" "$dir/b/sandbox/demo.serve@1.0.plan" "in the background"
"$C" table "$dir/p.yaml" -I "$dir/caps" > "$dir/table" 2>&1
has "and the table" "$dir/table" "demo.serve@1.0, in the background"
has "and the reference" "$dir/b/docs/demo.serve@1.0.md" "runs in the background"
has "the plan of a signal" "$dir/b/sandbox/process.signal@1.0.plan" 'state("runs"): spawner'
chmod -R a+rX "$dir"

kin() { # parent, name: pids
	for p in $(cat "/proc/$1/task/$1/children" 2> /dev/null); do grep -qx "$2" "/proc/$p/comm" 2> /dev/null && echo "$p"; done
}
call() { $R call "$@" --as "$agent" --token-file "$w/token.$agent" --socket "$w/a" --json; }
start() { # how [capability]: $run
	exits "${2:-demo.serve} $1" 0 call "${2:-demo.serve}" "{\"how\":\"$1\"}"
	run=$(sed -n 's/.*"output":{"run":\([0-9]*\)[,}].*/\1/p' "$dir/out")
	[ -n "$run" ] || { bad "$1" "no run in: $(cat "$dir/out" "$w/log")"; exit 1; }
}
output() { call process.output "{\"run\":$1,\"from\":${2:-0},\"limit\":${3:-65536}}"; }
wrote() { output "$1" > "$dir/page" 2>&1; grep -qF -- "$2" "$dir/page"; }
over() { call process.status "{\"run\":$1}" > "$dir/over" 2>&1; grep -q '"state":"ended"' "$dir/over"; }
field() { sed -n "s/.*\"$2\":\\([0-9]*\\).*/\\1/p" "$1"; }
written() { call process.status "{\"run\":$1}" > "$dir/status" 2>&1; field "$dir/status" written; }
reached() { n=$(written "$1"); [ "${n:-0}" -ge "$2" ]; }
signal() { exits "signal $2" 0 call process.signal "{\"run\":$1,\"signal\":\"$2\"}"; }
# Programs that run: each is, or has started, a sleep of so long.
alive() { for f in /proc/[0-9]*/cmdline; do { tr '\0' ' ' < "$f"; } 2> /dev/null | grep -q "^sleep $mark" && echo "$f"; done; }
none_alive() { [ -z "$(alive)" ]; }
# outcome RUN: as the log has it
outcome() { $R audit tail --state "$s" -n 0 | awk -v of="$1" '$3 == "outcome" && $5 == of || $3 == "unknown" && $5 == of { $1 = $2 = ""; print }'; }
recorded() { [ -n "$(outcome "$1")" ]; }
ended() { # name, run, text of its outcome
	if soon recorded "$2"; then good "$1"; else bad "$1" "no outcome of $2"; fi
	outcome "$2" > "$dir/ended"
	has "$1: why" "$dir/ended" "$3"
	if soon none_alive; then good "$1: nothing runs"; else bad "$1: nothing runs" "$(alive)"; fi
}
serves() { $R status --socket "$w/s" > "$dir/out" 2>&1; }
again() { call process.list '{}' > "$dir/out" 2>&1; }
daemon_start() {
	: > "$w/log"
	# shellcheck disable=SC2086
	$as "$dir/bin/kruxrt" serve $waive --state "$s" --bundle "$dir/b/bundle.krux" --dev --socket "$w/a" --supervisor "$w/s" \
		> "$w/log" 2>&1 < /dev/null &
	daemon=$!
	soon serves || bad "the daemon serves" "$(cat "$w/log")"
}
agent_add() {
	$R agents add "$1" --token --state "$s" --operator "$s/keys/operator.key" --bundle "$dir/b/bundle.krux" > "$dir/added" 2>&1
	(umask 077 && grep -o 'krux-token-[0-9a-f]*' "$dir/added" > "$w/token.$1")
	[ -z "$as" ] || chown 65533:65533 "$w/token.$1"
	cat > "$s/workspaces/$1/serve.sh" <<X
pause() { sleep $mark; }
# A signal that a shell gets before it waits for a program is heard when that ends.
pauses() { sleep $mark & while :; do sleep 0.05; done; }
case \$1 in
prints) i=0; while :; do echo "line \$i"; i=\$((i + 1)); sleep $mark.05 & sleep 0.05; kill \$!; done ;;
tidy) trap 'echo bye; echo done > out; exit 0' TERM; echo ready; pauses ;;
deaf) trap '' TERM; echo x > deaf; echo ready; pauses ;;
flood) head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end; pause ;;
short) echo to stdout; echo to stderr >&2; echo x > made; mkdir -p .git/hooks; echo x > .git/hooks/pre-commit; exit 3 ;;
plain) echo y > plain; echo ready; pause ;;
usr) for s in HUP INT USR1 USR2; do trap "echo got \$s" \$s; done; echo ready; pauses ;;
# Those whose numbers it was given are of the host; then all that it sees, and what is left for later.
hostile)
	for p in \$(cat pids); do
		kill -KILL \$p 2> /dev/null && echo "hit \$p"
		ls /proc/\$p/fd > /dev/null 2>&1 && echo "saw \$p"
	done
	kill -KILL -1 2> /dev/null; echo tried
	(trap '' HUP TERM; sleep 0.2; echo late > late; sleep $mark) &
	exit 0 ;;
bytes) printf 'a\\303\\251\\377\\000z'; printf '\\303'; pause ;;
esac
X
	# Of root's own workspace no command runs.
	[ "$who" != root ] || chown -R "$2:$2" "$s/workspaces/$1"
	[ -z "$as" ] || chown 65533:65533 "$s/workspaces/$1/serve.sh"
}

whole() { # who, prefix of commands
	who=$1 as=$2 mark=$3
	waive="--allow-missing $([ "$who" = root ] && echo cgroup.memory,cgroup.pids || echo cgroup)"
	w=$dir/$who s=$dir/$who/state agent=one
	R="$as $dir/bin/kruxrt"
	mkdir "$w"
	[ -z "$as" ] || chown 65533:65533 "$w"
	exits "init" 0 $R init --state "$s"
	agent_add one 60871
	agent_add two 60872
	exits "it takes a daemon that stays" 1 $R call demo.serve '{"how":"short"}' --as one --state "$s" --bundle "$dir/b/bundle.krux" --dev
	says "which is said" "needs a daemon that stays"
	daemon_start

	# ---- one that ends by itself ----
	start short
	first=$run
	soon over "$run"
	cp "$dir/over" "$dir/out"
	is "the workspace has what it made" "$(cat "$s/workspaces/one/made")" x
	says "its status" '"status":3'
	says "what changed" '"changed":["/workspace/made"]'
	says "what was refused" '"path":"/workspace/.git","why":'
	says "how it ended" '"end":"done"'
	exits "its output" 0 output "$run"
	says "of both streams" '"text":"to stdout\nto stderr\n","from":0,"next":20,"lost":0,"written":20,"state":"ended"'
	exits "it gets no signal any more" 1 call process.signal "{\"run\":$run,\"signal\":\"term\"}"
	says "it has ended" '"Ended"'
	$R audit query --state "$s" --agent one --capability demo.serve --format json > "$dir/both" 2>&1
	for kind in intent started outcome; do has "the log has its $kind" "$dir/both" "\"kind\":\"$kind\""; done
	has "with what it used" "$dir/both" '"usage":'

	# ---- one that is somebody else's ----
	start prints
	soon wrote "$run" 'line 3'
	exits "a run that was never there" 1 call process.status '{"run":999999}'
	sed 's/"record":[0-9]*//' "$dir/out" > "$dir/nobody"
	agent=two
	for ask in "process.status {\"run\":$run}" "process.output {\"run\":$run}" "process.signal {\"run\":$run,\"signal\":\"kill\"}"; do
		exits "another's: ${ask%% *}" 1 call "${ask%% *}" "${ask#* }"
		is "is told the same" "$(sed 's/"record":[0-9]*//' "$dir/out")" "$(cat "$dir/nobody")"
	done
	exits "another lists its own" 0 call process.list '{}'
	says "of which there are none" '"runs":[]'
	agent=one
	exits "its agent lists them" 0 call process.list '{}'
	says "it runs" "{\"run\":$run,\"capability\":\"demo.serve\",\"state\":\"running\""
	# Page by page, as they come.
	at=0 text=
	for _ in 1 2 3 4; do
		soon reached "$run" $((at + 64))
		output "$run" "$at" 64 > "$dir/page" 2>&1
		is "a page begins where it is to" "$(field "$dir/page" from)" "$at"
		text=$text$(sed -n 's/.*"text":"\([^"]*\)".*/\1/p' "$dir/page")
		at=$(field "$dir/page" next)
	done
	is "pages are what was written" "$text" "$(i=0; while [ $i -lt 99 ]; do printf 'line %s\\n' $i; i=$((i + 1)); done | cut -c "1-${#text}")"
	exits "behind the end" 0 output "$run" 99999999
	says "is nothing" '"text":""'

	# ---- freezing ----
	$R freeze --agent one --socket "$w/s" > "$dir/log" 2>&1
	exits "while it is held nothing is asked" 1 call process.status "{\"run\":$run}"
	sleep 0.5
	recorded "$run" && bad "its run waits" "$(outcome "$run")" || good "its run waits"
	exits "thaw" 0 $R thaw --agent one --socket "$w/s" --operator "$s/keys/operator.key" --reason "test"
	before=$(written "$run")
	more() { [ "$(written "$run")" -gt "$before" ]; }
	if soon more; then good "it goes on"; else bad "it goes on" "$before"; fi
	signal "$run" kill
	ended "killed" "$run" "killed by process.signal"

	# ---- what is lost, and what is no text ----
	start flood
	soon reached "$run" 1000005
	exits "the first byte is gone" 0 output "$run" 0 64
	says "and how many" '"from":737861,"next":737925,"lost":737861,"written":1000005'
	exits "the last are there" 0 output "$run" 999990
	says "as they were" '"text":"xxxxxxxxxx\nend\n","from":999990,"next":1000005,"lost":0'
	signal "$run" kill
	ended "flood" "$run" "by process.signal"
	start bytes
	soon wrote "$run" z
	exits "half a character waits" 0 output "$run"
	says "for its rest" '"next":6'
	signal "$run" kill
	soon over "$run"
	exits "and is none at the end" 0 output "$run" 6
	says "which is said so" '"from":6,"next":7'

	# ---- signals ----
	start tidy
	soon wrote "$run" ready
	signal "$run" term
	ended "one that takes TERM" "$run" "done"
	is "its changes are kept" "$(cat "$s/workspaces/one/out")" "done"
	start plain
	soon wrote "$run" ready
	signal "$run" term
	ended "one that does not" "$run" "killed signal 15"
	is "its changes are not" "$(ls "$s/workspaces/one" | tr '\n' ' ')" "made out serve.sh "
	start usr
	soon wrote "$run" ready
	for n in hup int usr1 usr2; do
		signal "$run" $n
		soon wrote "$run" "got $(echo $n | tr a-z A-Z)" || bad "got $n" "$(cat "$dir/page")"
	done
	exits "no other signal" 2 call process.signal "{\"run\":$run,\"signal\":\"stop\"}"
	signal "$run" kill
	ended "usr" "$run" "by process.signal"
	start deaf
	soon wrote "$run" ready
	signal "$run" term
	sleep 0.3
	exits "one that does not hear" 0 call process.status "{\"run\":$run}"
	says "runs" '"state":"running"'
	signal "$run" kill
	ended "deaf" "$run" "by process.signal"
	start deaf demo.brief
	ended "wall" "$run" "wall 1s"
	is "of none of them a change" "$(ls "$s/workspaces/one" | tr '\n' ' ')" "made out serve.sh "

	# ---- one that an attacker has, while another agent's runs ----
	agent=two
	start prints
	other=$run
	soon wrote "$other" 'line 3'
	echo $daemon $(kin $daemon krux-spawner) $(kin $daemon krux-handler) $(alive | cut -d/ -f3) > "$s/workspaces/one/pids"
	is "it is given their numbers" "$([ "$(wc -w < "$s/workspaces/one/pids")" -ge 3 ] && echo yes)" yes
	agent=one
	start hostile
	soon over "$run"
	has "it ends by itself" "$dir/over" '"end":"done"'
	output "$run" > "$dir/page" 2>&1
	has "it reached none of the host's processes" "$dir/page" '"text":"tried\n"'
	is "and leaves nothing" "$(ls "$s/workspaces/one" | tr '\n' ' ')" "made out pids serve.sh "
	rm "$s/workspaces/one/pids"
	agent=two
	before=$(written "$other") run=$other
	if soon more; then good "the other goes on"; else bad "the other goes on" "$before"; fi
	signal "$other" kill
	ended "with all that either left" "$other" "by process.signal"
	agent=one
	is "which wrote nothing later" "$(ls "$s/workspaces/one" | tr '\n' ' ')" "made out serve.sh "

	# ---- how many ----
	for _ in 1 2 3 4 5 6 7 8; do start deaf; done
	exits "one more than may be" 1 call demo.serve '{"how":"deaf"}'
	says "is told" 'this agent has 8 runs in the background, which is the most'
	agent=two
	start short
	agent=one
	exits "a small call meanwhile" 0 call process.list '{}'
	if [ "$who" = root ]; then
		# Sanitizers make the program that calls take ten times as long to start.
		n=0 many=1000
		[ -z "${SAN:-}" ] || many=50
		while [ $n -lt $many ] && call process.list '{}' > "$dir/out" 2>&1; do n=$((n + 1)); done
		is "so many lists" $n $many
		says "as the first" "\"run\":$first"
	fi
	for r in $(grep -o '"run":[0-9]*,"capability":"demo.serve","state":"running"' "$dir/out" | grep -o '[0-9]*' | sed -n 1p); do signal "$r" kill; soon over "$r"; done
	start deaf

	# ---- the end of a generation ----
	exits "reload" 0 $R reload --socket "$w/s"
	ended "reload" "$run" "killed the daemon's processes that it belonged to have ended"
	exits "the next one knows none of them" 1 call process.status "{\"run\":$run}"
	is "and says so as of others" "$(sed 's/"record":[0-9]*//' "$dir/out")" "$(cat "$dir/nobody")"
	for part in krux-handler krux-spawner krux-gate; do
		start deaf
		soon wrote "$run" ready
		kill -9 "$(kin $daemon $part)"
		ended "kill -9 of $part" "$run" ""
		soon again || bad "after $part" "$(cat "$dir/out")"
	done

	# ---- people ----
	exits "one that is asked for" 1 call demo.asked '{"how":"deaf"}'
	t=$($R approvals list --socket "$w/s" | sed -n 2p | cut -c1-16)
	exits "is agreed to" 0 $R approvals accept "$t" --key "$s/keys/approver.key" --socket "$w/s"
	begun() { run=$(call process.list '{}' 2> /dev/null | grep -o '"run":[0-9]*,"capability":"demo.asked"' | grep -o '[0-9]*'); [ -n "$run" ]; }
	if soon begun; then good "and runs"; else bad "and runs" "$(cat "$w/log")"; fi
	soon wrote "$run" ready
	agent=two
	start deaf
	exits "an agent is taken out" 0 $R agents revoke two --socket "$w/s" --operator "$s/keys/operator.key"
	soon recorded "$run"
	outcome "$run" > "$dir/ended"
	has "and its run ends" "$dir/ended" "its agent was taken out"
	exits "another comes by its name" 0 $R agents add two --token --socket "$w/s" --operator "$s/keys/operator.key" --workspace "$s/workspaces/two"
	(umask 077 && grep -o 'krux-token-[0-9a-f]*' "$dir/out" > "$w/token.two")
	[ -z "$as" ] || chown 65533:65533 "$w/token.two"
	exits "and lists its own" 0 call process.list '{}'
	says "which has none of the other's" '"runs":[]'
	exits "nor reads what they wrote" 1 call process.output "{\"run\":$run}"
	says "of which it is told nothing" '"UnknownRun"'
	agent=one
	begun
	kill -TERM $daemon
	wait $daemon
	is "the daemon ends with 0" $? 0
	ended "stop" "$run" "the daemon's processes that it belonged to have ended"
	exits "the log holds" 0 $R audit verify --state "$s"
	daemon_start
	start deaf
	soon wrote "$run" ready
	kill -9 $daemon
	wait $daemon 2> /dev/null
	if soon none_alive; then good "kill -9 of the daemon: nothing runs"; else bad "kill -9 of the daemon: nothing runs" "$(alive)"; fi
	daemon_start
	ended "kill -9 of the daemon" "$run" "unknown"
	kill -TERM $daemon
	wait $daemon
	daemon=
	exits "the log holds again" 0 $R audit verify --state "$s"
	is "every run has its start" "$($R audit tail --state "$s" -n 0 | grep -c ' started of ')" \
		"$($R audit tail --state "$s" -n 0 | grep -c ' intent .*demo\.')"
	exits "and replays" 0 "$C" replay "$dir/p.yaml" "$s" -I "$dir/caps"
}

if [ "$(id -u)" = 0 ]; then
	whole root "" 7101
	whole user "setpriv --reuid 65533 --regid 65533 --clear-groups" 7102
else
	whole user "" 7103
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
