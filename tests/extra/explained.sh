#!/bin/sh
# The examples of capspec/codes that are fenced as sh: each brings its own code and no other.
set -u
work=${TMP:-/tmp}/explained.$$
mkdir -p "$work/bin"
ln -s "$KRUXC" "$work/bin/kruxc"
PATH=$work/bin:$PATH
export PATH
cat capspec/codes/*.md | awk -v dir="$work" '
	/^## K[0-9]+$/ { code = $2 }
	/^```/ { inside = $0 == "```sh" && code != ""; if (inside) print code > (dir "/codes"); next }
	inside { print > (dir "/" code ".sh") }'
passed=0 failed=0
for code in $(cat "$work/codes"); do
	mkdir "$work/$code"
	out=$(cd "$work/$code" && sh "../$code.sh" 2>&1)
	got=$(echo "$out" | grep -o '\[K[0-9]*\]' | sort -u | tr -d '[]\n')
	if [ "$got" = "$code" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "the example of $code brings '$got'"
		echo "$out" | head -20
	fi
	rm -rf "${work:?}/$code"
done
rm -rf "$work"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
