#!/bin/sh
# soak.sh KILLS SEED: a state folder with agents, then tests/e2e/soak.c. Prints what it counted; exits
# with 0 when nothing was wrong. KRUXC, KRUXRT and top as in tests/run.sh; SOAK is the program.
set -eu
# kruxc takes a compiler, not one behind another program such as ccache.
[ -z "${CC:-}" ] || { CC=${CC##* }; export CC; }
kills=$1 seed=$2 agents=${AGENTS:-4}
dir=$(mktemp -d "${TMP:-/tmp}/krux-soak.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
s=$dir/state
"$KRUXC" build "$top/tests/e2e/soak.yaml" -I "$top/stdlib-caps" -o "$dir/out" > "$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
"$KRUXRT" init --state "$s" > /dev/null
i=0
while [ $i -lt "$agents" ]; do
	(umask 077 && "$KRUXRT" agents add w$i --token --state "$s" --operator "$s/keys/operator.key" \
		--bundle "$dir/out/bundle.krux" > "$dir/added")
	(umask 077 && grep -o 'krux-token-[0-9a-f]*' "$dir/added" > "$dir/w$i.token")
	i=$((i + 1))
done
code=0
timeout "${LIMIT:-3600}" "${SOAK:-${KRUXRT%/kruxrt}/e2e/soak}" "$KRUXRT" "$s" "$dir/out/bundle.krux" "$agents" "$kills" "$seed" --dev || code=$?
if [ $code != 0 ]; then
	echo "the daemon said last:"
	tail -20 "$dir/serve.log" || true
	:
fi
if [ -n "${KEEP:-}" ]; then cp -r "$dir" "$KEEP"; fi
exit $code
