# Claims: proved, broken with a call, and what history has to do with it.
p="stdlib-caps/policies/team-moderate.yaml -I stdlib-caps"
pr() { "$KRUXC" prove $p --that "$1"; echo "exit $?"; }
pr 'never autonomous on "filesystem.*" when any(writes, it under "/etc")'
pr 'never autonomous on filesystem.read when path under "/workspace"'
pr 'always blocked on filesystem.read when path matches "**/.env"'
pr 'never notify,autonomous on filesystem.write when size(content) > 1MiB'
pr 'never approval-required on filesystem.edit'
pr 'never autonomous'
pr 'never autonomous on filesystem.raed'
"$KRUXC" prove $p; echo "exit $?"
# What is too large to be looked at is not proved: these are all reads with such a path, and all are notify.
many=$(seq 1 20 | sed 's|.*|(path matches "**/d&/**" and path matches "**/e&/**")|' | paste -s -d+ | sed 's/+/ or /g')
printf 'krux: policy/1\nname: p\nlayer: organization\ndefault: notify\nprove:\n' > "$TMP/p.yaml"
printf '  - { id: quiet, on: filesystem.read, never: notify, when: '"'%s'"' }\n' "$many" >> "$TMP/p.yaml"
p="$TMP/p.yaml -I stdlib-caps"
cut_short() { sed "s|$TMP|TMP|" | cut -c1-120; }
"$KRUXC" prove $p --json 2>&1 | cut_short
"$KRUXC" test $p 2>&1 | cut_short
"$KRUXC" build $p -o "$TMP/out" 2> /dev/null; echo "exit $?"
"$KRUXC" prove $p --that "never notify on filesystem.read when $many" 2>&1 | head -1 | cut_short
