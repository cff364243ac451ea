# A folder that is built into again: what no build wrote is not written over, and what was changed is not removed.
cd "$TMP" || exit 3
printf 'krux: policy/1\nname:    all\nlayer:   organization\ndefault: blocked\nrules:   []\n' > all.yaml
mkdir one two
sed '/^\/\/\/ Tells/,$d' "$top/stdlib-caps/system/system.cap" > one/system.cap
sed '/^\/\/\/ Describes/,$d' "$top/stdlib-caps/system/system.cap" > two/system.cap
build() { "$KRUXC" build all.yaml -I "$1" -o of > said 2>&1; code=$?; grep -v 'development key' said; echo "exit $code"; }
mkdir of && echo mine > of/table.txt
build two; ls -A of; cat of/table.txt
rm of/table.txt && cp all.yaml of/bundle.krux
build two; ls -A of
rm of/bundle.krux && echo mine > of/mine
build two; build one; build two; ls of/docs
echo mine > of/docs/mine.md
echo changed >> of/docs/system.time@1.0.md
rm of/sandbox/system.time@1.0.plan && mkdir of/sandbox/system.time@1.0.plan
build one; ls of/docs of/sandbox; cat of/mine of/docs/mine.md; tail -n 1 of/docs/system.time@1.0.md
cp of/bundle.krux before
build two; rm of/docs/system.time@1.0.md
build two; rmdir of/sandbox/system.time@1.0.plan
cmp of/bundle.krux before && echo "as it was"
build two; ls of/docs of/sandbox
