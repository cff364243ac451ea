#!/bin/sh
# Changes that a person approves as a whole: a program runs, what it has changed is shown and waits, and just that is put in
# place when it is approved; else nothing of it, whatever is killed, changes or ends meanwhile.
. "$top/tests/extra/outside.inc"
cd "$dir" || exit 3
# An ordinary user has no control groups, unless they were delegated, and root's may lack controllers.
waive="--allow-missing $([ "$(id -u)" = 0 ] && echo cgroup.memory,cgroup.pids || echo cgroup)"
chmod 755 "$dir"
mkdir caps
cp -r "$top/stdlib-caps/filesystem" caps
sh "$top/examples/commands/pin.sh" "$top/examples/commands/c.cap.in" | sed '0,/^  example/s//  changes: approve;\n  example/' > caps/c.cap
policy() { # NAME RULES
	{
		printf 'krux: policy/1\nname: p\nlayer: organization\nrules:\n'
		printf '  - { id: secret, on: c.make, when: output under "/workspace/secret", verdict: blocked }\n%s' "$2"
		printf '  - { id: rest, on: [ c.make, filesystem.write ], verdict: autonomous }\ndefault: blocked\n'
	} > "$1.yaml"
	"$C" build "$1.yaml" -I caps -o "$1" > log 2>&1 || bad "build $1" "$(cat log)"
}
policy b ''
"$R" init --state s > log
op=$dir/s/keys/operator.key key=$dir/s/keys/approver.key
KRUX_SOCKET=$dir/agent.sock KRUX_SUPERVISOR=$dir/supervisor.sock
export KRUX_SOCKET KRUX_SUPERVISOR
for a in one two; do
	exits "an agent" 0 "$R" agents add $a --token --state s --operator "$op" --bundle "$dir/b/bundle.krux"
	tail -1 out > token.$a
	chmod 600 token.$a
done
w=$dir/s/workspaces/one
printf 'all:\n\t@sh do.sh\n' > "$w/Makefile"

own() { [ "$(id -u)" != 0 ] || chown -hR 60872:60872 "$w"; }
serve() {
	"$R" serve $waive --bundle "$1/bundle.krux" --state s --socket "$KRUX_SOCKET" --supervisor "$KRUX_SUPERVISOR" --dev \
		--limit change-sets=4 >> serve 2>&1 &
	daemon=$!
	soon "$R" status > log 2>&1
}
serve b
program() { cat > "$w/do.sh"; own; }
call() { "$R" call "$@" --as one --token-file "$dir/token.one"; }
tickets() { "$R" approvals list | sed -n "2,\$p"; }
newest() { tickets | tail -1 | cut -c1-16; }
# The program runs, and something waits then.
ask() { exits "$1" 1 call c.make '{}'; says "$1: it waits" 'It has run, and a person has not decided yet'; t=$(newest); }
ended() { "$R" audit tail --state s -n 0 | awk '{ print $3 }' | grep -c "^$1\$"; }
took() { [ "$(ended "$1")" -ge "$2" ]; }
# A disk that is busy takes its time with ten thousand files.
long() { soon "$@" || soon "$@" || soon "$@" || soon "$@" || soon "$@"; }
# accepts NAME KIND: it is approved, and a record of that kind comes
accepts() {
	n=$(($(ended "$2") + 1))
	exits "$1" 0 "$R" approvals accept "$t" --key "$key" --full
	if long took "$2" $n; then good "$1: $2"; else bad "$1: $2" "$("$R" audit tail --state s -n 3)"; fi
}
last() { "$R" audit query --state s --kind outcome --format json | tail -1 > both; }

# ---- approved ----

printf 'one\ntwo\nthree\n' > "$w/text"
printf 'gone\n' > "$w/gone"
echo short > "$w/long"
program <<'E'
echo four >> text
chmod 755 text
rm gone
mkdir -p new/deep secret
echo 'int x;' > new/deep/x.c
printf 'a\0b' > binary
printf '#!/bin/sh\ntrue\n\0' > "a, 5 bytes, mode 644"
head -c 300000 /dev/zero | tr '\0' a > long
printf '\nthe end\n' >> long
printf 'plain \033[31mred \342\200\256 back\n' > "$(printf 'name\033[2J')"
echo no > secret/file
ln -s text link
exit 3
E
ask "a program that changes much"
is "nothing is changed" "$(cat "$w/text" "$w/gone" | tr '\n' ' '; ls "$w" | tr '\n' ' ')" 'one two three gone Makefile do.sh gone long text '
exits "it is shown" 0 "$R" approvals show "$t"
cp out shown
has "with what it ended" shown 'ended with 2; what waits is that'
has "what is written" shown 'write       /workspace/text, 19 bytes, mode 755 (it was 644)'
has "as a diff" shown '@@ -1,3 +1,4 @@'
has "of its lines" shown '              +four'
has "what is deleted" shown 'delete      /workspace/gone, a file'
has "a folder" shown 'folder      /workspace/new/deep'
has "what is new" shown '+int x;'
has "what is no text" shown 'it is no text'
has "with its digest" shown "$(printf 'a\0b' | sha256sum | cut -c1-64)"
has "a name with escapes" shown 'name\x1B[2J'
has "a content with escapes" shown 'plain \x1B[31mred \u{202E} back'
if LC_ALL=C grep -q '[^ -~]' shown; then bad "nothing else is printed" "$(LC_ALL=C grep '[^ -~]' shown)"; else good "nothing else is printed"; fi
has "a name that imitates us is in quotes" shown 'create      "/workspace/a, 5 bytes, mode 644", 16 bytes'
has "what cannot be compared is what will be there" shown 'what was there is no text, or too long to be compared; what will be there:'
has "to its end" shown '              +the end'
exits "and in full" 0 "$R" approvals show "$t" --full
says "what is no text too" '              +\x00'
has "what is left out" shown 'left out    /workspace/secret'
has "a link too" shown 'left out    /workspace/link'
exits "and as JSON" 0 "$R" approvals show "$t" --json
says "with the diff" '@@ -1,3 +1,4 @@\n one\n'
accepts "approved" outcome
is "it is there" "$(tail -1 "$w/text") $(stat -c %a "$w/text") $(cat "$w/new/deep/x.c") $(ls "$w/gone" 2> /dev/null)" 'four 755 int x; '
is "all bytes" "$(od -An -c "$w/binary" | tr -d ' ')" 'a\0b'
is "what was refused is not" "$(ls "$w" | grep -c 'secret\|link')" 0
last
has "the record says so" both '/workspace/new/deep/x.c'
exits "the run says what waited" 0 "$R" audit query --state s --kind deferred --format json
says "by its record" '"about":'
"$R" audit query --state s --kind outcome --format json | head -1 > both
has "whose outcome says it" both 'changes wait to be approved: '
is "and has changed nothing" "$(grep -c '"changed":\[\]' both)" 1

# ---- one who waits has the whole answer ----

program <<'E'
echo five >> text
echo said
E
call c.make '{}' --wait > waited 2>&1 &
waiter=$!
waits() { [ -n "$(tickets)" ]; }
# The daemon's process of that name.
process_of() {
	for q in /proc/[0-9]*; do
		[ "$(sed 's/^[0-9]* (\(.*\)) . \([0-9]*\) .*/\1 \2/' "$q/stat" 2> /dev/null)" != "$1 $daemon" ] || echo "${q#/proc/}"
	done
}
soon waits
t=$(newest)
accepts "somebody waits for it" outcome
wait $waiter && good "it is done" || bad "it is done" "$(cat waited)"
has "with what the program said" waited '"stdout":"said\n"'
has "and what it changed" waited '"changed":["/workspace/text"]'
is "which is there" "$(tail -1 "$w/text")" five
program <<'E'
echo nothing
exit 0
E
exits "a program that changes nothing waits for nobody" 0 call c.make '{}'
program <<'E'
cat text > text2
chmod 755 text2
mv text2 text
E
exits "nor one that leaves all as it was" 0 call c.make '{}'

# ---- not approved ----

program <<'E'
echo evil >> text
E
cp "$w/text" text
unchanged() { is "$1" "$(cmp "$w/text" text && echo same)" same; }
ask "to be rejected"
exits "rejected" 0 "$R" approvals reject "$t" --key "$key"
exits "nobody can approve it any more" 1 "$R" approvals accept "$t" --key "$key"
unchanged "nothing of it is there"
for i in 1 2 3 4; do ask "change set $i"; done
exits "one too many" 1 call c.make '{}'
says "is told before anything runs" 'too many change sets of this agent wait for a person; nothing was done'
while [ -n "$(newest)" ]; do "$R" approvals reject "$(newest)" --key "$key" > log; done
unchanged "nothing of them is there"

# ---- what changes meanwhile ----

stale() { # NAME COMMAND WHY: what it does to the workspace while it waits
	ask "$1"
	(cd "$w" && eval "$2")
	own
	cp "$w/text" text
	accepts "$1, approved" outcome
	last
	has "$1: why" both "$3"
	has "$1: all of it" both 'Nothing was changed: '
	unchanged "$1: nothing is there"
	is "$1: nor anything else" "$(ls "$w" | grep -c made)" 0
}
program <<'E'
echo evil >> text
mkdir made
echo 1 > made/it
rm -r old
echo x > into/made
E
fresh() {
	rm -rf "$w/old" "$w/into"
	mkdir -p "$w/old/deep" "$w/into"
	echo old > "$w/old/deep/file"
	own
}
fresh
stale "a file that is written" 'echo more >> text' 'It is another file than the one that was looked at.'
fresh
stale "a file of the same size" 'tr a-z A-Z < text > t; cat t > text; rm t' 'It was changed while the program ran.'
fresh
stale "a file that was to be deleted" 'echo more > old/deep/file' '"path":"/workspace/old"'
fresh
stale "a file in its way" 'echo mine > into/made' 'Something is there by now.'
fresh
stale "a folder that leads elsewhere" "mv into out; ln -s '$dir' into" 'The folder that it is in is not there any more.'
is "and nothing is there" "$(ls "$dir" | grep -c '^made')" 0
rm -rf "$w/into" "$w/out"
fresh
stale "a file that is a link" "mv text t2; ln -s '$dir/link' text; cp t2 '$dir/link'" 'It is another file than the one that was looked at.'
rm "$w/text"
mv "$w/t2" "$w/text"
fresh
echo both > "$w/name1"
ln "$w/name1" "$w/name2"
program <<'E'
rm name1 name2
E
exits "a file of several names waits for nobody" 0 call c.make '{}'
says "and is left out" 'The file has several names.'
rm "$w/name1" "$w/name2"
program <<'E'
echo evil >> text
mkdir made
echo 1 > made/it
rm -r old
echo x > into/made
E
ask "with nothing changed"
accepts "it is put in place" outcome
is "all of it" "$(cat "$w/made/it" "$w/into/made" | tr '\n' ' ')$(ls "$w/old" 2>&1 | grep -c 'No such')" '1 x 1'
rm -rf "$w/made" "$w/into"

# ---- how much ----

program <<'E'
mkdir many
i=0
while [ $i -lt 10000 ]; do echo $i > many/$i; i=$((i + 1)); done
E
ask "ten thousand files"
exits "are not accepted by who has not seen all" 1 "$R" approvals accept "$t" --key "$key"
says "but named" 'create      /workspace/many/9999, 5 bytes'
says "and it says why" 'something was left out above'
if [ -c /dev/full ]; then
	exits "nor by whom they cannot be shown to" 3 sh -c '"$0" approvals accept "$1" --key "$2" --full > /dev/full' "$R" "$t" "$key"
	says "which it says" 'the ticket cannot be shown, and is not decided'
	is "and they wait on" "$(newest)" "$t"
	for how in '' --json; do
		exits "what waits is not listed where nothing can be written, $how" 3 sh -c '"$0" approvals list $1 > /dev/full' "$R" "$how"
		says "which it says, $how" 'kruxrt approvals list: what there is to be shown cannot be written'
	done
	exits "nor is one shown" 3 sh -c '"$0" approvals show "$1" --json > /dev/full' "$R" "$t"
	says "which that says" 'kruxrt approvals show: what there is to be shown cannot be written'
fi
exits "are shown" 0 "$R" approvals show "$t" --full
says "each of them" '+9999'
accepts "and approved" outcome
is "and are there" "$(ls "$w/many" | wc -l) $(cat "$w/many/9999")" '10000 9999'
rm -rf "$w/many"
program <<'E'
mkdir many
i=0
while [ $i -lt 20000 ]; do : > many/$i; i=$((i + 1)); done
E
exits "twenty thousand" 0 call c.make '{}'
says "are more than can be approved" 'Nothing was changed: what the program has changed is more than the 16384 changes or 4 MiB'
program <<'E'
head -c 5000000 /dev/zero > large
E
exits "as are five million bytes" 0 call c.make '{}'
says "and it says so" 'more than the 16384 changes or 4 MiB'
is "nothing is there" "$(ls "$w" | grep -c 'many\|large')" 0
head -c 3000000 /dev/urandom > "$w/random"
own
program <<'E'
tr a b < random > large
rm random
E
ask "three million"
accepts "are not too much" outcome
is "all of them" "$(wc -c < "$w/large") $(ls "$w" | grep -c random)" '3000000 0'

# ---- what ends meanwhile ----

program <<'E'
echo later >> text
E
cp "$w/text" text
ask "one that waits while the daemon ends"
kill "$daemon"
wait "$daemon"
unchanged "nothing is there"
serve b
is "it waits on" "$(newest)" "$t"
for p in krux-gate krux-spawner krux-handler krux-recorder; do
	is "there is a $p" "$(process_of "$p" | wc -l)" 1
	for q in $(process_of "$p"); do kill -9 "$q"; done
	sleep 1
	unchanged "nothing is there when a $p is killed"
	kill -0 "$daemon" 2> log || { wait "$daemon"; serve b; }
	soon waits
	is "it waits on" "$(newest)" "$t"
done
kill -9 "$daemon"
wait "$daemon" 2> log
serve b
is "and when the daemon is" "$(newest)" "$t"
exits "frozen" 0 "$R" freeze --reason "a look"
exits "it can be approved" 0 "$R" approvals accept "$t" --key "$key"
unchanged "and is not put in place"
n=$(($(ended outcome) + 1))
exits "until the thaw" 0 "$R" thaw --operator "$op" --reason "seen"
soon took outcome $n
is "then it is" "$(tail -1 "$w/text")" later

# What is killed while it puts a set in place has put whole files there, and says that it does not know.
program <<'E'
mkdir many
i=0
while [ $i -lt 8000 ]; do echo "the file $i" > many/$i; i=$((i + 1)); done
E
ask "many files"
exits "approved" 0 "$R" approvals accept "$t" --key "$key" --full
begun() { [ "$(ls "$w/many" 2> /dev/null | wc -l)" -gt 20 ]; }
soon begun
for q in $(process_of krux-handler); do kill -9 "$q"; done
soon took unknown 1 || { n=$(ended outcome) && soon took outcome "$n"; }
there=$(ls "$w/many" | wc -l)
is "each file that is there is whole" "$(for f in "$w/many"/*; do [ "$(cat "$f")" = "the file ${f##*/}" ] && echo x; done | wc -l)" "$there"
echo "NOTE $there of 8000 were there"
rm -rf "$w/many"
soon "$R" status > log 2>&1

# A freeze may last; what people change meanwhile is looked at again. One of the two comes behind the many.
echo 1 > "$w/aa"
echo 1 > "$w/zz"
program <<'E'
echo 2 > aa
mkdir many
i=0
while [ $i -lt 2000 ]; do echo "the file $i" > many/$i; i=$((i + 1)); done
echo 2 > zz
E
call c.make '{}' --wait > waited 2>&1 &
waiter=$!
soon waits
t=$(newest)
exits "many files and two are approved" 0 "$R" approvals accept "$t" --key "$key" --full
soon begun
exits "frozen in the midst of it" 0 "$R" freeze --reason "a look"
sleep 1
there=$(ls "$w/many" | wc -l)
for f in aa zz; do [ "$(cat "$w/$f")" = 2 ] || { echo mine > "$w/$f.new"; mv "$w/$f.new" "$w/$f"; }; done
own
mine=$(cat "$w/aa" "$w/zz" | grep -c mine)
is "and nothing goes on" "$(ls "$w/many" | wc -l)" "$there"
n=$(($(ended outcome) + 1))
exits "thawed" 0 "$R" thaw --operator "$op" --reason "seen"
long took outcome $n
is "what somebody has changed meanwhile is still there" "$(cat "$w/aa" "$w/zz" | grep -c mine)" "$mine"
wait $waiter
[ "$mine" = 0 ] || has "and the answer says so" waited 'It is another file than the one that was looked at.'
is "the rest is there" "$(ls "$w/many" | wc -l)" 2000
rm -rf "$w/many" "$w/aa" "$w/zz"

# ---- another policy ----

program <<'E'
mkdir -p into
echo policy > into/file
E
policy same '  - { id: other, on: filesystem.write, agent: two, verdict: notify }
'
policy less '  - { id: into, on: c.make, when: output under "/workspace/into", verdict: blocked }
'
policy none '  - { id: none, on: c.make, verdict: blocked }
'
policy once '  - { id: once, on: c.make, verdict: autonomous, rate: { max: 1, per: 1d, exceeded: blocked } }
'
policy asks '  - { id: asks, on: c.make, verdict: approval-required, approval: { ttl: 20s, from: [ approver ] } }
'
renewed() { [ -n "$(newest)" ] && [ "$(newest)" != "$old" ]; }
ask "one that waits while the policy changes"
old=$t
exits "to one that says the same of it" 0 "$R" reload "$dir/same/bundle.krux"
soon renewed
t=$(newest)
exits "the old ticket is none any more" 1 "$R" approvals accept "$old" --key "$key"
accepts "the new one is" outcome
is "and is put in place" "$(cat "$w/into/file")" policy
rm -r "$w/into"
exits "one that lets it run once a day" 0 "$R" reload "$dir/once/bundle.krux"
ask "it has run once by then, and its changes are of that run"
accepts "so that they can be approved" outcome
is "and are put in place" "$(cat "$w/into/file")" policy
exits "and it does not run twice" 1 call c.make '{}'
says "which is what the rate is for" '"verdict":"blocked"'
rm -r "$w/into"
exits "back" 0 "$R" reload "$dir/same/bundle.krux"
ask "and to one that refuses a path of it"
old=$t
exits "which is loaded" 0 "$R" reload "$dir/less/bundle.krux"
soon renewed
t=$(newest)
accepts "approved all the same" outcome
last
has "it is refused" both 'The call may not create it.'
has "as a whole" both 'Nothing was changed'
is "nothing is there" "$(ls "$w" | grep -c into)" 0
exits "back" 0 "$R" reload "$dir/b/bundle.krux"
ask "and to one that denies it"
expired=$(ended expired)
exits "which is loaded too" 0 "$R" reload "$dir/none/bundle.krux"
soon took expired $((expired + 1))
is "nothing waits any more" "$(tickets)" ''
exits "now runs are approved first" 0 "$R" reload "$dir/asks/bundle.krux"
call c.make '{}' --wait > waited 2>&1 &
waiter=$!
soon waits
t=$(newest)
"$R" approvals show "$t" > shown
is "that is a run" "$(grep -c 'and has ended' shown)" 0
accepts "it is approved" deferred
soon waits
t=$(newest)
exits "then its changes wait" 0 "$R" approvals show "$t"
says "for the same approvers" 'approval    1 of approver'
says "and are shown" 'create      /workspace/into/file'
accepts "and approved" outcome
wait $waiter && good "who waited for the run has the answer" || bad "who waited for the run has the answer" "$(cat waited)"
has "the answer" waited '"changed":["/workspace/into","/workspace/into/file"]'
rm -r "$w/into"
call c.make '{}' > log 2>&1
t=$(newest)
accepts "one more run" deferred
expired=$(ended expired)
soon took expired $((expired + 1))
is "its time is over: nothing is there" "$(ls "$w" | grep -c into)" 0

# ---- the record ----

kill "$daemon"
wait "$daemon"
daemon=
exits "the log holds" 0 "$R" audit verify --state s
exits "and says again what was decided" 0 "$R" audit replay --state s --dev --bundle "$dir/b/bundle.krux" --bundle "$dir/same/bundle.krux" --bundle "$dir/once/bundle.krux" \
	--bundle "$dir/less/bundle.krux" --bundle "$dir/none/bundle.krux" --bundle "$dir/asks/bundle.krux"
says "all of it" ' 0 differ, 0 not decided'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
