# What `make install` puts where: units that systemd accepts, manual pages that say what --help says.
cd "$top" || exit 3
passed=0 failed=0
check() { # name, command...
	name=$1
	shift
	if "$@" > "$TMP/log" 2>&1; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAIL $name"
		head -20 "$TMP/log"
	fi
}
root=$TMP/root bin=$TMP/root/usr/bin
check "make install-daemon" make -s BUILD="${KRUXC%/kruxc}" PREFIX=/usr DESTDIR="$root" install-daemon
# All of it: kruxrt finds the daemon's programs in libexec, wherever the whole was put. A state folder that is
# none is looked at after them.
started() { # exit code, what is said
	"$bin/kruxrt" serve --bundle none --state "$root/none" > "$TMP/said" 2>&1
	code=$?
	cat "$TMP/said"
	[ $code = "$1" ] && grep -qF "$2" "$TMP/said"
}
check "make install" make -s BUILD="${KRUXC%/kruxc}" PREFIX=/usr DESTDIR="$root" install
check "programs are found in libexec" started 2 "$root/none"
rm -f "$root/usr/libexec/krux/krux-gate"
check "one that is missing is named" started 3 "libexec/krux/krux-gate: No such file"
if command -v systemd-analyze > /dev/null; then
	mkdir -p "$bin" "$TMP/units" && cp /bin/true "$bin/kruxrt"
	for u in krux.service krux-agent.socket krux-supervisor.socket; do
		sed "s,/usr/bin/kruxrt,$bin/kruxrt," "$root/usr/lib/systemd/system/$u" > "$TMP/units/$u"
	done
	check "systemd-analyze verify" systemd-analyze verify --man=no "$TMP"/units/*
fi
# Each option of a command's help is in its manual page, and the other way round.
pages_agree() {
	"$KRUXRT" "$1" --help | grep -o -e '--[a-z][a-z-]*' | LC_ALL=C sort -u > "$TMP/help"
	sed 's/\\//g' "docs/man/kruxrt-$1.$2.scd" | sed -n 's/^\*\(--[a-z-]*\)\*.*/\1/p' | LC_ALL=C sort -u > "$TMP/page"
	# --help itself need not be explained.
	grep -v -x -e --help "$TMP/help" > "$TMP/help2"
	grep -v -x -e --help "$TMP/page" > "$TMP/page2"
	diff "$TMP/help2" "$TMP/page2"
}
for page in serve.8 status.1 reload.1; do
	"$KRUXRT" "${page%.*}" --help > /dev/null 2>&1 || continue
	check "manual page of ${page%.*}" pages_agree "${page%.*}" "${page#*.}"
done
rm -rf "$root" "$TMP/units"
echo "$passed passed, $failed failed"
