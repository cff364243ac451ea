#!/bin/sh
# The referee (tests/oracle) on a fixed range of seeds; a tenth of it under sanitizers. Whether the faults that it
# has to find can be planted.
set -u
oracle=${BUILD:-build}/oracle
evaluations=1000000 policies=2000
[ -z "${SAN:-}" ] || evaluations=100000 policies=200
[ -x "$oracle" ] || { echo "$oracle is missing"; echo "0 passed, 1 failed"; exit 1; }
# A fault that cannot be planted any more is a change to the list, whoever changed its file.
tests/oracle/faults.sh --stale || { echo "0 passed, 1 failed"; exit 1; }
# Both outcomes of each pair of operator and type take the whole range of seeds.
exec "$oracle" --evaluations $evaluations --policies $policies --jobs "$(nproc)" ${SAN:+--no-coverage}
