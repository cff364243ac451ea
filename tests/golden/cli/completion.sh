# Completions know every command and option that the programs have, and nothing else; --help fits
# a screen of 80 by 24.
for p in "$KRUXC" "$KRUXRT"; do
	name=$(basename "$p")
	for shell in bash zsh fish; do
		[ "$name" = kruxc ] && "$p" completion $shell > "$TMP/$name.$shell" || "$top/mk/completions.sh" "$p" $shell > "$TMP/$name.$shell"
		[ -s "$TMP/$name.$shell" ] || echo "nothing for $name in $shell"
	done
	bash -n "$TMP/$name.bash" || echo "$name.bash does not parse"
	commands=$("$p" --help | sed -n -e "s/^  $name \([a-z][a-z-]*\) .*/\1/p" -e 's/^  \([a-z]*\) .*/\1/p')
	for c in $commands; do
		# What bash offers after "PROGRAM COMMAND --", one a line.
		bash -c ". $TMP/$name.bash; COMP_WORDS=($name $c --); COMP_CWORD=2; _$name; printf '%s\n' \"\${COMPREPLY[@]}\"" |
			grep -v '^$' | sort > "$TMP/offered"
		"$p" $c --help | grep -o -e '--[a-z][a-z-]*' | sort -u | grep -v -e '^--help$' > "$TMP/had"
		grep -v -e '^--help$' "$TMP/offered" | cmp -s - "$TMP/had" || echo "$name $c: $(tr '\n' ' ' < "$TMP/offered")"
		for shell in zsh fish; do
			for o in $(cat "$TMP/had"); do
				grep -q -e "${o#--}" "$TMP/$name.$shell" || echo "$name.$shell lacks $o of $c"
			done
		done
	done
	offered=$(bash -c ". $TMP/$name.bash; COMP_WORDS=($name ''); COMP_CWORD=1; _$name; echo \${COMPREPLY[@]}")
	[ "$offered" = "$(echo $commands)" ] || echo "$name: offered $offered, has" $commands
done
for c in "" $("$KRUXC" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	"$KRUXC" $c --help | awk -v c="kruxc $c" '{ if (length($0) > 80) print c ": " length($0) " columns" } END { if (NR > 24) print c ": " NR " lines" }'
done
for c in "" $("$KRUXRT" --help | sed -n 's/^  kruxrt \([a-z]*\) .*/\1/p'); do
	"$KRUXRT" $c --help | awk -v c="kruxrt $c" 'END { if (NR > 24) print c ": " NR " lines" }'
done
# No part of the make that may run this: it would warn of that one's jobs.
MAKEFLAGS= make -C "$top" -s -o all install BUILD="$(dirname "$KRUXC")" DESTDIR="$TMP/root" PREFIX=/usr > /dev/null && (cd "$TMP/root/usr/share" && find bash-completion zsh fish -type f -size +100c | sort)
