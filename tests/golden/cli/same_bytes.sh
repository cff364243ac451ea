# The same inputs give the same bytes, in any folder and at any time.
cd "$TMP" || exit 3
mkdir -p one/a two/deeper/b
cp "$top"/stdlib-caps/policies/team-moderate.yaml one/a
cp "$top"/stdlib-caps/policies/team-moderate.yaml two/deeper/b
cp -r "$top"/stdlib-caps/system "$top"/stdlib-caps/filesystem "$top"/stdlib-caps/network "$top"/stdlib-caps/process one
cp -r "$top"/stdlib-caps/system "$top"/stdlib-caps/filesystem "$top"/stdlib-caps/network "$top"/stdlib-caps/process two
touch -d 2001-01-01 one/a/team-moderate.yaml
(cd one/a && TZ=Asia/Kolkata "$KRUXC" build team-moderate.yaml -I .. -o out) || exit
(cd two/deeper/b && umask 077 && LC_ALL=C.UTF-8 "$KRUXC" build team-moderate.yaml -I ../.. -o out) || exit
(cd one/a/out && find . -type f | LC_ALL=C sort | xargs sha256sum) > one.sum
(cd two/deeper/b/out && find . -type f | LC_ALL=C sort | xargs sha256sum) > two.sum
cmp one.sum two.sum && echo "same bytes in $(wc -l < one.sum) files"
