#!/bin/sh
# Boots Debian's kernel under qemu with this build in its memory, runs the attempts and some other tests there, and
# compares with what the host could try: an attempt that both leave out fails. Usage: guest.sh BUILD HERE, where HERE is
# what the attempts said on the host. Last line: N passed, N failed.
set -eu
LC_ALL=C
export LC_ALL
build=$1 here=$2
guest=$build/guest
root=$guest/root
seconds=${GUEST_SECONDS:-900}

# The kernel is unpacked, not installed.
kernel() {
	[ ! -e "$guest/kernel/name" ] || return 0
	rm -rf "$guest/kernel" "$guest/deb"
	mkdir -p "$guest/kernel" "$guest/deb"
	chmod 777 "$guest/deb"
	name=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
	[ -n "$name" ] || { echo "guest: apt knows no linux-image-amd64: run make deps" >&2; exit 3; }
	(cd "$guest/deb" && apt-get download -qq "$name") || { echo "guest: cannot download $name" >&2; exit 3; }
	dpkg-deb -x "$guest"/deb/*.deb "$guest/kernel"
	rm -rf "$guest/deb"
	echo "$name" > "$guest/kernel/name"
}

# Programs of this build, and the libraries of the host that they are linked with, these under the same paths.
programs() {
	for p; do
		cp "$p" "$root/krux/"
		for f in $(ldd "$p" 2> /dev/null | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'); do
			[ -e "$root$f" ] || { mkdir -p "$root$(dirname "$f")" && cp -L "$f" "$root$f"; }
		done
	done
}

# Modules in the order in which they need each other.
modules() {
	mkdir -p "$root/modules"
	for m in lib/libcrc32c crypto/crc32c_generic net/netfilter/nfnetlink net/netfilter/nf_tables fs/overlayfs/overlay \
		crypto/af_alg lib/crc16 fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4 drivers/block/brd; do
		f=$(find "$guest/kernel/lib/modules" -path "*/kernel/$m.ko" | head -1)
		[ -n "$f" ] || { echo "guest: no module $m" >&2; exit 3; }
		cp "$f" "$root/modules/"
	done
	echo crc32c_generic.ko libcrc32c.ko nfnetlink.ko nf_tables.ko overlay.ko af_alg.ko crc16.ko mbcache.ko jbd2.ko ext4.ko brd.ko \
		> "$root/modules/order"
}

# What is to be /disk: a file system with idmapped mounts, as this kernel's tmpfs is none.
disk() {
	truncate -s 16M "$root/disk.image"
	mkfs.ext4 -q -O ^has_journal "$root/disk.image"
}

kernel
rm -rf "$root"
mkdir -p "$root/krux" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/run" "$root/etc"
cp "$build/live/init" "$root/init"
programs "$build/kruxrt" "$build/krux-audit" "$build/krux-call" "$build/krux-egress" "$build/krux-web" "$build/krux-gate" "$build/krux-handler" "$build/krux-recorder" "$build/krux-spawner" \
	"$build/live/live" "$build/live/escaped" "$build/live/program" \
	"$build/unit/test_process" "$build/unit/test_feature" "$build/unit/test_groups" "$build/unit/test_sockets"
modules
disk
echo root:x:0:0:root:/:/bin/sh > "$root/etc/passwd"

# A command, pinned to the program of the attempts, which uses up what its group has, and a builtin: from an agent to the record.
rm -rf "$guest/caps" "$guest/out" "$guest"/key.*
mkdir "$guest/caps"
cp stdlib-caps/filesystem/filesystem.cap "$guest/caps/"
echo 'namespace live "What the group of a command holds.";' > "$guest/caps/live.cap"
for verb in hogs bomb; do
	cat >> "$guest/caps/live.cap" << EOT
/// Uses up something.
/// use: to see what comes of it.
capability $verb @1.0 {
  input { }
  output { status : uint "What stopped the program."; }
  error Failed "It could not be run." recover stop "Give up.";
  effect none;
  limits { memory 16MiB; cpu 20s; wall 100s; pids 8; files 16; output 16KiB; }
  handler command "/krux/program" sha256 "$(sha256sum < "$build/live/program" | cut -c1-64)" argv [ "$verb" ];
  example "one" { } -> { status: 0 };
}
EOT
done
cat > "$guest/live.yaml" << EOT
krux: policy/1
name: live
layer: organization
rules:
  - id: live
    on: [ live.hogs, live.bomb, filesystem.stat ]
    verdict: autonomous
default: blocked
EOT
"$build/kruxc" keygen "$guest/key" > /dev/null
"$build/kruxc" build "$guest/live.yaml" -I "$guest/caps" -o "$guest/out" --key "$guest/key.key" > /dev/null
cp "$guest/out/bundle.krux" "$guest/key.pub" "$root/krux/"
cat > "$root/tests" << EOT
doctor 0 /krux/kruxrt doctor
live 0 /krux/live --in /disk
process 0 /krux/test_process
feature 0 /krux/test_feature
groups 0 /krux/test_groups
sockets 0 /krux/test_sockets
state 0 /krux/kruxrt init --state /tmp/state --key /krux/key.pub
workspace 60871 folder /tmp/state/workspaces/builder
unmapped 0 /krux/kruxrt call filesystem.stat {"path":"/workspace"} --as builder --state /tmp/state --bundle /krux/bundle.krux
mapped 0 /krux/kruxrt init --state /disk/state --key /krux/key.pub
workspace 60871 folder /disk/state/workspaces/builder
memory 0 /krux/kruxrt call live.hogs {} --as builder --state /disk/state --bundle /krux/bundle.krux
pids 0 /krux/kruxrt call live.bomb {} --as builder --state /disk/state --bundle /krux/bundle.krux
builtin 0 /krux/kruxrt call filesystem.stat {"path":"/workspace"} --as builder --state /disk/state --bundle /krux/bundle.krux
waived 0 /krux/kruxrt call filesystem.stat {"path":"/workspace"} --as builder --state /tmp/state --bundle /krux/bundle.krux --allow-missing idmapped-mounts
records 0 /krux/kruxrt audit export --state /disk/state --format jsonl
EOT
(cd "$root" && find . | sort | cpio -o -H newc -R 0:0 --reproducible --quiet) > "$guest/initramfs"
vmlinuz=$(find "$guest/kernel/boot" -name 'vmlinuz-*' | head -1)
rm -f "$guest/said"
timeout --foreground "$seconds" qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 1 -nodefaults -nographic -no-reboot \
	-serial "file:$guest/said" -kernel "$vmlinuz" -initrd "$guest/initramfs" \
	-append "console=ttyS0 quiet panic=-1 syscall.x32=y lsm=landlock,lockdown,yama,bpf rdinit=/init" < /dev/null ||
	echo "guest: qemu ended with $?"
# From the first line of ours on: before that the serial port has the firmware's.
tr -d '\r' < "$guest/said" | sed -n '/guest: begin doctor/,$p' > "$guest/lines"
sed 's/^.*guest: begin doctor/guest: begin doctor/' "$guest/lines"

# What does not hold is counted from here on, and does not end the script.
set +e
passed=0 failed=0
check() {
	if [ "$1" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL guest: $2"; fi
}
grep -q '^guest: off$' "$guest/lines"
check $? "it did not end by itself within $seconds s"
for t in doctor live process feature groups sockets state mapped pids builtin waived records; do
	grep -q "^guest: end $t 0$" "$guest/lines"
	check $? "$t"
done
# The workspace lies on a tmpfs, which this kernel makes no idmapped mounts of.
grep -q '^guest: end unmapped 3$' "$guest/lines" && grep -q 'kruxrt call: agent builder: workspace /tmp/state/workspaces/builder: the folder lies on the file system tmpfs, which has no idmapped mounts on this kernel; --allow-missing idmapped-mounts' "$guest/lines"
check $? "a call there is refused, unless that is waived"
[ "$(grep -c '"layers":\["idmapped-mounts",' "$guest/lines")" = 3 ]
check $? "elsewhere the records of all say that they ran by such a mount"
# What the agent is told, and the record says.
grep -q '"failed":{"how":"killed","why":"memory 16777216 bytes, of all its processes and files in memory together"}' "$guest/lines"
check $? "a command that used up its memory is told so"
grep -q '"output":{"status":11}' "$guest/lines"
check $? "a command is refused more processes"
[ "$(grep -c '"seccomp","cgroup","cgroup.memory","cgroup.pids","ebpf"\]' "$guest/lines")" = 3 ]
check $? "the records of all say which limits were on, and eBPF"
[ "$(grep -cE '"usage":\[([0-9]+,){3}\[\],\[\["user",[0-9]+\],\["system",[0-9]+\],\["memory",[0-9]+\],\["read",[0-9]+\],\["written",[0-9]+\][],]' \
	"$guest/lines")" = 2 ]
check $? "the records of commands say what was used"
grep -qE '"usage":\[([0-9]+,){3}\[\],\[\["memory",[0-9]+\],\["read",[0-9]+\],\["written",[0-9]+\],\["processes",1\]\]\]' "$guest/lines"
check $? "and that of a builtin"
last=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$guest/lines" | tail -1)
[ -n "$last" ]
check $? "live broke off"
last=${last:-0 passed, 0 failed}
more=${last##*, }
passed=$((passed + ${last%% *})) failed=$((failed + ${more%% *}))
# "left WAY GROUP: NAME: why"; of half a list nothing can be said.
grep -qE '^[0-9]+ passed, 0 failed$' "$here"
check $? "what the host said ($here) is not whole"
for side in "$here" "$guest/lines"; do
	sed -n 's/^left \([^:]*: [^:]*\):.*/\1/p' "$side" | sort > "$guest/left.$(basename "$side")"
done
both=$(comm -12 "$guest/left.$(basename "$here")" "$guest/left.lines")
[ -z "$both" ]
check $? "tried neither there nor here: $both"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
