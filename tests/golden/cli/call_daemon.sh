# kruxrt call through a daemon: what is sent, what is answered, the exit code. The daemon is a script.
fake=$(dirname "$KRUXRT")/fakedaemon
sock=$TMP/sock
bundle=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
echo secret > "$TMP/token"; chmod 600 "$TMP/token"
welcome="> welcome version=1 agent=builder bundle=hex:$bundle dev=false engine=e limits=8,65536,100"
# with SCRIPT-LINES -- COMMAND...
with() {
	: > "$TMP/script"
	while [ "$1" != -- ]; do printf '%s\n' "$1" >> "$TMP/script"; shift; done
	shift
	rm -f "$sock"
	"$fake" "$sock" agent < "$TMP/script" > "$TMP/said" 2>&1 &
	pid=$!
	for _ in $(seq 600); do [ -S "$sock" ] && grep -q listening "$TMP/said" && break; sleep 0.1; done
	"$@"
	echo "exit $?"
	wait $pid
	sed 1d "$TMP/said"
}
call() { "$KRUXRT" call "$@" --as builder --socket "$sock" --token-file "$TMP/token" 2>&1; }
echo "== done"
with '< hello' "$welcome" '< call' '> answer id=ID end=3 verdict=3 record=17 output="{"' -- call filesystem.read '{}'
with '< hello' "$welcome" '< call' '> answer id=ID end=3 verdict=3 record=17 output=hex:7b2278223a312e35307d' -- call filesystem.read '{"path":"/workspace/a"}' --deadline 5s
echo "== denied"
with '< hello' "$welcome" '< call' '> answer id=ID end=1 verdict=0 would=3 rule="a/b" source="f.yaml:3" reason="It is secret" remedy="Do without." record=18 retry=1500' -- call filesystem.read '{}'
with '< hello' "$welcome" '< call' '> answer id=ID end=1 verdict=0 rule="a/b" record=18' -- call filesystem.read '{}' --json
echo "== invalid"
with '< hello' "$welcome" '< call' '> answer id=ID end=0 where=path why="it is relative" remedy="Begin with /."' -- call filesystem.read '{}'
echo "== error"
with '< hello' "$welcome" '< call' '> answer id=ID end=4 verdict=3 error=NotFound message="No file there." recover=filesystem.list hint="List the folder." record=19' -- call filesystem.read '{}'
echo "== killed, broken, unknown, cancelled"
with '< hello' "$welcome" '< call' '> answer id=ID end=5 verdict=3 why="wall 5s" record=19' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> answer id=ID end=6 verdict=3 why="no answer" record=19' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> answer id=ID end=7 why="the daemon restarted" record=19' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> answer id=ID end=8' -- call a.b '{}'
echo "== deferred"
with '< hello' "$welcome" '< call' "> answer id=ID end=2 verdict=1 rule=a/b ticket=hex:$bundle record=20 remedy=wait" -- call a.b '{}'
with '< hello' "$welcome" '< call' "> answer id=ID end=2 verdict=1 ticket=hex:$bundle record=20" "> answer id=ID end=3 verdict=1 output=hex:5b315d record=21" -- call a.b '{}' --wait
with '< hello' "$welcome" '< call' "> answer id=ID end=2 verdict=1 ticket=hex:$bundle record=20" "> answer id=ID end=9 why=rejected" -- call a.b '{}' --wait
echo "== refused"
with '< hello' '> error code=3 why="no such agent, or its proof does not hold"' 'hang up' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> error id=ID code=12 why="an operator has frozen this agent"' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> error id=ID code=8 why="too many a second" retry=2500' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> error id=ID code=13 why="the log cannot be written"' -- call a.b '{}'
with '< hello' "$welcome" '< call' 'hang up' -- call a.b '{}'
with '< hello' "$welcome" '< call' '> pong id=ID' -- call a.b '{}'
echo "== what a terminal must not see"
with '< hello' "$welcome" '< call' '> answer id=ID end=1 verdict=0 reason=hex:1b5b33316de280ae record=18' -- call a.b '{}'
echo "== wrong usage"
for o in "--bundle x" "--dev" "--deadline soon" "--deadline 0s" "--key x" "--state x"; do
	# shellcheck disable=SC2086
	call a.b '{}' $o; echo "exit $?"
done
"$KRUXRT" call a.b '{}' --socket "$sock"; echo "exit $?"
call a.b ''; echo "exit $?"
chmod 644 "$TMP/token"; call a.b '{}' | sed "s|$TMP|TMP|"
