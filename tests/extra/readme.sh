# The policy, the capability and the commands of README.md do what it says of them.
mkdir "$TMP/readme" && cd "$TMP/readme" || exit 3
passed=0 failed=0
ok() {
	if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "not ok readme: $2"; fi
}
# The indented lines under a heading.
block() { awk -v h="## $1" '/^## / { here = $0 == h } here && (/^    / || /^$/)' "$top/README.md" | sed 's/^    //'; }
block 'A policy' > policy.yaml
block 'A capability' > notes.cap
block 'What the compiler can tell you' > commands
sed 's/verdict: autonomous/verdict: notify/; /^tests:/,$d' policy.yaml > new.yaml
ln -s "$top/stdlib-caps" stdlib-caps
mkdir bin && ln -s "$KRUXC" bin/kruxc
PATH=$PWD/bin:$PATH
export PATH
# What a command ends with; those that are not here need what this folder does not have.
ends() {
	case $1 in
	check | test | table | prove | build) echo 0 ;;
	eval | diff) echo 1 ;;
	esac
}
n=0
while read -r line; do
	set -- $line
	want=$(ends "$2")
	[ "$1" = kruxc ] && [ "$want" ] || continue
	sh -c "$line" > out.txt 2>&1
	code=$?
	n=$((n + 1))
	[ $code = "$want" ]
	ok $? "$line: exit $code, not $want: $(head -5 out.txt)"
done < commands
[ $n = 7 ]
ok $? "$n commands were tried"
kruxc test policy.yaml -I stdlib-caps | tail -1 | grep -qx '3 passed, 0 failed'
ok $? "the policy's tests and claim pass"
[ -s out/bundle.krux ] && [ -s out/sandbox/filesystem.read@1.0.plan ]
ok $? "build leaves the bundle and the plans"
kruxc check notes.cap > out.txt 2>&1
ok $? "the capability: $(head -5 out.txt)"
cd "$TMP" && rm -rf readme
echo "$passed passed, $failed failed"
