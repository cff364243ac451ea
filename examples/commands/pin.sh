#!/bin/sh
# Fills in what a command's program is on this machine: @sha256:PATH@ in FILE.cap.in becomes the SHA-256 of the file at
# PATH. Usage: pin.sh FILE.cap.in > FILE.cap
# An upgrade of the program changes it: calls are refused until the file is pinned and the bundle built again.
set -eu
digests=$(sed -n 's/.*@sha256:\([^@]*\)@.*/\1/p' "$1" | sort -u | while read -r program; do
	digest=$(sha256sum "$program") || exit 3
	printf 's|@sha256:%s@|%s|g\n' "$program" "${digest%% *}"
done)
sed "$digests" "$1"
