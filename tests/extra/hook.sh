#!/bin/sh
# The notify hook: started for a notify verdict alone, with the event and nothing else, confined.
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
set -u
top=$(pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/krux-hook.XXXXXX")
daemon=
finish() {
	[ -z "$daemon" ] || { kill "$daemon"; wait "$daemon"; } 2> /dev/null
	rm -rf "$work"
}
trap finish EXIT INT TERM
passed=0 failed=0
ok() {
	if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: $2, not $3"; fi
}
cd "$work" || exit 3
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
"$build/kruxc" build "$top/stdlib-caps/policies/team-moderate.yaml" -I "$top/stdlib-caps" -o out > said 2>&1 || cat said
"$build/kruxrt" init --state state > /dev/null
mkdir ws
serve() {
	KRUX_SECRET_OF_THE_TEST=1 "$build/kruxrt" serve $waive --bundle out/bundle.krux --state state --dev --socket "$work/a" \
		--supervisor "$work/s" "$@"
}
chmod 777 hook
serve --notify-hook "$work/hook" 2> said
ok "others can write it" $? 2
chmod 755 hook
serve --notify-hook hook 2> said
ok "a relative path" $? 2
serve --notify-hook "$work/nothing" 2> said
ok "no such program" $? 2
KRUX_SECRET_OF_THE_TEST=1 "$build/kruxrt" serve $waive --bundle out/bundle.krux --state state --dev --socket "$work/a" \
	--supervisor "$work/s" --notify-hook "$work/hook" 2> said &
daemon=$!
n=0
until "$build/kruxrt" status --socket "$work/s" > /dev/null 2>&1 || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done
"$build/kruxrt" agents add builder --token --workspace "$work/ws" --operator state/keys/operator.key --socket "$work/s" |
	grep '^krux-token-' > token
chmod 600 token
call() { "$build/kruxrt" call "$@" --as builder --token-file token --socket "$work/a" --json > answer; }
call filesystem.list '{"path":"/workspace"}'
ok "a call that nobody is told of" $? 0
call filesystem.write '{"path":"/workspace/a","content":"x"}'
ok "a call that is told" $? 0
n=0
until grep -q 'notify hook' said || [ $n = 600 ]; do n=$((n + 1)); sleep 0.1; done
ok "what the hook found" "$(grep -c 'the notify hook exited with 42' said)" 1
ok "and nothing else was said of it" "$(grep -c 'notify hook' said)" 1
[ "$failed" = 0 ] || sed 's/^/  daemon: /' said
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
