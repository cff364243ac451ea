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
