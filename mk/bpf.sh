#!/bin/sh
# An object file of clang -target bpf to C: bpf.sh FILE NAME... writes each section NAME/program as code_NAME, one number an
# instruction. A file with relocations is refused: whoever loads the programs knows of none.
set -eu
object=$1
shift
if readelf -SW "$object" | grep -q ' RELA\? '; then
	echo "$object has relocations" >&2
	exit 1
fi
code=$(mktemp)
trap 'rm -f "$code"' EXIT INT TERM
echo '/* Generated from programs for the kernel. */'
for name; do
	objcopy -I elf64-little -O binary -j "$name/program" "$object" "$code"
	[ -s "$code" ] || { echo "$object has no program $name" >&2; exit 1; }
	printf '\nstatic const uint64_t code_%s[] = {\n' "$name"
	od -An -v --endian=little -w8 -t x8 "$code" | sed 's/^ *\(.*\)$/\t0x\1,/'
	echo '};'
done
