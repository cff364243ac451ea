#!/bin/sh
# The daemon's processes are programs of their own: each with its own layout of memory, none with code that
# it has no use for, and only those of kruxrt's own build and owner are executed.
. "$top/tests/extra/outside.inc"
# An ordinary user has no control groups, unless they were delegated.
waive=$([ "$(id -u)" = 0 ] || echo "--allow-missing cgroup")
build=${KRUXRT%/*} parts="egress gate handler recorder spawner web"

# ---- what is in them ----
symbols() { nm "$build/$1" | sed 's/^[^ ]* *[A-Za-z] //'; }
sed -n 's/^\(BUILTIN\|WEB\)(\([a-z_]*\),.*/\2_run/p; s/^PURE(\([a-z_]*\))/\1_run/p' "$top/capspec/builtins.def" |
	sort > "$dir/handlers"
for p in kruxrt $(echo " $parts" | sed 's/ / krux-/g'); do symbols "$p"; done > "$dir/all"
held() { # program, the handlers that it may have
	is "handlers in $1" "$(symbols "$1" | sort | comm -12 - "$dir/handlers" | tr '\n' ' ')" "$2"
}
without() { # program, symbols that it must not have
	p=$1
	shift
	for s; do
		if symbols "$p" | grep -qx "$s"; then bad "$p" "has $s"; else good "$p"; fi
		grep -qx "$s" "$dir/all" || bad "$p" "$s is in no program: is it named otherwise now?"
	done
}
is "handlers that there are" "$(wc -l < "$dir/handlers")" 22
# A build with sanitizers keeps all that is linked.
if [ -z "${SAN:-}" ]; then
	held kruxrt ""
	held krux-gate "$(sed -n 's/^PURE(\([a-z_]*\))/\1_run /p' "$top/capspec/builtins.def" | tr -d '\n')"
	held krux-recorder ""
	held krux-spawner ""
	held krux-egress ""
	held krux-web "$(sed -n 's/^WEB(\([a-z_]*\),.*/\1_run /p' "$top/capspec/builtins.def" | sort | tr -d '\n')"
	without kruxrt egress_run gate_run recorder_run spawner_run template_run judge_any krux_bundle_open seccomp_restrict child_run
	without krux-egress gate_run recorder_run spawner_run template_run log_open file_replace krux_bundle_open judge_any child_run seccomp_restrict namespaces_fork quorum_holds
	without krux-gate egress_run recorder_run spawner_run template_run log_open file_replace child_run seccomp_restrict namespaces_fork
	without krux-recorder egress_run gate_run spawner_run template_run loaded_read map_image child_run seccomp_restrict namespaces_fork
	without krux-spawner egress_run gate_run recorder_run template_run log_open map_image judge_any judge_new child_run seccomp_restrict namespaces_fork
	without krux-handler web_ready egress_run gate_run recorder_run spawner_run log_open server_open quorum_holds receipt_make
fi

# ---- what is executed ----
bin=$dir/bin
mkdir "$bin"
cp "$KRUXRT" "$bin/"
for p in $parts; do cp "$build/krux-$p" "$bin/"; done
for p in $parts; do
	"$bin/krux-$p" > "$dir/out" 2>&1 3>&-
	is "krux-$p by hand" $? 2
	has "krux-$p by hand" "$dir/out" "a part of kruxrt serve, which starts it"
done
cat > "$dir/p.yaml" <<X
krux: policy/1
name: p
layer: organization
rules:
  - { id: read, on: filesystem.read, when: path under "/workspace", verdict: autonomous }
default: blocked
X
"$KRUXC" build "$dir/p.yaml" -I "$top/stdlib-caps" -o "$dir/p" > "$dir/out" 2>&1 || bad "build" "$(cat "$dir/out")"
"$KRUXRT" init --state "$dir/s" > "$dir/out" 2>&1 || bad "init" "$(cat "$dir/out")"
refused() { # name, what it says
	timeout 60 "$bin/kruxrt" serve $waive --state "$dir/s" --bundle "$dir/p/bundle.krux" --dev --socket "$dir/a" \
		--supervisor "$dir/u" > "$dir/out" 2>&1 < /dev/null
	is "$1" $? 3
	has "$1" "$dir/out" "$2"
}
mv "$bin/krux-recorder" "$dir/kept"
refused "one is missing" "krux-recorder: No such file or directory"
cp "$build/krux-spawner" "$bin/krux-recorder"
refused "one is another" "this program is another than kruxrt means to start"
cp "$dir/kept" "$bin/krux-recorder"
chmod 775 "$bin/krux-recorder"
refused "one that a group can write" "krux-recorder: others than root and you can write it"
chmod 644 "$bin/krux-recorder"
refused "one that is none" "krux-recorder: no program"
chmod 755 "$bin/krux-recorder"
chmod 777 "$bin"
refused "a folder that all can write" "others than root and you can write this folder"
chmod 755 "$bin"

# Those that are for calls that connect may be missing, where nothing connects.
cat > "$dir/n.yaml" <<X
krux: policy/1
name: n
layer: organization
rules:
  - { id: look, on: network.check_port, when: port == 80, verdict: autonomous }
  - { id: web, on: network.fetch, when: url.port == 80, verdict: autonomous }
default: blocked
X
"$KRUXC" build "$dir/n.yaml" -I "$top/stdlib-caps" -o "$dir/n" > "$dir/out" 2>&1 || bad "build" "$(cat "$dir/out")"
called() { # name, exit code, what it says, bundle, capability, arguments
	timeout 60 "$bin/kruxrt" call "$5" "$6" --as builder --dev $waive --state "$dir/c" --bundle "$dir/$4/bundle.krux" > "$dir/out" 2>&1
	is "$1" $? "$2"
	has "$1" "$dir/out" "$3"
}
lacks() { # name, feature, why
	"$bin/kruxrt" doctor > "$dir/out" 2>&1
	grep "^  $2 " "$dir/out" > "$dir/row"
	has "$1" "$dir/row" "connects  no: $3"
}
"$bin/kruxrt" init --state "$dir/c" > "$dir/out" 2>&1 || bad "init" "$(cat "$dir/out")"
mkdir "$dir/away"
cp "$build/krux-call" "$bin/"
mv "$bin/krux-web" "$dir/away/"
called "no krux-web" 3 "the bundle lets calls of network.fetch through, and krux-web is not among kruxrt's programs (kruxrt doctor says more)" \
	n network.check_port '{"host":"127.0.0.1","port":80}'
lacks "doctor says so" egress.web "No such file or directory"
mv "$bin/krux-egress" "$dir/away/"
called "no krux-egress" 3 "and krux-egress is not among kruxrt's programs" n network.check_port '{"host":"127.0.0.1","port":80}'
lacks "doctor says so" egress "No such file or directory"
called "neither, and nothing connects" 1 blocked p filesystem.stat '{"path":"/"}'
echo none > "$bin/krux-web"
chmod 755 "$bin/krux-web"
lacks "what is no such program" egress.web "Exec format error"
mv "$dir/away/krux-web" "$dir/away/krux-egress" "$bin/"
called "both" 1 Refused n network.check_port '{"host":"127.0.0.1","port":80}'

# ---- where they are in memory ----
"$bin/kruxrt" serve $waive --state "$dir/s" --bundle "$dir/n/bundle.krux" --dev --socket "$dir/a" --supervisor "$dir/u" \
	> "$dir/log" 2>&1 < /dev/null &
daemon=$!
soon grep -qs "generation 1 serves" "$dir/log"
for p in $(cat "/proc/$daemon/task/$daemon/children"); do
	name=$(cat "/proc/$p/comm")
	echo "$name" >> "$dir/names"
	# Nobody but root may look where an undumpable process is.
	[ "$(id -u)" = 0 ] || continue
	is "the environment of $name" "$(wc -c < "/proc/$p/environ")" 0
	is "arguments of $name" "$(tr '\0' ' ' < "/proc/$p/cmdline")" "$name "
	sed -n '/libc\.so/{s/-.*//p;q}' "/proc/$p/maps" >> "$dir/libc"
	sed -n '/krux-/{s/-.*//p;q}' "/proc/$p/maps" >> "$dir/program"
	sed -n '/\[stack\]/s/-.*//p' "/proc/$p/maps" >> "$dir/stack"
done
is "processes" "$(sort "$dir/names" | tr '\n' ' ')" "$(for p in $parts; do printf 'krux-%s ' "$p"; done)"
if [ "$(id -u)" = 0 ]; then
	for what in libc program stack; do
		n=$(echo "$parts" | wc -w)
		# krux-handler has its C library inside.
		[ $what != libc ] || [ -n "${SAN:-}" ] || n=$((n - 1))
		is "places of $what" "$(sort -u "$dir/$what" | wc -l)" "$n"
	done
fi
# What is put in a program's place does not run in this daemon.
cp "$build/krux-spawner" "$bin/next" && mv "$bin/next" "$bin/krux-gate"
kill -HUP "$daemon"
soon grep -qs "generation 2 serves" "$dir/log"
has "an upgrade does not mix" "$dir/log" "generation 2 serves"
kill -TERM "$daemon"
wait "$daemon"
is "it ends" $? 0
daemon=
echo "$passed passed, $failed failed"
