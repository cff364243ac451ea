#!/bin/sh
# The daemon from outside, as root and as an ordinary user: start, calls of all verdicts, reload, end, what is
# refused; then processes killed under load, counted by tests/e2e/soak.c.
. "$top/tests/extra/outside.inc"
chmod 755 "$dir"

policy() { # reason of the rule
	cat <<X
krux: policy/1
name: p
layer: organization
rules:
  - { id: read, on: [ filesystem.read, filesystem.append, filesystem.watch ], when: path under "/workspace", verdict: autonomous }
  - { id: write, on: filesystem.write, when: path under "/workspace", verdict: notify }
  - { id: delete, on: filesystem.delete, verdict: approval-required, reason: $1 }
default: blocked
X
}
# The programs where any user can reach them.
mkdir "$dir/bin"
cp "${KRUXRT:?}" "${KRUXRT%/*}/krux-egress" "${KRUXRT%/*}/krux-web" "${KRUXRT%/*}/krux-gate" "${KRUXRT%/*}/krux-recorder" "${KRUXRT%/*}/krux-spawner" "${KRUXRT%/*}/krux-handler" "${KRUXRT%/*}/krux-audit" "${KRUXRT%/*}/krux-call" "${KRUXRT%/*}/krux-ctl" "$dir/bin/"
policy One > "$dir/one.yaml"
policy Two > "$dir/two.yaml"
for n in one two; do
	"${KRUXC:?}" build "$dir/$n.yaml" -I "$top/stdlib-caps" -o "$dir/$n" > "$dir/log" 2>&1 || bad "build $n" "$(cat "$dir/log")"
done
(cd "$dir" && "$KRUXC" keygen signer > "$dir/log" 2>&1) || bad "keygen" "$(cat "$dir/log")"
for n in two-1 two-2 other-1; do
	"$KRUXC" build "$dir/two.yaml" -I "$top/stdlib-caps" -o "$dir/$n" --id "${n%-*}" --serial "${n#*-}" --key "$dir/signer.key" \
		> "$dir/log" 2>&1 || bad "build $n" "$(cat "$dir/log")"
done
chmod -R a+rX "$dir"
groups() { ls -d "/sys/fs/cgroup/unified/krux-$1" "/sys/fs/cgroup/krux-$1" 2> /dev/null | wc -l; }

kin() { # parent, name: pids
	for p in $(cat "/proc/$1/task/$1/children" 2> /dev/null); do grep -qx "$2" "/proc/$p/comm" 2> /dev/null && echo "$p"; done
}
kept_find() {
	handler=$(kin "$daemon" krux-handler)
	nests=$(kin "$handler" krux-nest) children=$(kin "$handler" krux-call)
	# shellcheck disable=SC2086
	kept=$(echo $handler $nests $children)
	[ -n "$nests" ] && [ -n "$children" ]
}
kept_gone() {
	left=$(for p in $kept; do kill -0 "$p" 2> /dev/null && echo "$p"; done)
	[ -z "$left" ]
}
under_way() { $R status --socket "$w/s" | grep -q "^calls  *$1\$"; } # how many calls
# Of the one generation that there is, what calls come from and what waits for them: $kept.
waiting() {
	if soon kept_find; then good "children wait"; else bad "children wait" "of handler '$handler': '$nests', '$children'"; fi
}
ended() { # name: $kept is gone
	soon kept_gone
	is "$1" "$left" ""
}

whole() { # who, prefix of commands
	who=$1 as=$2
	# An ordinary user has no control groups, unless they were delegated.
	waive=$([ "$who" = root ] || echo "--allow-missing cgroup")
	w=$dir/$who s=$dir/$who/state
	R="$as $dir/bin/kruxrt"
	mkdir "$w"
	[ -z "$as" ] || chown 65533:65533 "$w"
	cp "$dir/one/bundle.krux" "$w/bundle.krux"
	chmod 644 "$w/bundle.krux"
	exits "init" 0 $R init --state "$s"
	$as cp "$dir/signer.pub" "$s/trust/bundles/"
	exits "no bundle" 2 $R serve $waive --state "$s" --bundle "$w/none" --socket "$w/a" --supervisor "$w/s"
	has "it is named" "$dir/err" "$w/none"
	exits "a bundle of no trusted key" 2 $R serve $waive --state "$s" --bundle "$w/bundle.krux" --socket "$w/a" --supervisor "$w/s"
	is "is said once" "$(grep -c "signed with a development key" "$dir/err")" 1
	is "no socket was left" "$(ls "$w")" "bundle.krux
state"
	exits "what cannot be waived" 2 $R serve --state "$s" --bundle "$w/bundle.krux" --allow-missing seccomp
	has "says what can" "$dir/err" "seccomp cannot be waived"
	if [ "$who" = user ] && ! $R doctor > /dev/null; then
		exits "what is missing is waived by name" 3 $R serve --state "$s" --bundle "$w/bundle.krux"
		has "how is said" "$dir/err" "this machine lacks cgroup"
	fi
	exits "a limit out of bounds" 2 $R serve --state "$s" --bundle "$w/bundle.krux" --limit calls=0
	has "says its bounds" "$dir/err" "--limit calls: a number from 1 to 1024"
	$R agents add one --token --state "$s" --operator "$s/keys/operator.key" --bundle "$w/bundle.krux" > "$dir/added" 2>&1
	(umask 077 && grep -o 'krux-token-[0-9a-f]*' "$dir/added" > "$w/token")
	[ -z "$as" ] || chown 65533:65533 "$w/token"
	$as "$dir/bin/kruxrt" serve $waive --state "$s" --bundle "$w/bundle.krux" --dev --socket "$w/a" --supervisor "$w/s" \
		--limit calls=63 --limit=requests=2000 > "$w/log" 2>&1 < /dev/null &
	daemon=$!
	soon grep -qs "generation 1 serves" "$w/log"
	exits "status" 0 $R status --socket "$w/s"
	has "shows the limits" "$dir/out" "calls 63, requests 2000"
	call() { name=$1 want=$2; shift 2; exits "$name" "$want" $R call "$@" --as one --token-file "$w/token" --socket "$w/a" --json; }
	is "rights of the agents' socket" "$(stat -c %a "$w/a")" 666
	is "rights of the supervisors' socket" "$(stat -c %a "$w/s")" 600
	call "notify" 0 filesystem.write '{"path":"/workspace/a","content":"one\n"}'
	call "autonomous" 0 filesystem.read '{"path":"/workspace/a"}'
	has "its output" "$dir/out" '"content":"one\n"'
	call "approval-required" 1 filesystem.delete '{"path":"/workspace/a"}'
	has "its reason" "$dir/out" '"One"'
	call "blocked" 1 filesystem.list '{"path":"/workspace"}'
	call "invalid" 2 filesystem.read '{"path":"a"}'
	exits "a second daemon" 2 $R serve $waive --state "$s" --bundle "$w/bundle.krux" --dev --socket "$w/a2" --supervisor "$w/s2"
	has "is told why" "$dir/err" "another daemon serves this state"

	cp "$dir/two/bundle.krux" "$w/next" && chmod 644 "$w/next" && mv "$w/next" "$w/bundle.krux"
	exits "reload" 0 $R reload --socket "$w/s"
	call "the new bundle decides" 1 filesystem.delete '{"path":"/workspace/a"}'
	has "its own reason" "$dir/out" '"Two"'
	printf 'no bundle' > "$w/broken"
	exits "a bundle that is none" 1 $R reload "$w/broken" --socket "$w/s"
	call "and the old one decides on" 0 filesystem.read '{"path":"/workspace/a"}'
	# Gates hand over in a chain while a call of the first one runs.
	$R call filesystem.watch '{"path":"/workspace","timeout":"6s"}' --as one --token-file "$w/token" --socket "$w/a" --json \
		> "$dir/watched" 2>&1 &
	watcher=$!
	soon under_way 1
	for _ in 1 2 3; do exits "reload while a call runs" 0 $R reload --socket "$w/s"; done
	call "calls go on meanwhile" 0 filesystem.append '{"path":"/workspace/a","content":"two\n"}'
	wait $watcher
	is "the call of the first gate is answered" $? 0
	has "with what it saw" "$dir/watched" '"timed_out":false'
	is "and no gate was lost" "$(grep -c 'ended by\|exited with' "$w/log")" 0
	exits "by its name" 0 $R reload "$dir/one/bundle.krux" --socket "$w/s"
	# Bundles that are signed for good bind the state to their policy id and serial.
	exits "one that is signed for good" 0 $R reload "$dir/two-2/bundle.krux" --socket "$w/s"
	for n in two-1 other-1; do
		exits "not the bound one: $n" 1 $R reload "$dir/$n/bundle.krux" --socket "$w/s"
		has "how is said" "$dir/err" "--operator KEY --reason TEXT"
		exits "an approver is no operator" 1 $R reload "$dir/$n/bundle.krux" --socket "$w/s" --operator "$s/keys/approver.key" --reason "try"
		exits "an operator lets it" 0 $R reload "$dir/$n/bundle.krux" --socket "$w/s" --operator "$s/keys/operator.key" --reason "try"
	done
	exits "and binds it to that" 1 $R reload "$dir/two-2/bundle.krux" --socket "$w/s"
	exits "development bundles are not bound" 0 $R reload "$dir/one/bundle.krux" --socket "$w/s"
	for at in "$w" "$s/trust" "$dir/bin" /; do
		exits "no agent reaches the daemon's places: $at" 1 $R agents add three --token --workspace "$at" --socket "$w/s" \
			--operator "$s/keys/operator.key"
		has "which is said" "$dir/err" "workspace $at: "
	done
	# A revoked agent's call is killed, long before its time is over.
	$as mkdir -p -m 700 "$s/workspaces/two"
	$R agents add two --token --workspace "$s/workspaces/two" --socket "$w/s" --operator "$s/keys/operator.key" > "$dir/added" 2>&1
	(umask 077 && grep -o 'krux-token-[0-9a-f]*' "$dir/added" > "$w/token2")
	[ -z "$as" ] || chown 65533:65533 "$w/token2"
	$R call filesystem.watch '{"path":"/workspace","timeout":"60s"}' --as two --token-file "$w/token2" --socket "$w/a" --json \
		> "$dir/watched" 2>&1 &
	watcher=$!
	soon under_way 1
	exits "revoke" 0 $R agents revoke two --socket "$w/s" --operator "$s/keys/operator.key"
	wait $watcher
	is "who waits for it is told" "$(grep -c 'has been taken out' "$dir/watched")" 1
	soon under_way 0
	exits "what became of it" 0 $R audit query --state "$s" --agent two --format json
	has "it was killed" "$dir/out" '"end":"killed"'

	# What waits for calls ends with its generation, however that ends.
	call "one that others wait after" 0 filesystem.read '{"path":"/workspace/a"}'
	waiting
	exits "reload while children wait" 0 $R reload --socket "$w/s"
	ended "they end with what they come from"
	call "the next generation has its own" 0 filesystem.read '{"path":"/workspace/a"}'
	waiting
	kill -9 "$(kin $daemon krux-spawner)"
	ended "without a spawner they end too"
	soon $R call filesystem.read '{"path":"/workspace/a"}' --as one --token-file "$w/token" --socket "$w/a" > "$dir/out" 2>&1
	call "and calls go on" 0 filesystem.read '{"path":"/workspace/a"}'
	waiting

	kill -TERM $daemon
	wait $daemon
	is "ends with 0" $? 0
	stopped=$daemon
	daemon=
	ended "what waited is gone"
	is "sockets are gone" "$(ls "$w" | tr '\n' ' ')" "broken bundle.krux log state token token2 "
	is "its control group is gone" "$(groups $stopped)" 0
	exits "the log" 0 $R audit verify --state "$s"
	exits "a call without the daemon" 0 $R call filesystem.read '{"path":"/workspace/a"}' --as one --state "$s" --bundle "$w/bundle.krux" --dev
	exits "the log again" 0 $R audit verify --state "$s"
	exits "nobody answers" 3 $R status --socket "$w/s"
	# Once more: what root's call has made is the recorder's.
	: > "$w/log"
	$as "$dir/bin/kruxrt" serve $waive --state "$s" --bundle "$w/bundle.krux" --dev --socket "$w/a" --supervisor "$w/s" \
		> "$w/log" 2>&1 < /dev/null &
	daemon=$!
	soon grep -qs "generation 1 serves" "$w/log"
	call "served again" 0 filesystem.read '{"path":"/workspace/a"}'
	for p in $(cat /proc/$daemon/task/$daemon/children); do
		grep -qx krux-recorder "/proc/$p/comm" 2> /dev/null && kill -9 "$p"
	done
	wait $daemon
	is "without a recorder it ends with 3" $? 3
	daemon=
	has "and says so" "$w/log" "nothing can be recorded"
	# A log that is not what it was.
	$as cp -a "$s" "$w/changed"
	printf 'x' | dd of="$w/changed/log/00000000.seg" bs=1 seek=300 conv=notrunc 2> /dev/null
	exits "a changed log" 3 $R serve $waive --state "$w/changed" --bundle "$w/bundle.krux" --dev --socket "$w/a" --supervisor "$w/s"
	is "is said once" "$(grep -vc "without control groups" "$dir/err")" 1
}

# Sockets that systemd has made; what it hears.
activated() {
	who=activated w=$dir/root
	command -v systemd-socket-activate > /dev/null || { bad "systemd-socket-activate" "not there (package systemd)"; return; }
	systemd-socket-activate -l "$w/aa" -l "$w/ss" --fdname=agent:supervisor "$dir/bin/kruxrt" serve --state "$w/state" \
		--bundle "$w/bundle.krux" --dev > "$w/log" 2>&1 < /dev/null &
	daemon=$!
	soon [ -S "$w/ss" ]
	exits "the first call starts it" 0 "$dir/bin/kruxrt" call filesystem.read '{"path":"/workspace/a"}' --as one \
		--token-file "$w/token" --socket "$w/aa" --json
	exits "status by the other socket" 0 "$dir/bin/kruxrt" status --socket "$w/ss"
	kill -TERM $daemon
	wait $daemon
	is "ends with 0" $? 0
	daemon=
}

if [ "$(id -u)" = 0 ]; then
	whole root ""
	activated
	whole user "setpriv --reuid 65533 --regid 65533 --clear-groups"
else
	whole user ""
fi

who=soak
SOAK=${KRUXRT%/kruxrt}/e2e/soak
export SOAK
TMP=$dir LIMIT=120 AGENTS=3 exits "reloads under load" 0 sh "$top/tests/e2e/soak.sh" 0 $((2 * $$))
TMP=$dir LIMIT=240 AGENTS=3 exits "killed at random moments" 0 sh "$top/tests/e2e/soak.sh" "${SOAK_SHORT:-12}" $((2 * $$ + 1))
echo "$passed passed, $failed failed"
