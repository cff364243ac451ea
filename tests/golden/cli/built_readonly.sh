# A folder where nothing may be written: that is what is said, not what is missing in it.
export KRUXC TMP
mkdir "$TMP/out"
printf 'krux: policy/1\nname: p\nlayer: organization\nrules: []\ndefault: blocked\n' > "$TMP/p.yaml"
unshare -rm sh -c 'mount --bind "$TMP/out" "$TMP/out" && mount -o remount,bind,ro "$TMP/out" &&
	"$KRUXC" build "$TMP/p.yaml" -I stdlib-caps -o "$TMP/out"; echo "exit $?"' 2>&1 | sed "s|$TMP|TMP|"
ls -A "$TMP/out"
