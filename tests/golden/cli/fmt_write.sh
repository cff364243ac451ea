# fmt -w writes all files or none: not those that could be written beside one that is wrong or refused.
cd "$TMP" || exit 3
small() { printf 'krux: policy/1\nname:   %s\nlayer: organization\ndefault: blocked\nrules: []\n' "$1" > "$1.yaml"; }
fmt() { "$KRUXC" fmt "$@" 2>&1; echo "exit $?"; }
laid() { for f; do "$KRUXC" fmt --check "$f" > /dev/null 2>&1 && echo "$f in layout"; done; }
small good; small better; echo 'rules: [' > bad.yaml; echo 'capability' > bad.cap
fmt -w good.yaml bad.yaml better.yaml; laid *.yaml
fmt -w bad.cap good.yaml; laid *.yaml
fmt -w good.yaml none.yaml; laid *.yaml
fmt --check good.yaml bad.cap better.yaml
fmt good.yaml bad.cap better.yaml
ln good.yaml hard.yaml
fmt -w better.yaml good.yaml; laid *.yaml
[ good.yaml -ef hard.yaml ] && echo "still one file"
"$KRUXC" schema -o hard.yaml; echo "exit $?"
ln -s better.yaml soft.yaml
fmt -w better.yaml soft.yaml good.yaml; laid *.yaml
rm hard.yaml soft.yaml
fmt -w better.yaml good.yaml; laid *.yaml
ln good.yaml hard.yaml
# What is in layout is not written.
fmt -w hard.yaml good.yaml; ls -A
# Nor where one lies in a folder that takes no file. Without the rights of root, also over files of root.
rm hard.yaml; mkdir closed; small other; small shut; mv shut.yaml closed
chmod 555 closed
unshare -U "$KRUXC" fmt -w other.yaml closed/shut.yaml 2>&1; echo "exit $?"; laid other.yaml
chmod 755 closed
