#!/bin/sh
# Every code of capspec/codes.def is really brought by something: by the example in its text, or,
# where that would be too large for a page or takes two folders, by what is made here. Each brings
# its own code and no other. A code that has neither fails.
set -u
work=${TMP:-/tmp}/explained.$$
here=$(pwd)
mkdir -p "$work/bin"
ln -s "$KRUXC" "$work/bin/kruxc"
PATH=$work/bin:$PATH
export PATH

# The blocks of each code as DIR/CODE/1.KIND, 2.KIND ...; those before the first code as none/.
cat capspec/codes/*.md | awk -v dir="$work" '
	FNR == 1 || /^# / { code = "none" }
	/^## K[0-9]+$/ { code = $2; n = 0 }
	/^```/ {
		inside = !inside
		if (inside) {
			if (code != "none" || !made[code]) system("mkdir -p " dir "/" code)
			made[code] = 1
			file = dir "/" code "/" ++n "." substr($0, 4)
		} else
			close(file)
		next
	}
	inside { print > file }'
example=$(ls "$work"/none/*.cap | head -1)

# ---- what does not fit a page ----

policy_head() { printf 'krux: policy/1\nname: demo\nlayer: organization\n'; }

# Sources are packed: the comment is one that packing does not shorten.
made_K6002() {
	cp "$example" .
	awk 'BEGIN {
		for (x = 1; n < 15000000; n += length(line)) {
			line = "# "
			for (i = 0; i < 12; i++) {
				x = x * 16807 % 2147483647
				line = line sprintf("%x", x)
			}
			print line
		}
	}' > comment
	for i in 1 2 3 4 5 6; do
		{
			policy_head | sed "s/demo/d$i/"
			echo 'default: blocked'
			cat comment
		} > $i.yaml
	done
	rm comment
	kruxc build . -o out
}
made_K6003() {
	cp "$example" .
	{ policy_head; echo 'default: blocked'; } > demo.yaml
	CC=/nowhere/cc kruxc build . -o out
}
# libseccomp writes its programs to a file.
made_K6004() {
	trap '' XFSZ
	ulimit -f 0
	kruxc build "$here/stdlib-caps/policies/personal-permissive.yaml" -I "$here/stdlib-caps" -o out
}
# Faults of kruxc, not of what it reads: a unit test brings it.
made_K6005() { grep -q 'list\[0\]->code == 6005' "$here/tests/unit/test_filter_verify.c" && echo '[K6005]'; }

made_K6006() {
	cp "$example" .
	{ policy_head; echo 'default: blocked'; } > demo.yaml
	kruxc build . -o out --compiler-reads /nowhere
}

# A minute's work for the compiler: a unit test brings it.
made_K9003() { grep -q 'list\[0\]->code == 9003' "$here/tests/unit/test_c_text.c" && echo '[K9003]'; }

# ---- running them ----

# The blocks of the code beside one another: what they are about is the example's capability,
# unless they bring one of their own.
blocks_check() {
	for f in "$1"/*.cap "$1"/*.policy "$1"/*.cond; do
		[ -e "$f" ] || continue
		case $f in
		*.cap) cp "$f" "$(basename "$f")" ;;
		*.policy) cp "$f" "$(basename "$f" .policy).yaml" ;;
		*.cond)
			policy_head > cond.yaml
			{
				printf 'rules:\n  - id: r\n    on: example.act\n    verdict: autonomous\n    when: |-\n'
				sed 's/^/      /' "$f"
				echo 'default: blocked'
			} >> cond.yaml ;;
		esac
	done
	ls ./*.cap > /dev/null 2>&1 || cp "$example" example.cap
	kruxc check .
}
run() {
	if [ -e "$work/$1/1.sh" ]; then
		sh "$work/$1/1.sh"
	elif [ -d "$work/$1" ]; then
		blocks_check "$work/$1"
	elif command -v "made_$1" > /dev/null; then
		"made_$1"
	else
		echo "nothing brings $1: no example in its text, none made by the test"
	fi
}
passed=0 failed=0
for code in $(sed -n 's/^CODE(\([0-9]*\),.*/\1/p' capspec/codes.def); do
	code=$(printf K%04d "$code")
	mkdir -p "$work/run"
	out=$(cd "$work/run" && run "$code" 2>&1)
	got=$(echo "$out" | grep -o '\[K[0-9]*\]' | sort -u | tr -d '[]\n')
	if [ "$got" = "$code" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$code: its example brings '$got'"
		echo "$out" | head -${LINES_SHOWN:-20}
	fi
	chmod -R u+rwX "$work/run"
	rm -rf "$work/run"
done
cd "$here" || exit 1
rm -rf "$work"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
