# What `make install` puts where: units that systemd accepts; a manual page for each program and command, with
# the options of its --help.
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
build=${KRUXC%/kruxc}
# What was made under another name of the folder would not be made again when its sources change.
named() { [ "$(make -s BUILD="$1" --eval='named:;@echo $(BUILD)' named)" = "$2" ]; }
check "a folder of this tree by its whole path" named "$top/build" build
check "and with a dot" named ./build/ build
check "another folder" named "$root" "$root"
check "make install-daemon" make -s BUILD="$build" PREFIX=/usr DESTDIR="$root" install-daemon
# All of it: kruxrt finds the daemon's programs in libexec, wherever the whole was put. A state folder that is
# none is looked at after them.
started() { # exit code, what is said
	"$bin/kruxrt" serve --bundle none --state "$root/none" > "$TMP/said" 2>&1
	code=$?
	cat "$TMP/said"
	[ $code = "$1" ] && grep -qF "$2" "$TMP/said"
}
check "make install" make -s BUILD="$build" PREFIX=/usr DESTDIR="$root" install
check "programs are found in libexec" started 2 "$root/none"
rm -f "$root/usr/libexec/krux/krux-gate"
check "one that is missing is named" started 3 "libexec/krux/krux-gate: No such file"

# ---- units ----

units="krux.service krux-agent.socket krux-supervisor.socket krux-witness.service krux-witness.timer"
if command -v systemd-analyze > /dev/null; then
	mkdir -p "$bin" "$TMP/units" && cp /bin/true "$bin/kruxrt" && cp /bin/true "$bin/krux-witness"
	for u in $units; do
		sed "s,/usr/bin/krux,$bin/krux," "$root/usr/lib/systemd/system/$u" > "$TMP/units/$u"
	done
	check "every unit is looked at" test "$(ls dist/systemd | sed 's/\.in$//' | sort | tr '\n' ' ')" = \
		"$(echo "$units" | tr ' ' '\n' | sort | tr '\n' ' ')"
	check "systemd-analyze verify" systemd-analyze verify --man=no "$TMP"/units/*
else
	check "systemd-analyze is not there (package systemd): the units are not checked" false
fi

# ---- manual pages ----

page() { # name
	for s in 1 8; do
		[ -s "$root/usr/share/man/man$s/$1.$s" ] && return
	done
	echo "no manual page $1"
	return 1
}
# The page's section, or all of it, and the --help of the commands, each an argument, have the same options.
options_agree() { # page section command...
	page=docs/man/$1.scd section=$2
	shift 2
	for c; do $c --help; done |
		grep -o -E '(^|[][ |,(])--?[A-Za-z][a-z-]*' | sed 's/^[^-]*//' | LC_ALL=C sort -u > "$TMP/help"
	sed 's/\\//g' "$page" | awk -v section="$section" '
		/^#/ { on = section == "" || index($0 " ", "## " section " ") == 1 }
		on && /^\*-/ { while (match($0, /\*--?[A-Za-z][a-z-]*\*/)) {
			print substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH) } }' |
		LC_ALL=C sort -u > "$TMP/page"
	# These need not be explained everywhere.
	for f in help page; do
		grep -v -x -e --help -e -h -e --version "$TMP/$f" > "$TMP/$f.options"
	done
	diff "$TMP/help.options" "$TMP/page.options"
}
for p in kruxc kruxrt krux-audit krux-call krux-ctl krux-witness; do
	check "page of $p" page $p
done
for c in $("$KRUXC" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	check "page of kruxc $c" page "kruxc-$c"
	check "options of kruxc $c" options_agree kruxc.1 "kruxc $c" "$KRUXC $c"
done
for c in $("$KRUXRT" --help | sed -n 's/^  kruxrt \([a-z]*\) .*/\1/p'); do
	check "page of kruxrt $c" page "kruxrt-$c"
	case $c in
	serve) check "options of kruxrt $c" options_agree "kruxrt-$c.8" "" "$KRUXRT $c" ;;
	freeze | thaw) check "options of kruxrt $c" options_agree kruxrt-freeze.1 "" "$KRUXRT freeze" "$KRUXRT thaw" ;;
	audit) ;;
	*) check "options of kruxrt $c" options_agree "kruxrt-$c.1" "" "$KRUXRT $c" ;;
	esac
done
for c in $("$KRUXRT" audit --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
	check "options of kruxrt audit $c" options_agree kruxrt-audit.1 "kruxrt audit $c" "$KRUXRT audit $c"
done
check "options of krux-witness" options_agree krux-witness.8 "" "$build/krux-witness"
check "krux-ctl says what it has" "$build/krux-ctl" --help
rm -rf "$root" "$TMP/units"
echo "$passed passed, $failed failed"
