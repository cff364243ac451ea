/* The layers of a call, each behind a switch. The linker sends the callers of runtime/sandbox here. */
#include "tests/live/off.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WRAPPED(type, name, ...) \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

/* In older headers it is missing: Linux 5.7. */
#define INTO_CGROUP 0x200000000ULL

static unsigned off;

void off_set(unsigned layers)
{
	if (layers & ON(NS_MOUNT))
		abort();
	off = layers;
}

const char *off_word(unsigned index)
{
	static const char *const more[] = {
		"landlock of the plan", "uid of the call", "table of addresses", "pinned answer", "targets", "relay",
		"memory of its cgroup", "processes of its cgroup", "eBPF of its cgroup",
	};

	if (index >= LAYER_COUNT)
		return more[index - LAYER_COUNT];
	return index == LAYER_LANDLOCK ? "landlock of the operands" : layer_word((enum layer)index);
}

static const struct { unsigned layer; uint64_t flag; } spaces[] = {
	{ ON(NS_PID), CLONE_NEWPID }, { ON(NS_NET), CLONE_NEWNET }, { ON(NS_IPC), CLONE_NEWIPC },
	{ ON(NS_UTS), CLONE_NEWUTS }, { ON(NS_CGROUP), CLONE_NEWCGROUP }, { ON(NS_TIME), CLONE_NEWTIME },
};

WRAPPED(pid_t, namespaces_fork, const struct probe *probe, int group, int *pidfd)
{
	struct clone_args args = { .flags = CLONE_PIDFD | CLONE_NEWNS | (probe->root ? 0 : CLONE_NEWUSER) |
	                                    (group < 0 ? 0 : INTO_CGROUP), .cgroup = group < 0 ? 0 : (uint64_t)(unsigned)group,
	                           .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD };
	bool all = true;

	for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		if (off & spaces[i].layer)
			all = false;
		else
			args.flags |= spaces[i].flag;
	}
	return all ? __real_namespaces_fork(probe, group, pidfd) : (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

WRAPPED(int, namespaces_enter_group, void)
{
	return off & ON(NS_CGROUP) ? 0 : __real_namespaces_enter_group();
}

WRAPPED(int, namespaces_enter_user, uid_t owner)
{
	return off & ON(NS_USER) ? 0 : __real_namespaces_enter_user(owner);
}

/* The parent's part of it. */
WRAPPED(int, namespaces_map, int proc, const char *process, uid_t uid, gid_t gid)
{
	return off & ON(NS_USER) ? 0 : __real_namespaces_map(proc, process, uid, gid);
}

/* As is a session of its own with that of processes. */
WRAPPED(pid_t, setsid, void)
{
	return off & ON(NS_PID) ? 0 : __real_setsid();
}

/* Its name comes with the namespace. */
WRAPPED(int, sethostname, const char *name, size_t n)
{
	return off & ON(NS_UTS) ? 0 : __real_sethostname(name, n);
}

/* In a network that is not its own the rules would be those of all others in it. */
WRAPPED(int, network_rules, const void *batch, size_t n)
{
	return off & (ON(NFTABLES) | ON(NS_NET)) ? 0 : __real_network_rules(batch, n);
}

/* There nobody is to be at that port: what stands for it is no socket, and never ready. */
WRAPPED(int, network_listen, uint16_t port)
{
	return off & ON(NS_NET) ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : __real_network_listen(port);
}

WRAPPED(int, root_empty, void)
{
	return off & ON(ROOT) ? 0 : __real_root_empty();
}

WRAPPED(int, descriptors_close, const int *keep, size_t n)
{
	return off & ON(DESCRIPTORS) ? 0 : __real_descriptors_close(keep, n);
}

WRAPPED(int, privileges_become, uid_t uid, gid_t gid)
{
	return off & ON_OWNER ? 0 : __real_privileges_become(uid, gid);
}

/* Outside of a user namespace of its own another uid has no say over the bounding set.
 * Landlock and seccomp are only for who has no new privileges or a capability, so that stays while one is on. */
WRAPPED(int, privileges_drop, bool executes)
{
	if (!(off & ON(PRIVILEGES)))
		return off & ON(NS_USER) ? privileges_none() : __real_privileges_drop(executes);
	if (~off & (ON(LANDLOCK) | ON_PLAN | ON(SECCOMP)))
		return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return 0;
}

WRAPPED(int, rlimits_set, const struct rlimits *limits)
{
	return off & ON(RLIMITS) ? 0 : __real_rlimits_set(limits);
}

/* That of the operands, */
WRAPPED(int, landlock_restrict, int abi, const struct landlock_grant *grant, size_t n)
{
	return off & ON(LANDLOCK) ? 0 : __real_landlock_restrict(abi, grant, n);
}

/* and that of the plan, which is made rule by rule. */
WRAPPED(int, landlock_enforce, int set)
{
	if (!(off & ON_PLAN))
		return __real_landlock_enforce(set);
	close(set);
	return 0;
}

WRAPPED(int, seccomp_restrict, const struct krux_filter *filter)
{
	return off & ON(SECCOMP) ? 0 : __real_seccomp_restrict(filter);
}
