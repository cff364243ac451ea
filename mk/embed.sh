#!/bin/sh
# Text files as C strings: embed.sh HEADER NAME=FILE... writes one function a file, returning
# krux_str, as HEADER declares them. FILE may be - for the standard input.
set -eu
echo '/* Generated from text files. */'
printf '#include "%s"\n' "$1"
shift
for pair; do
	name=${pair%%=*} file=${pair#*=}
	printf '\nstatic const char %s_text[] =\n' "$name"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/	/\\t/g' -e 's/^.*$/\t"&\\n"/' "$file"
	printf '\t"";\n\nstruct krux_str %s(void)\n{\n\treturn (struct krux_str){ %s_text, sizeof %s_text - 1 };\n}\n' \
		"$name" "$name" "$name"
done
