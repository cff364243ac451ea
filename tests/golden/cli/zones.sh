# Names of zones: those of the IANA list, and none that means another thing on another machine.
cd "$TMP" || exit 3
for zone in UTC Europe/Berlin Etc/GMT+5 localtime posixrules Factory right/Europe/Berlin posix/UTC Europe zone.tab Middle/Earth; do
	printf 'krux: policy/1\nname: z\nlayer: organization\nzone: %s\nrules: []\ndefault: blocked\n' $zone > z.yaml
	"$KRUXC" check z.yaml -I "$top/stdlib-caps" 2>&1 | head -n 1 | sed 's/^[0-9]* cap/N cap/'
done
