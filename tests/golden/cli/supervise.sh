# Commands over the supervisor socket: what is sent, what is shown, the exit code. The daemon is a script; keys
# and nonces are fixed, so that signatures are too.
fake=$(dirname "$KRUXRT")/fakedaemon
sock=$TMP/sock
hash=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
echo "krux-secret-key-ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= ops" > "$TMP/ops.key"
echo "krux-secret-key-ed25519:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE= security" > "$TMP/security.key"
echo "krux-public-key-ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik= agent" > "$TMP/agent.pub"
chmod 600 "$TMP/ops.key" "$TMP/security.key"
mkdir -p "$TMP/w"
hello="< s-hello"
welcome="> s-welcome version=1 engine=e bundle=hex:$hash dev=false"
given="> s-given id=ID nonce=hex:00000000000000000000000000000000"
json() { printf '> s-answer id=ID json=hex:%s' "$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')"; }
with() {
	: > "$TMP/script"
	while [ "$1" != -- ]; do printf '%s\n' "$1" >> "$TMP/script"; shift; done
	shift
	rm -f "$sock"
	"$fake" "$sock" supervisor < "$TMP/script" > "$TMP/said" 2>&1 &
	pid=$!
	for _ in $(seq 600); do [ -S "$sock" ] && grep -q listening "$TMP/said" && break; sleep 0.1; done
	"$@" > "$TMP/out" 2>&1
	code=$?
	sed -e "s|$TMP|TMP|g" -e 's/krux-token-[0-9a-f]*/krux-token-.../' "$TMP/out"
	echo "exit $code"
	wait $pid
	sed -e 1d -e "s|$TMP|TMP|g" "$TMP/said"
}
k() { "$KRUXRT" "$@" --socket "$sock"; }
ticket=$(sed 's/.*"ticket":"\([0-9a-f]*\)".*/\1/' "$top/tests/golden/cli/ticket.json")
told=$(json "$(cat "$top/tests/golden/cli/ticket.json")")
short=$(echo "$ticket" | cut -c1-10)
all=$(json '{"tickets":[{"ticket":"'"$ticket"'","agent":"builder","capability":"filesystem.write","rule":"team/big-write","expires":"2023-11-14T23:13:20Z"},{"ticket":"'"$hash"'","agent":"a\u001b[31m","capability":"x.y","rule":"t/\u202er","expires":"?"}]}')

echo "== status"
with "$hello" "$welcome" '< s-status' "$(json '{"engine":"kruxrt 0.1.0","dev":false,"calls":3,"answers":{"done":2},"frozen_agents":["a","b"]}')" -- k status
with "$hello" "$welcome" '< s-status' "$(json '{"engine":"x\u001b[2J"}')" -- k status --json
with "$hello" "$welcome" '< s-status' '> s-refused id=ID why="not now"' -- k status
with "$hello" "$welcome" '< s-status' '> s-answer id=7 json=x' -- k status
with "$hello" "$welcome" '< s-status' "$(json '{"no')" -- k status
with "$hello" '> error code=2 why="another version is spoken here"' 'hang up' -- k status
echo "== freeze, thaw"
with "$hello" "$welcome" '< s-freeze' '> s-done id=ID record=40' -- k freeze
with "$hello" "$welcome" '< s-freeze' '> s-done id=ID record=40' -- k freeze --agent builder --reason "odd writes" --json
with "$hello" "$welcome" '< s-freeze' '> s-refused id=ID why="there is no such agent"' -- k freeze --agent nobody
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-done id=ID record=41' -- k thaw --operator "$TMP/ops.key" --reason "it was a test"
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-refused id=ID why="the signature does not hold"' -- k thaw --operator "$TMP/ops.key" --reason r --agent builder
k thaw --reason r; echo "exit $?"
k thaw --operator "$TMP/ops.key"; echo "exit $?"
k freeze --agent 'A B'; echo "exit $?"
echo "== agents"
with "$hello" "$welcome" '< s-agents' "$(json '{"agents":[{"name":"builder","workspace":"/srv/w","auth":"token","revoked":false,"frozen":false,"record":3},{"name":"ci-1","workspace":"/srv/\u001bw","auth":"key","key":"'$hash'","revoked":true},{"name":"p","workspace":"/w","auth":"uid","uid":1001,"revoked":false,"frozen":true}]}')" -- k agents list
with "$hello" "$welcome" '< s-agents' "$(json '{"agents":[]}')" -- k agents list --json
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-done id=ID record=42' -- k agents add builder --key "$TMP/agent.pub" --workspace /dev --allow-missing idmapped-mounts --operator "$TMP/ops.key"
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-done id=ID record=43' -- k agents add p --uid 1001 --workspace /dev --allow-missing idmapped-mounts --operator "$TMP/ops.key"
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-refused id=ID why="there is an agent of this name"' -- k agents add p --uid 1001 --workspace /dev --allow-missing idmapped-mounts --operator "$TMP/ops.key" --json
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-done id=ID record=44' -- k agents revoke builder --operator "$TMP/ops.key"
with "$hello" "$welcome" '< s-nonce' "$given" '< s-act' '> s-done id=ID record=45' -- k agents clear /srv/w file-content web --operator "$TMP/ops.key" --reason "looked through" --json
for o in "add builder" "add builder --token --operator x" "add builder --token --uid 1 --workspace /dev --operator x" "add BUILDER --token --workspace /dev --operator x" \
	"add b --uid -1 --workspace /dev --operator x" "add b --token --workspace /none/at/all --operator x" "revoke" "revoke b" "clear /w --operator x --reason r" "clear /w l --operator x"; do
	# shellcheck disable=SC2086
	"$KRUXRT" agents $o 2>&1 | head -1; 
done
echo "== approvals"
with "$hello" "$welcome" '< s-tickets' "$all" -- k approvals list
with "$hello" "$welcome" '< s-tickets' "$all" '< s-tickets' "$told" -- k approvals show "$short"
with "$hello" "$welcome" '< s-tickets' "$all" '< s-tickets' "$told" '< s-decide' '> s-done id=ID record=50' -- k approvals accept "$short" --key "$TMP/security.key" --reason fine
with "$hello" "$welcome" '< s-tickets' "$told" '< s-decide' '> s-refused id=ID why="security has accepted it already"' -- k approvals accept "$ticket" --key "$TMP/security.key" --json
with "$hello" "$welcome" '< s-tickets' "$told" '< s-decide' '> s-done id=ID record=51' -- k approvals reject "$ticket" --key "$TMP/security.key" --json
echo "-- a daemon that lies"
lie=$(json "$(sed 's/"deferred":"\(.*\)62\(.\{40,\}\)","acc/"deferred":"\163\2","acc/' "$top/tests/golden/cli/ticket.json")")
with "$hello" "$welcome" '< s-tickets' "$lie" -- k approvals accept "$ticket" --key "$TMP/security.key"
with "$hello" "$welcome" '< s-tickets' "$told" -- k approvals accept "$hash" --key "$TMP/security.key"
with "$hello" "$welcome" '< s-tickets' "$(json '{"ticket":"'"$ticket"'","args":{"path":"/a"}}')" -- k approvals accept "$ticket" --key "$TMP/security.key"
with "$hello" "$welcome" '< s-tickets' '> s-refused id=ID why="there is no such ticket"' -- k approvals show "$ticket"
with "$hello" "$welcome" '< s-tickets' "$all" -- k approvals show 0000000000
echo "-- more"
with "$hello" "$welcome" '< s-propose' "$(json '{"proposal":"+  - id: allow\n+    when: path == \"\u001b\"\n"}')" -- k approvals propose "$ticket"
with "$hello" "$welcome" '< s-watch' "$(json '{"watching":true}')" '< s-tickets' "$(json '{"tickets":[]}')" "> s-event record=hex:$(sed 's/.*"deferred":"\([0-9a-f]*\)".*/\1/' "$top/tests/golden/cli/ticket.json")" '> s-event record=hex:a0' 'hang up' -- k approvals watch
for o in "" "show" "show x" "accept $ticket" "list more"; do
	# shellcheck disable=SC2086
	k approvals $o 2>&1 | head -1 | sed "s|$TMP|TMP|g"
done
