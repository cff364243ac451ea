#!/bin/sh
# Runs fuzzers: run.sh BUILD SECONDS NAME... Inputs that are found stay in BUILD/corpus, what
# breaks a promise in BUILD/broken.
set -u
build=$1 seconds=$2
shift 2
status=0
for name; do
	mkdir -p "$build/corpus/$name" "$build/broken"
	log=$build/corpus/$name.log
	if "$build/fuzzers/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$build/broken/$name-" "$build/corpus/$name" "tests/fuzz/corpus/$name" > "$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "fuzz $name: $runs inputs in $seconds s"
	else
		echo "fuzz $name: BROKEN"
		grep -v '^#' "$log" | tail -40
		status=1
	fi
done
exit $status
