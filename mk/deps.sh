#!/bin/sh
# Installs the Debian packages that are missing, and says which.
set -eu
need="gcc clang make re2c lemon pkg-config check libyaml-dev libcbor-dev libsodium-dev libseccomp-dev libjansson-dev
libclang-rt-14-dev clang-tidy cppcheck libsubunit-dev scdoc tzdata libcurl4-openssl-dev
libsqlite3-dev libssl-dev redis-server nftables curl openssl iproute2 systemd python3 python3-pytest qemu-system-x86 cpio e2fsprogs"
missing=
for p in $need; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $p"
done
if [ -z "$missing" ]; then
	echo "deps: all packages are there"
	exit 0
fi
echo "deps: installing$missing"
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=$(command -v sudo) || { echo "deps: not root and no sudo: install them by hand" >&2; exit 3; }
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
