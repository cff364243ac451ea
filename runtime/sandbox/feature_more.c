/* Control groups, nftables, eBPF and kinds of mounts, each used once. Groups that are made are removed, with what is
 * attached to them; the rest lives in namespaces of the child. */
#include "runtime/sandbox/feature_try.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/sandbox/cgroup.h"
#include "runtime/sandbox/idmap.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/sandbox/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int refuse(int no)
{
	errno = no;
	return -1;
}

/* ---- control groups ---- */

struct group {
	int above, fd;
	char name[32];
};

static int group_make(struct group *g)
{
	struct krux_err err = { 0 };

	snprintf(g->name, sizeof g->name, "krux-try-%d", getpid());
	g->above = cgroup_own(&err);
	g->fd = g->above < 0 ? -1 : cgroup_make(g->above, g->name, &err);
	return g->fd < 0 ? refuse(err.no ? err.no : ENOENT) : 0;
}

static int group_remove(struct group *g, int rc)
{
	int no = errno;

	cgroup_remove(g->above, g->name, NULL);
	errno = no;
	return rc;
}

int try_cgroup(void)
{
	struct group g = { .above = -1 };

	return group_make(&g) ? -1 : group_remove(&g, 0);
}

/* A process in it is killed by one byte, and was never outside. */
static int group_kill(struct group *g)
{
	pid_t pid = cgroup_fork(g->fd);
	int status = 0;

	if (!pid)
		for (;;)
			pause();
	if (pid < 0)
		return -1;
	if (cgroup_empty(g->fd) || cgroup_kill(g->fd, NULL)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return refuse(ENOTSUP);
	}
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : refuse(ENOTSUP);
}

int try_cgroup_kill(void)
{
	struct group g = { .above = -1 };

	return group_make(&g) ? -1 : group_remove(&g, group_kill(&g));
}

/* It begins there. */
int try_cgroup_into(void)
{
	struct group g = { .above = -1 };
	int status = 0;
	pid_t pid;

	if (group_make(&g))
		return -1;
	pid = cgroup_fork(g.fd);
	if (!pid)
		_exit(cgroup_empty(g.fd));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return group_remove(&g, -1);
	return group_remove(&g, WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : refuse(ENOTSUP));
}

/* A group has a controller's files where the groups above it let it. */
static int controller_try(const char *file)
{
	struct group g = { .above = -1 };

	if (group_make(&g))
		return -1;
	return group_remove(&g, faccessat(g.fd, file, W_OK, AT_EACCESS));
}

/* As calls are limited. */
static int limit_try(enum cgroup_controller limit)
{
	struct group g = { .above = -1 };

	if (group_make(&g))
		return -1;
	return group_remove(&g, cgroup_has(g.fd) & limit ? 0 : refuse(ENOENT));
}

int try_cgroup_memory(void)
{
	return limit_try(CGROUP_MEMORY);
}

int try_cgroup_pids(void)
{
	return limit_try(CGROUP_PIDS);
}

int try_cgroup_cpu(void)
{
	return controller_try("cpu.max");
}

int try_cgroup_io(void)
{
	return controller_try("io.max");
}

/* ---- nftables ---- */

struct table_batch {
	struct { struct nlmsghdr h; struct nfgenmsg g; } begin;
	struct { struct nlmsghdr h; struct nfgenmsg g; struct nlattr a; char name[8]; } table;
	struct { struct nlmsghdr h; struct nfgenmsg g; } end;
};

/* One table in a network namespace of its own. */
int try_nftables(void)
{
	struct table_batch b = {
		.begin = { { sizeof b.begin, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 0, 0 },
			   { AF_UNSPEC, NFNETLINK_V0, NFNL_SUBSYS_NFTABLES << 8 } },
		.table = { { sizeof b.table, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
			     NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 1, 0 },
			   { 1 /* inet */, NFNETLINK_V0, 0 },
			   { sizeof b.table.a + 5, NFTA_TABLE_NAME }, "krux" },
		.end = { { sizeof b.end, NFNL_MSG_BATCH_END, NLM_F_REQUEST, 2, 0 },
			 { AF_UNSPEC, NFNETLINK_V0, NFNL_SUBSYS_NFTABLES << 8 } },
	};
	struct { struct nlmsghdr h; struct nlmsgerr e; char rest[256]; } said = { .e.error = -EPROTO };
	int fd;

	b.begin.g.res_id = b.end.g.res_id = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8);
	if (unshare(CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0)))
		return -1;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0 || send(fd, &b, sizeof b, 0) < 0 || recv(fd, &said, sizeof said, 0) < 0)
		return -1;
	return said.h.nlmsg_type == NLMSG_ERROR && !said.e.error ? 0 : refuse(-said.e.error);
}

/* ---- eBPF ---- */

/* What calls get. */
int try_cgroup_bpf(void)
{
	struct group g = { .above = -1 };
	struct krux_err err = { 0 };

	if (group_make(&g))
		return -1;
	return group_remove(&g, sockets_attach(g.fd, &err) ? refuse(err.no) : 0);
}

/* ---- mounts ---- */

static int mounts_own(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	CLEAN_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)))
		return -1;
	if (uid && namespaces_map_self(proc, uid, gid))
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* The file system of the working folder. */
int try_idmapped(void)
{
	const struct idmap map = { 1000, 1000, 70001, 70001 };
	CLEAN_FD int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct krux_err err = { .no = errno };
	CLEAN_FD int users = folder < 0 ? -1 : idmap_namespace(&map, &err);
	CLEAN_FD int mount = users < 0 ? -1 : idmap_mount(folder, users, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &err);

	return mount < 0 ? refuse(err.no) : 0;
}

int try_overlay(void)
{
	if (mounts_own() || mount("none", "/proc", "tmpfs", 0, "size=64k,mode=0755") || chdir("/proc"))
		return -1;
	if (mkdir("l", 0755) || mkdir("u", 0755) || mkdir("w", 0755) || mkdir("m", 0755))
		return -1;
	if (mount("none", "m", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w,userxattr"))
		return mount("none", "m", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w");
	return 0;
}
