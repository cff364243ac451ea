#!/bin/sh
# Completions of a program for a shell, read off what its own --help says, so that they cannot
# name what it does not have: completions.sh PROGRAM bash|zsh|fish
set -eu
program=$1 shell=$2
name=$(basename "$program")

commands() { "$program" --help | sed -n "s/^  $name \([a-z][a-z-]*\) .*/\1/p"; }
# The words below a command, such as those of audit, and its options.
words() {
	"$program" "$1" --help | sed -n -e 's/^  \([a-z][a-z-]*\)  .*/\1/p'
	"$program" "$1" --help | grep -o -e '--[a-z][a-z-]*' | sort -u
}
case $shell in
bash)
	printf '_%s() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n' "$name"
	printf '\tif [ "$COMP_CWORD" = 1 ]; then\n\t\twords="%s"\n\telse\n\t\tcase ${COMP_WORDS[1]} in\n' \
		"$(commands | tr '\n' ' ')"
	for c in $(commands); do
		printf '\t\t%s) words="%s" ;;\n' "$c" "$(words "$c" | tr '\n' ' ')"
	done
	printf '\t\tesac\n\tfi\n\tCOMPREPLY=($(compgen -W "$words" -- "$word"))\n}\ncomplete -o default -F _%s %s\n' "$name" "$name"
	;;
zsh)
	printf '#compdef %s\nif (( CURRENT == 2 )); then\n\tcompadd -- %s\nelse\n\tcase $words[2] in\n' "$name" \
		"$(commands | tr '\n' ' ')"
	for c in $(commands); do
		printf '\t%s) compadd -- %s ;;\n' "$c" "$(words "$c" | tr '\n' ' ')"
	done
	printf '\tesac\n\t_files\nfi\n'
	;;
fish)
	for c in $(commands); do
		printf 'complete -c %s -n __fish_use_subcommand -a %s\n' "$name" "$c"
		for w in $(words "$c"); do
			case $w in
			--*) printf 'complete -c %s -n "__fish_seen_subcommand_from %s" -l %s\n' "$name" "$c" "${w#--}" ;;
			*) printf 'complete -c %s -n "__fish_seen_subcommand_from %s" -a %s\n' "$name" "$c" "$w" ;;
			esac
		done
	done
	;;
*)
	echo "completions.sh: bash, zsh or fish, not '$shell'" >&2
	exit 2
	;;
esac
