#!/bin/sh
# Static analysis: everything builds with clang, cppcheck has nothing to say. (clang-tidy: tidy.sh.)
set -eu
make -j"$(nproc)" CC=clang all >/dev/null
echo "lint: builds with clang"
sources=$(find capspec client compiler runtime stdlib-caps -name '*.c' | LC_ALL=C sort)
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppressions-list=mk/cppcheck.txt -D_GNU_SOURCE -I. -j "$(nproc)" $sources
echo "lint: cppcheck is clean"
