#!/bin/sh
# clang-tidy over all sources, one by one: given several files, version 14 mistakes va_lists.
set -eu
make -j"$(nproc)" CC=clang all >/dev/null
sources=$(find capspec client compiler runtime stdlib-caps -name '*.c' | LC_ALL=C sort)
# The analyser's own notes go to standard error; findings to standard output.
found=$(printf '%s\n' $sources | xargs -P "$(nproc)" -n 1 sh -c \
	'clang-tidy --quiet "$@" -- -std=gnu11 -D_GNU_SOURCE -I. -Ibuild-clang/gen 2>/dev/null' tidy |
	grep -E '(error|warning):' | LC_ALL=C sort -u || true)
if [ -n "$found" ]; then
	printf '%s\n' "$found"
	exit 1
fi
echo "tidy: nothing to say"
