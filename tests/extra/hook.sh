#!/bin/sh
# The notify hook: started for a notify verdict alone, with the event and nothing else, confined.
. "$top/tests/extra/outside.inc"
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
cd "$dir" || exit 3
chmod 755 .
# Says by its exit code how far everything is as it should be; 42 when all of it is.
cat > hook <<'END'
#!/bin/sh
read -r event || exit 1
case $event in *'"filesystem.write"'*) ;; *) exit 2 ;; esac
read -r more && exit 3
[ $# = 0 ] || exit 4
[ -z "${HOME:-}${KRUX_SECRET_OF_THE_TEST:-}" ] || exit 5
(: > /tmp/krux-hook-was-here) 2> /dev/null && exit 6
(: > "$0") 2> /dev/null && exit 7
: > /dev/null || exit 8
[ "$(id -u)" != 0 ] || exit 9
[ "$(grep -c : /proc/net/dev)" = 1 ] || exit 10
grep -q '^CapEff:.0000000000000000$' /proc/self/status || exit 11
grep -q '^NoNewPrivs:.1$' /proc/self/status || exit 12
exit 42
END
chmod 755 hook
[ "$(id -u)" = 0 ] || sed -i 's/^\[ "$(id -u)".*//' hook
"$C" build "$top/stdlib-caps/policies/team-moderate.yaml" -I "$top/stdlib-caps" -o out > said 2>&1 || cat said
"$R" init --state state > /dev/null
mkdir ws
serve() {
	KRUX_SECRET_OF_THE_TEST=1 "$R" serve $waive --bundle out/bundle.krux --state state --dev --socket "$dir/a" \
		--supervisor "$dir/s" "$@"
}
chmod 777 hook
serve --notify-hook "$dir/hook" 2> said
is "others can write it" $? 2
chmod 755 hook
serve --notify-hook hook 2> said
is "a relative path" $? 2
serve --notify-hook "$dir/nothing" 2> said
is "no such program" $? 2
KRUX_SECRET_OF_THE_TEST=1 "$R" serve $waive --bundle out/bundle.krux --state state --dev --socket "$dir/a" \
	--supervisor "$dir/s" --notify-hook "$dir/hook" 2> said &
daemon=$!
soon "$R" status --socket "$dir/s" > /dev/null 2>&1
"$R" agents add builder --token --workspace "$dir/ws" --operator state/keys/operator.key --socket "$dir/s" |
	grep '^krux-token-' > token
chmod 600 token
call() { "$R" call "$@" --as builder --token-file token --socket "$dir/a" --json > answer; }
call filesystem.list '{"path":"/workspace"}'
is "a call that nobody is told of" $? 0
call filesystem.write '{"path":"/workspace/a","content":"x"}'
is "a call that is told" $? 0
soon grep -q 'notify hook' said
is "what the hook found" "$(grep -c 'the notify hook exited with 42' said)" 1
is "and nothing else was said of it" "$(grep -c 'notify hook' said)" 1
[ "$failed" = 0 ] || sed 's/^/  daemon: /' said
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
