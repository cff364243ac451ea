#!/bin/sh
# kruxrt from outside: exit codes, files that are made, what is printed.
. "$top/tests/extra/outside.inc"

exits "no command" 2 "$R"
exits "unknown command" 2 "$R" nonsense
exits "help" 0 "$R" --help
is "help fits a screen" "$(awk 'length > 80 || NR > 24 { print "no"; exit }' "$dir/out")" ""
exits "version" 0 "$R" --version
for c in init serve call agents keys approvals audit; do
	exits "help of $c" 0 "$R" $c --help
	is "help of $c fits a screen" "$(awk 'length > 80 || NR > 24 { print "no"; exit }' "$dir/out")" ""
	exits "$c without arguments" 2 "$R" $c
done
for c in verify tail query export prove replay tiles; do
	exits "help of audit $c" 0 "$R" audit $c --help
	is "help of audit $c fits a screen" "$(awk 'length > 80 || NR > 24 { print "no"; exit }' "$dir/out")" ""
done
for c in doctor freeze thaw status reload; do
	exits "help of $c" 0 "$R" $c --help
	is "help of $c fits a screen" "$(awk 'length > 80 || NR > 24 { print "no"; exit }' "$dir/out")" ""
done
for c in mcp run dash top; do
	exits "$c is not there" 2 "$R" $c
	has "$c says so" "$dir/err" "does not have it"
done
for c in query export prove replay; do
	exits "audit $c is not there" 2 "$R" audit $c
done
exits "unknown option" 2 "$R" call x '{}' --nonsense
has "unknown option is named" "$dir/err" "no such option: --nonsense"
exits "option without value" 2 "$R" call x '{}' --state
exits "option given twice" 2 "$R" call x '{}' --state a --state b
exits "flag with value" 2 "$R" call x '{}' --state a --dev=yes
exits "bad agent" 2 "$R" call x '{}' --state a --as 'A B'

s=$dir/state
exits "init" 0 "$R" init --state "$s"
exits "init twice" 2 "$R" init --state "$s"
has "init twice says so" "$dir/err" "already"
is "state is private" "$(stat -c %a "$s")" 700
is "log is private" "$(stat -c %a "$s/log/00000000.seg")" 600
is "keys are private" "$(stat -c %a "$s/keys" "$s/keys/operator.key" "$s/keys/approver.key" "$s/keys/log.key" | tr '\n' ' ')" "700 600 600 600 "
is "approver is trusted" "$(cmp "$s/keys/approver.pub" "$s/trust/approvers/approver.pub" && echo same)" same
exits "init with a missing key" 2 "$R" init --state "$dir/other" --key "$dir/none.pub"
is "and nothing is made" "$(ls "$dir/other" 2>/dev/null)" ""
exits "init with a key" 0 "$R" init --state "$dir/third" --key "$s/keys/operator.pub"
is "the key may sign" "$(ls "$dir/third/trust/bundles")" operator.pub

exits "verify" 0 "$R" audit verify --state "$s"
has "verify says what it cannot see" "$dir/out" "not checked"
exits "verify as JSON" 0 "$R" audit verify --state "$s" --json
has "verify as JSON says whole" "$dir/out" '"whole":true'
is "verify that nobody can read is none" "$("$R" audit verify --state "$s" > /dev/full 2> /dev/null; echo $?)" 3
is "verify without standard output" "$("$R" audit verify --state "$s" >&- 2> /dev/null; echo $?)" 3
is "no file takes the place of standard input" \
	"$("$R" call x.y - --state "$s" --bundle "$dir/none" <&- 2>&1 | grep -c "Bad file descriptor")" 1
exits "tail" 0 "$R" audit tail --state "$s"
is "tail has a line a record" "$(wc -l < "$dir/out")" 4
exits "tail -n" 0 "$R" audit tail --state "$s" -n 1
is "tail -n 1 has one line" "$(wc -l < "$dir/out")" 1
has "and it is the last" "$dir/out" "key log log"
exits "tail as JSON" 0 "$R" audit tail --state "$s" --json
has "tail as JSON has a leaf" "$dir/out" '"leaf":"'
exits "tail -n nonsense" 2 "$R" audit tail --state "$s" -n x
exits "verify without a state" 2 "$R" audit verify --state "$dir/none"

exits "call without a bundle" 2 "$R" call x.y '{}' --state "$s"
printf 'junk\033[31m' > "$dir/junk"
exits "call with a bundle of junk" 2 "$R" call x.y '{}' --state "$s" --bundle "$dir/junk"
exits "call with a folder for a bundle" 2 "$R" call x.y '{}' --state "$s" --bundle "$dir"
mkfifo "$dir/fifo"
exits "call with a fifo for a bundle" 2 timeout 5 "$R" call x.y '{}' --state "$s" --bundle "$dir/fifo"
exits "names are escaped" 2 "$R" call x.y '{}' --state "$s" --bundle "$(printf '%s/\033[31mred' "$dir")"
is "no escape reaches the screen" "$(grep -c "$(printf '\033')" "$dir/err")" 0
exits "the state in reach" 2 "$R" call x.y '{}' --state "$s" --bundle "$dir/junk" --workspace "$dir"
chmod 755 "$s"
exits "a state that others can enter" 2 "$R" audit verify --state "$s"
chmod 700 "$s"
# One of them came as far as the recorder, whose starts, with what the machine lacks, are recorded.
is "nothing of this was recorded" "$("$R" audit tail --state "$s" -n 0 | grep -vc " start$\| certify$\| missing ")" 4

# serve without sockets: who calls is at the other end of standard input.
exits "standard input that is no connection" 2 "$R" serve --only builder --state "$s" --bundle "$dir/junk" < /dev/null
has "is said" "$dir/err" "standard input is no connected Unix stream socket"
exits "nobody else connects" 2 "$R" serve --only builder --socket "$dir/a" --state "$s" --bundle "$dir/junk"
exits "a folder of nobody" 2 "$R" serve --workspace "$dir" --state "$s" --bundle "$dir/junk"

# One changed byte, in a log that no checkpoint was signed of.
s=$dir/third
cp "$s/log/00000000.seg" "$dir/keep"
printf '\377' | dd of="$s/log/00000000.seg" bs=1 seek=200 conv=notrunc 2> /dev/null
exits "verify of a changed log" 1 "$R" audit verify --state "$s"
has "verify names the place" "$dir/out" "record 1, bytes"
cp "$dir/keep" "$s/log/00000000.seg"
head -c 300 "$dir/keep" > "$s/log/00000000.seg"
exits "verify of a short log" 1 "$R" audit verify --state "$s"
has "verify counts what is missing" "$dir/out" "missing"
cp "$dir/keep" "$s/log/00000000.seg"
exits "verify of the whole log" 0 "$R" audit verify --state "$s"

# Lost records are an operator's to acknowledge.
exits "nothing to acknowledge" 1 "$R" audit acknowledge --state "$s" --key "$s/keys/operator.key" --reason none
head -c 300 "$dir/keep" > "$s/log/00000000.seg"
exits "acknowledge by somebody else" 3 "$R" audit acknowledge --state "$s" --key "$s/keys/approver.key" --reason "a test"
exits "acknowledge a loss" 0 "$R" audit acknowledge --state "$s" --key "$s/keys/operator.key" --reason "a test"
has "acknowledge says what is lost" "$dir/out" "acknowledged by operator"
exits "verify after it" 0 "$R" audit verify --state "$s"
has "verify names the loss" "$dir/out" "an operator acknowledged"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
