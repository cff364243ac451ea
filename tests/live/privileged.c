/* System calls for who has privileges: besides seccomp the user namespace, lost capabilities and another uid hold. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/live/raw.h"

/* Namespaces of root's calls belong to root, those of an ordinary user's to the user namespace around them. */
#define OWNED(more) { (more) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, (more) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, \
	              (more) | ON(PRIVILEGES) }
#define RAW(name, nr, reached, holds, ...) \
	{ name, raw, &(const struct raw){ nr, reached, { __VA_ARGS__ } }, .hold = holds }

static long program_of_the_kernel(struct handler_call *c, const void *arg)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	(void)c, (void)arg;
	return result_of(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof a));
}

static long perf(struct handler_call *c, const void *arg)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof a, .config = PERF_COUNT_SW_CPU_CLOCK };

	(void)c, (void)arg;
	return result_of(syscall(SYS_perf_event_open, &a, -1, 0, -1, 0));
}

static long mounted(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(mount("none", "/", "tmpfs", 0, NULL));
}

static long remounted(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static long unmounted(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(umount2("/", MNT_DETACH));
}

static long file_system(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(syscall(SYS_fsopen, "tmpfs", 0));
}

static long tree_of_mounts(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return result_of(syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
}

static long written_root(struct handler_call *c, const void *arg)
{
	struct mount_attr a = { .attr_clr = MOUNT_ATTR_RDONLY };

	(void)c, (void)arg;
	return result_of(syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &a, sizeof a));
}

static long higher_limit(struct handler_call *c, const void *arg)
{
	const struct rlimit more = { 4096, 4096 };

	(void)c, (void)arg;
	return result_of(setrlimit(RLIMIT_NOFILE, &more));
}

static bool has_resource(void)
{
	return geteuid() || prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1 || cannot("root has no CAP_SYS_RESOURCE here");
}

static long module_out(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return syscall(SYS_delete_module, "krux_none", O_NONBLOCK) < 0 && errno != ENOENT ? errno : 0;
}

static long swap(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return syscall(SYS_swapon, "/krux-none", 0) < 0 && errno != ENOENT ? errno : 0;
}

static const struct attempt list[] = {
	{ "bpf", program_of_the_kernel, .hold = ROOTS(ON(SECCOMP)) },
	{ "perf_event_open of a processor", perf, .hold = ROOTS(ON(SECCOMP)) },
	RAW("init_module", SYS_init_module, EFAULT, ROOTS(ON(SECCOMP)), 0, 4096, 0),
	RAW("finit_module", SYS_finit_module, EBADF, ROOTS(ON(SECCOMP)), -1, 0, 0),
	{ "delete_module", module_out, .hold = ROOTS(ON(SECCOMP)) },
	RAW("kexec_load", SYS_kexec_load, EINVAL, ROOTS(ON(SECCOMP)), 0, 0, 0, 0x7000),
#if defined __x86_64__
	RAW("iopl", SYS_iopl, 0, ROOTS(ON(SECCOMP)), 3),
	RAW("ioperm", SYS_ioperm, 0, ROOTS(ON(SECCOMP)), 0x80, 1, 1),
#endif
	{ "swapon", swap, .hold = ROOTS(ON(SECCOMP)) },
	RAW("setpriority below 0", SYS_setpriority, 0, ROOTS(ON(SECCOMP)), 0, 0, -5),
	{ "raise a hard limit", higher_limit, NULL, has_resource, .hold = ROOTS(ON(SECCOMP)) },
	RAW("reboot", SYS_reboot, EINVAL, OWNED(ON(SECCOMP)), 0, 0, 0, 0),
	RAW("unshare a mount namespace", SYS_unshare, 0, CAPABLE(ON(SECCOMP)), CLONE_NEWNS),
	{ "mount", mounted, .hold = OWNED(ON(SECCOMP) | LANDLOCKS) },
	{ "remount the root", remounted, .hold = OWNED(ON(SECCOMP) | LANDLOCKS) },
	/* A user namespace's first root cannot be unmounted at all. */
	{ "unmount the root", unmounted, .ways = 1 << WAY_AGENT | 1 << WAY_ROOT, .hold = OWNED(ON(SECCOMP) | LANDLOCKS) },
	{ "fsopen", file_system, .hold = OWNED(ON(SECCOMP)) },
	{ "open_tree", tree_of_mounts, .hold = OWNED(ON(SECCOMP)) },
	{ "mount_setattr", written_root, .hold = OWNED(ON(SECCOMP)) },
};
const struct attempt_list privileged_list = { "privileged", list, sizeof list / sizeof *list };
