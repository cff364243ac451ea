#!/bin/sh
# krux-witness from outside: exit codes and what is said where there is nothing to do.
set -u
TMP=${TMP:-/tmp}
R=${KRUXRT:?}
W=$(dirname "$R")/krux-witness
dir=$(mktemp -d "$TMP/krux-witness.XXXXXX")
trap 'rm -rf "$dir"' EXIT INT TERM
passed=0 failed=0
# exits NAME CODE TEXT COMMAND...: TEXT stands in what is printed
exits() {
	name=$1 want=$2 text=$3
	shift 3
	"$@" > "$dir/out" 2>&1
	got=$?
	if [ $got = "$want" ] && grep -qF -- "$text" "$dir/out"; then
		passed=$((passed + 1))
		echo "ok $name"
	else
		failed=$((failed + 1))
		echo "not ok $name: exit $got, not $want with '$text': $(head -c 300 "$dir/out")"
	fi
}

exits "help" 0 "Exit:" "$W" --help
exits "no options" 2 "krux-witness --state DIR" "$W"
exits "no state folder" 2 "No such file" "$W" --state "$dir/none"
"$R" init --state "$dir/s" > "$dir/init" || exit 3
exits "no witnesses" 2 "trust/witnesses names none" "$W" --state "$dir/s"
echo nonsense > "$dir/s/trust/witnesses"
exits "witnesses that are none" 2 "trust/witnesses:1: a key and an address are expected" "$W" --state "$dir/s"
echo "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 http://127.0.0.1:1" > "$dir/s/trust/witnesses"
exits "no checkpoint yet" 3 "checkpoint: No such file" "$W" --state "$dir/s"
rm "$dir/s/trust/logs/log.pub"
exits "no key" 3 "trust/logs holds no key of this log" "$W" --state "$dir/s"
exits "who watches is in the output of init" 0 "witnesses know it as krux/" cat "$dir/init"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
