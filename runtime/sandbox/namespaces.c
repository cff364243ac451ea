/* A process to a child in namespaces of its own. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

/* What the calls of one agent may share, and what each has for itself. */
static const uint64_t shared = CLONE_NEWNS | CLONE_NEWNET,
	own = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME;

/* In older headers it is missing: Linux 5.7. */
#define INTO_CGROUP 0x200000000ULL

static pid_t fork_into(uint64_t flags, const struct probe *probe, int group, int *pidfd)
{
	/* In a group of its own it enters the namespace of that, once it is there: one that comes with clone3 begins at the
	 * caller's. */
	const uint64_t its = group < 0 ? flags : flags & ~(uint64_t)CLONE_NEWCGROUP;
	struct clone_args args = {
		.flags = its | CLONE_PIDFD | (probe->root ? 0 : CLONE_NEWUSER) | (group < 0 ? 0 : INTO_CGROUP),
		.cgroup = group < 0 ? 0 : (uint64_t)(unsigned)group,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* With CLONE_PARENT it is that of the caller. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

pid_t namespaces_fork(const struct probe *probe, int group, int *pidfd)
{
	return fork_into(own | shared, probe, group, pidfd);
}

pid_t namespaces_fork_joining(const struct probe *probe, int group, int *pidfd)
{
	return fork_into(own | (shared & ~(uint64_t)CLONE_NEWNET), probe, group, pidfd);
}

/* Without a cgroup namespace: groups of children lie outside of the one that it would have, where a mount may let nobody
 * fork into (nsdelegate). */
pid_t namespaces_fork_shared(const struct probe *probe, bool network, int *pidfd)
{
	return fork_into((shared & ~(uint64_t)(network ? 0 : CLONE_NEWNET)) | (own & ~(uint64_t)(CLONE_NEWPID | CLONE_NEWCGROUP)), probe, -1, pidfd);
}

pid_t namespaces_fork_own(const struct probe *probe, bool mounts, bool network, int group, int *pidfd)
{
	return fork_into(own | CLONE_PARENT | (mounts ? CLONE_NEWNS : 0) | (network ? CLONE_NEWNET : 0), probe, group, pidfd);
}

int namespaces_enter_network(int network)
{
	return setns(network, CLONE_NEWNET);
}

int namespaces_enter_group(void)
{
	return unshare(CLONE_NEWCGROUP);
}

static int map_write(int process, const char *name, const char *text)
{
	int fd = openat(process, name, O_WRONLY | O_CLOEXEC), no = 0;
	size_t n = strlen(text);

	if (fd < 0)
		return -1;
	if (write(fd, text, n) != (ssize_t)n)
		no = errno;
	close(fd);
	errno = no;
	return no ? -1 : 0;
}

int namespaces_map(int proc, const char *process, uid_t uid, gid_t gid)
{
	int folder = openat(proc, process, O_PATH | O_DIRECTORY | O_CLOEXEC), no;
	char text[64];

	if (folder < 0)
		return -1;
	snprintf(text, sizeof text, "%u %u 1", uid, uid);
	if (map_write(folder, "setgroups", "deny") || map_write(folder, "uid_map", text))
		goto failed;
	snprintf(text, sizeof text, "%u %u 1", gid, gid);
	if (map_write(folder, "gid_map", text))
		goto failed;
	return close(folder);
failed:
	no = errno;
	close(folder);
	errno = no;
	return -1;
}

int namespaces_map_self(int proc, uid_t uid, gid_t gid)
{
	/* While a process is not dumpable, its files in /proc belong to root. */
	if (prctl(PR_SET_DUMPABLE, 1) || namespaces_map(proc, "self", uid, gid))
		return -1;
	return prctl(PR_SET_DUMPABLE, 0);
}

/* Machines may let nobody make one who cannot administrate. */
static int become_owner(uid_t owner)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 1U << CAP_SYS_ADMIN, 1U << CAP_SYS_ADMIN, 0 } };

	return setresuid((uid_t)-1, owner, (uid_t)-1) || syscall(SYS_capset, &head, data) ? -1 : 0;
}

int namespaces_enter_user(uid_t owner)
{
	return setgroups(0, NULL) || (owner && become_owner(owner)) || unshare(CLONE_NEWUSER) ? -1 : 0;
}

/* ---- as descriptors ---- */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int namespace_open(int proc, const char *name)
{
	char path[32];

	snprintf(path, sizeof path, "self/ns/%s", name);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

int namespace_say(int socket, int fd)
{
	struct iovec byte = { (char[]){ 0 }, 1 };
	union control c = { .head = { .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&c.head), &fd, sizeof fd);
		m.msg_control = &c;
		m.msg_controllen = sizeof c.room;
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int namespace_hear(int socket, int flags)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union control c;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
	struct cmsghdr *h;
	int fd = -1;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC | flags) != 1)
		return -2;
	h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(h), sizeof fd);
	return fd;
}
