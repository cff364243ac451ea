#!/bin/sh
# kruxrt audit query, export and replay on a log of real calls.
. "$top/tests/extra/outside.inc"
lines() { wc -l < "$dir/out" | tr -d ' '; }

caps=$top/stdlib-caps
"$C" build "$caps/policies/team-moderate.yaml" -I "$caps" -o "$dir/bundle" > /dev/null || exit 3
s=$dir/s
"$R" init --state "$s" > /dev/null || exit 3
mkdir -p "$s/workspaces/builder/notes"
echo hello > "$s/workspaces/builder/notes/a,b.txt"
call() { "$R" call "$@" --state "$s" --bundle "$dir/bundle/bundle.krux" --dev > /dev/null 2>&1; }
call filesystem.read '{"path":"/workspace/notes/a,b.txt"}' --as builder
call filesystem.write '{"path":"/workspace/notes/new.txt","content":"=1+1"}' --as builder
call filesystem.delete '{"path":"/workspace/notes/a,b.txt"}' --as builder
call filesystem.read '{"path":"/workspace/.env"}' --as builder
call filesystem.read '{"path":"/etc/passwd"}' --as other
call nonsense '{}' --as builder
head -c 100000 /dev/zero | tr '\0' x > "$dir/x"
printf '{"path":"/workspace/big.txt","content":"%s"}' "$(cat "$dir/x")" > "$dir/big.json"
call filesystem.write - --as builder < "$dir/big.json"

exits "query needs a folder" 2 "$R" audit query
exits "query of no kind" 2 "$R" audit query --state "$s" --kind nonsense
exits "query of no verdict" 2 "$R" audit query --state "$s" --verdict maybe
exits "query of no time" 2 "$R" audit query --state "$s" --since yesterday
exits "query of no place" 2 "$R" audit query --state "$s" --arg nonsense
exits "query of no format" 2 "$R" audit query --state "$s" --format ocsf
exits "nothing is found" 1 "$R" audit query --state "$s" --agent nobody
exits "all of it" 0 "$R" audit query --state "$s" --format json
all=$(lines)
exits "by agent" 0 "$R" audit query --state "$s" --agent other
is "a heading and one denied call" "$(lines)" 2
has "the table names it" "$dir/out" '/etc/passwd'
exits "by verdict" 0 "$R" audit query --state "$s" --verdict approval-required --format json
is "one waits" "$(lines)" 1
exits "by capability, with outcomes" 0 "$R" audit query --state "$s" --capability filesystem.read --format json
is "three reads, one of them ran" "$(lines)" 4
exits "by namespace" 0 "$R" audit query --state "$s" --capability 'filesystem.*' --kind intent --format json
is "three ran" "$(lines)" 3
exits "by kind" 0 "$R" audit query --state "$s" --kind invalid --format json
has "the invalid one" "$dir/out" '"asked":"nonsense"'
exits "by argument" 0 "$R" audit query --state "$s" --arg 'path=/workspace/.env' --format json
is "one such" "$(lines)" 1
exits "by an argument in a blob" 0 "$R" audit query --state "$s" --arg path=/workspace/big.txt --kind intent
exits "by two arguments" 1 "$R" audit query --state "$s" --arg path=/workspace/.env --arg path=/x
exits "since an hour" 0 "$R" audit query --state "$s" --since 1h --format json
is "is all" "$(lines)" "$all"
exits "until a day long past" 1 "$R" audit query --state "$s" --until 2020-01-01
exits "limited" 0 "$R" audit query --state "$s" --limit 3 --format json
is "to three" "$(lines)" 3
exits "as CSV" 0 "$R" audit query --state "$s" --agent builder --format csv
has "a comma is quoted" "$dir/out" '"{""path"":""/workspace/notes/a,b.txt""'
is "rows end as CSV ends them" "$(head -1 "$dir/out" | tail -c 2 | od -An -tx1 | tr -d ' ')" 0d0a

exits "export wants a format" 2 "$R" audit export --state "$s"
exits "JSON lines" 0 "$R" audit export --state "$s" --format jsonl
is "one a record" "$(lines)" "$all"
exits "CBOR" 0 "$R" audit export --state "$s" --format cbor
is "the very bytes" "$(cmp -n "$(wc -c < "$dir/out")" "$dir/out" "$s/log/00000000.seg" && echo same)" same
exits "OCSF" 0 "$R" audit export --state "$s" --format ocsf
is "an event a call" "$(lines)" 7
has "of class 6003" "$dir/out" '"class_uid":6003'
is "three of them succeeded" "$(grep -c '"status_id":1' "$dir/out")" 3
is "three were blocked" "$(grep -c '"disposition":"Blocked"' "$dir/out")" 3
has "what is no call is said" "$dir/err" "OCSF 6003 has no place for them"
exits "OCSF of one agent" 0 "$R" audit export --state "$s" --format ocsf --agent other
is "is one event" "$(lines)" 1

# What this one was refused for, and what the rule says of all such.
cat > "$dir/slow.yaml" <<'X'
krux: policy/1
name: slow
layer: organization
default: blocked
rules:
  - { id: ping, on: system.ping, verdict: autonomous, reason: Slowly, rate: { max: 1, per: 1h, exceeded: blocked } }
  - { id: stat, on: filesystem.stat, verdict: autonomous }
X
"$C" build "$dir/slow.yaml" -I "$caps" -o "$dir/slow" > /dev/null 2>&1 || exit 3
"$R" init --state "$dir/t" > /dev/null || exit 3
slow() { "$R" call "$@" --as builder --state "$dir/t" --bundle "$dir/slow/bundle.krux" --dev > /dev/null 2>&1; }
slow system.ping '{}'
slow system.ping '{}'
slow filesystem.stat '{"path":"/workspace/none/x"}'
slow nonsense '{}'
"$R" audit export --state "$dir/t" --format ocsf > "$dir/events" 2> /dev/null
is "four events" "$(wc -l < "$dir/events" | tr -d ' ')" 4
detail() { sed -n "$1p" "$dir/events" | grep -o "\"$2\":\"[^\"]*\"" | head -n 1 | cut -d'"' -f4; }
is "what ran" "$(detail 1 status_code)" done
is "without more to say" "$(detail 1 status_detail)" ""
is "what was refused" "$(detail 2 status_code)" denied
is "why" "$(detail 2 status_detail | sed 's/ in [0-9]* seconds$//')" "the rate of this rule is used up, and has room for this call"
is "and what the rule says" "$(detail 2 message)" Slowly
is "what was invalid" "$(detail 4 status_code)" invalid
has "and why" "$dir/events" '"status_detail":"there is no such capability'

# A disk that is full, noticed in the middle or at the end.
full() { # ARGUMENT...
	"$R" audit "$@" --state "$s" > /dev/full 2> "$dir/err"
	is "$* to a full disk" $? 3
	has "that is said of $*" "$dir/err" "No space left on device"
}
full query --limit 1
full query --format json
full export --format ocsf
full tail -n 0
full tail -n 0 --json

is "the bundle was kept" "$(find "$s/bundles" -name '*.krux' | wc -l | tr -d ' ')" 1
exits "replay" 0 "$R" audit replay --state "$s" --dev
has "all are the same" "$dir/out" "6 the same, 0 differ, 0 not decided"
exits "a development key is not taken unasked" 1 "$R" audit replay --state "$s"
has "and that is said" "$dir/out" "0 the same, 0 differ, 6 not decided"
has "with what takes it" "$dir/out" "not decided: its bundle is signed with a development key; --dev takes it"
rm -r "$s/bundles"
exits "without the bundle" 1 "$R" audit replay --state "$s" --dev
has "what gives it is said" "$dir/out" "not decided: its bundle is not there; --bundle F gives it"
exits "with the bundle that is given" 0 "$R" audit replay --state "$s" --dev --bundle "$dir/bundle/bundle.krux"
# Another policy under the name of the one that decided.
sed 's/approval-required/blocked/' "$caps/policies/team-moderate.yaml" > "$dir/other.yaml"
"$C" build "$dir/other.yaml" -I "$caps" -o "$dir/other" > /dev/null 2>&1 || exit 3
mkdir "$s/bundles"
digest=$("$R" audit query --state "$s" --kind bundle --format json | head -n 1 | sed 's/.*"bundle":"\([0-9a-f]*\)".*/\1/')
cp "$dir/other/bundle.krux" "$s/bundles/$digest.krux"
exits "a kept bundle that is another" 1 "$R" audit replay --state "$s" --dev
has "is not taken" "$dir/err" "is another bundle than its name says"
rm -f "$s"/blobs/*
exits "what was erased is not decided" 1 "$R" audit replay --state "$s" --dev --bundle "$dir/bundle/bundle.krux"
has "and said" "$dir/out" "not decided: its arguments or facts were erased"

# Records are lost that were signed: an older copy of the log stands where the log was, then it is cut.
l=$dir/l
"$R" init --state "$l" > /dev/null || exit 3
stat() { "$R" call filesystem.stat '{"path":"/workspace/none/x"}' --as builder --state "$l" --bundle "$dir/slow/bundle.krux" --dev; }
said() { "$R" audit acknowledge --state "$l" --key "$l/keys/operator.key" --reason "a test" > "$dir/said" 2>&1; }
sizes() { grep -a -A1 'krux/[0-9a-f]*$' "$l/log/checkpoints" | grep -a '^[0-9]*$' | sort -n; }
for i in 1 2; do stat > /dev/null 2>&1; done
cp -r "$l/log" "$dir/older"
for i in 1 2 3 4; do stat > /dev/null 2>&1; done
signed=$(sizes | tail -n 1)
for f in "$l"/log/*.seg; do [ -e "$dir/older/${f##*/}" ] || rm "$f"; done
cp "$dir/older"/*.seg "$dir/older/head" "$l/log"
exits "a start on an older log" 3 stat
has "says what is lost" "$dir/err" "its key has signed $signed: records are lost. Nothing is done until an operator acknowledges it"
exits "verify of it" 1 "$R" audit verify --state "$l"
said; is "an operator's word" $? 0
has "says what there was" "$dir/said" "the log had at least $signed records"
exits "verify after it" 0 "$R" audit verify --state "$l"
has "says what is excused" "$dir/out" "of records whose loss an operator acknowledged"
has "and that nothing vouches for the rest yet" "$dir/out" "nothing was signed since an operator acknowledged a loss"
before=$(sizes | wc -l)
stat > /dev/null 2>&1
is "nothing is signed before the log is longer again" "$(sizes | wc -l)" "$before"
for i in 1 2 3 4 5 6; do stat > /dev/null 2>&1; done
is "then it is" "$(test "$(sizes | tail -n 1)" -gt "$signed" && echo yes)" yes
is "no size twice" "$(sizes | uniq -d)" ""
exits "verify of a log that went on" 0 "$R" audit verify --state "$l"
is "all of it is vouched for" "$(grep -c "nothing was signed since" "$dir/out")" 0
last=$(find "$l/log" -name '*.seg' | sort | tail -n 1)
head -c 700 "$last" > "$dir/cut"
cp "$dir/cut" "$last"
exits "a start on a log that was cut" 3 stat
said; is "an operator's second word" $? 0
exits "verify after that" 0 "$R" audit verify --state "$l"
for i in 1 2 3 4 5 6; do stat > /dev/null 2>&1; done
exits "verify after six calls" 0 "$R" audit verify --state "$l"
is "no size twice still" "$(sizes | uniq -d)" ""
# Without log/head nobody knows how long it was.
rm "$l/log/head"
exits "a start without log/head" 3 stat
has "says what to type" "$dir/err" "kruxrt audit acknowledge --state DIR --key KEY --reason TEXT"
exits "verify without log/head" 3 "$R" audit verify --state "$l"
has "says that it cannot be told" "$dir/out" "CANNOT BE TOLD"
said; is "an operator's word on that" $? 0
has "says what is not known" "$dir/said" "log/head is lost, so that whether more followed is not known"
exits "verify with a new one" 0 "$R" audit verify --state "$l"
has "says so from then on" "$dir/out" "an operator acknowledged that log/head was lost"
for i in 1 2 3; do stat > /dev/null 2>&1; done
exits "verify after three calls" 0 "$R" audit verify --state "$l"
is "no size twice ever" "$(sizes | uniq -d)" ""
# The word of somebody who is no operator.
mv "$l/trust/operators" "$dir/operators"
mkdir -m 700 "$l/trust/operators"
exits "verify without that operator" 1 "$R" audit verify --state "$l"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
