# Files that are no policies: a diagnostic each, never a hang, and nothing is written.
cd "$TMP" || exit 3
: > empty.yaml
mkfifo fifo.yaml
mkdir dir.yaml
printf 'krux: policy/1\r\n' > crlf.yaml
printf '\357\273\277krux: policy/1\n' > bom.yaml
printf 'krux: \377\n' > utf8.yaml
printf 'krux: policy/1\nname: a\000b\n' > nul.yaml
printf 'krux:\tpolicy/1\n' > tab.yaml
printf 'a: &x [*x]\n' > anchor.yaml
awk 'BEGIN { for (i = 0; i < 10000; i++) printf "["; print "" }' > deep.yaml
awk 'BEGIN { for (i = 0; i < 10000; i++) printf "("; print "" }' > deep.cap
head -c 17000000 /dev/zero | tr '\0' 'a' > large.yaml
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "k"; print ": x" }' > key.yaml
for f in empty fifo crlf bom utf8 nul tab anchor key deep large missing; do
	timeout 10 "$KRUXC" check $f.yaml 2>&1 | head -3 | cut -c1-120
	"$KRUXC" build $f.yaml -o out 2>/dev/null; echo "exit $?"
done
timeout 10 "$KRUXC" check deep.cap 2>&1 | head -2 | cut -c1-120
timeout 10 "$KRUXC" check dir.yaml 2>&1 | head -2 | cut -c1-120
ls out 2>/dev/null
# What a build has written into a folder that is read is nobody's input again.
mkdir again && cp "$top"/stdlib-caps/system/system.cap again/ 2>/dev/null
printf 'krux: policy/1\nname: again\nlayer: organization\ndefault: blocked\n' > again/again.yaml
mkdir -p again/out/src && cp again/again.yaml again/system.cap again/out/src/ && : > again/out/bundle.krux
"$KRUXC" check again; echo "exit $?"
"$KRUXC" check again/out 2>&1 | tail -1; echo "exit $?"
