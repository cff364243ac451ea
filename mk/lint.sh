#!/bin/sh
# Static analysis: everything builds with clang, cppcheck and clang-tidy have nothing to say.
set -eu
make -j"$(nproc)" CC=clang all >/dev/null
echo "lint: builds with clang"
sources=$(find capspec compiler runtime stdlib-caps -name '*.c' | LC_ALL=C sort)
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=mk/cppcheck.txt -D_GNU_SOURCE -I. -j "$(nproc)" $sources
echo "lint: cppcheck is clean"
# The analyser's own notes go to standard error; findings to standard output.
found=$(printf '%s\n' $sources | xargs -P "$(nproc)" -n 1 sh -c \
	'clang-tidy --quiet "$@" -- -std=gnu11 -D_GNU_SOURCE -I. -Ibuild-clang/gen 2>/dev/null' tidy |
	grep -E '(error|warning):' | LC_ALL=C sort -u || true)
if [ -n "$found" ]; then
	printf '%s\n' "$found"
	exit 1
fi
echo "lint: clang-tidy is clean"
