# What make install gives a C program: the exported symbols are those of the list and of the header, the
# examples build against it, shared and static, and docs/libkrux.md shows the very same program.
passed=0 failed=0
ok() {
	if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $2"; fi
}
CC=${CC:-cc}
at=$TMP/libkrux
rm -rf "$at" && mkdir -p "$at"
list=$(sed -n 's/^	\(krux_[a-z_]*\);$/\1/p' client/libkrux.map)

nm -D --defined-only "$BUILD/libkrux.so.1" | sed -n 's/.* T \(krux_[a-z_]*\)@@KRUX_0$/\1/p' | LC_ALL=C sort > "$at/shared"
printf '%s\n' "$list" | LC_ALL=C sort > "$at/list"
diff -u "$at/list" "$at/shared"; ok $? "the shared library exports the list"
if [ -z "${SAN:-}" ]; then
	[ "$(nm -D --defined-only "$BUILD/libkrux.so.1" | grep -cv '@@KRUX_0$')" = 1 ]; ok $? "the shared library exports nothing else"
	nm -g --defined-only "$BUILD/libkrux.a" | sed -n 's/.* [A-Z] \(.*\)/\1/p' | LC_ALL=C sort > "$at/static"
	diff -u "$at/list" "$at/static"; ok $? "the static library exports the list"
fi
sed -n 's/^[a-z].*[ *]\(krux_[a-z_]*\)(.*/\1/p' client/krux.h | grep -v '_fn$' | LC_ALL=C sort > "$at/header"
diff -u "$at/list" "$at/header"; ok $? "the header declares the list"
readelf -d "$BUILD/libkrux.so.1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^lib(asan|ubsan|m|dl|rt|pthread|gcc_s)\.' | LC_ALL=C sort | tr '\n' ' ' > "$at/needed"
[ "$(cat "$at/needed")" = "libc.so.6 libsodium.so.23 " ]; ok $? "it needs libc and libsodium: $(cat "$at/needed")"
readelf -d "$BUILD/libkrux.so.1" | grep -q 'SONAME.*libkrux\.so\.1'; ok $? "its name is libkrux.so.1"

make -s BUILD="$BUILD" SAN="${SAN:-}" PREFIX=/usr DESTDIR="$at/root" install-libkrux > "$at/log" 2>&1; ok $? "install: $(tail -1 "$at/log")"
sed "s|^prefix=.*|prefix=$at/root/usr|" "$at/root/usr/lib/pkgconfig/krux.pc" > "$at/krux.pc"
flags() { PKG_CONFIG_PATH=$at pkg-config "$@" krux; }
[ "$(flags --modversion)" = "$(sed -n 's/^#define KRUX_VERSION "\(.*\)"$/\1/p' capspec/version.h)" ]; ok $? "pkg-config knows the version"
san=
[ -z "${SAN:-}" ] || san="-fsanitize=address,undefined"
for e in call loop; do
	# shellcheck disable=SC2046,SC2086
	$CC -std=c99 -Wall -Wextra -Wpedantic -Werror $san -o "$at/$e" "examples/c/$e.c" $(flags --cflags --libs); ok $? "$e builds, shared"
	# shellcheck disable=SC2046,SC2086
	$CC -std=c11 -Wall -Wextra -Werror $san $(flags --cflags) -o "$at/$e-static" "examples/c/$e.c" "$at/root/usr/lib/libkrux.a" -lsodium; ok $? "$e builds, static"
done
echo '#include <krux.h>' | g++ -std=c++11 -Wall -Wextra -Werror -x c++ -fsyntax-only "-I$at/root/usr/include" - ; ok $? "the header is C++"
echo secret > "$at/token" && chmod 600 "$at/token"
for e in call call-static; do
	LD_LIBRARY_PATH=$at/root/usr/lib KRUX_SOCKET=$at/none "$at/$e" builder "$at/token" a.b '{}' > "$at/out" 2>&1
	[ $? = 3 ] && [ "$(cat "$at/out")" = "connect to $at/none: No such file or directory" ]; ok $? "$e says that nobody listens: $(cat "$at/out")"
done
for e in call loop; do
	awk -v want="examples/c/$e.c" '$0 == "<!-- " want " -->" { on = 1; next } on && /^```/ { if (++fence == 2) exit; next } on && fence { print }' docs/libkrux.md > "$at/shown"
	diff -u "examples/c/$e.c" "$at/shown"; ok $? "docs/libkrux.md shows examples/c/$e.c"
done
echo "$passed passed, $failed failed"
