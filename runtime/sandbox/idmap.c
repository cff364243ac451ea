/* Two owners to a user namespace, and a folder to a mount by it.
 *
 * The namespace has to map all ids, not the owner's alone: one that is not mapped can be neither written, removed nor renamed
 * in a folder of one's own, and what the owner may do with other people's files is to be what whoever stands for him may. */
#include "runtime/sandbox/idmap.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As open_tree and mount_setattr know it; in older headers it is missing. */
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* ---- the user namespace ---- */

/* There is no id of this number. */
static const uint32_t none = UINT32_MAX;

static size_t line_add(char *text, size_t n, size_t cap, uint32_t disk, uint32_t seen, uint32_t count)
{
	return count ? n + (size_t)snprintf(text + n, cap - n, "%u %u %u\n", disk, seen, count) : n;
}

/* All ids to themselves but these two, of which the one becomes the other. */
static int map_write(int process, const char *name, uint32_t disk, uint32_t seen)
{
	CLEAN_FD int fd = openat(process, name, O_WRONLY | O_CLOEXEC);
	const uint32_t low = disk < seen ? disk : seen, high = disk < seen ? seen : disk;
	char text[160];
	size_t n = line_add(text, 0, sizeof text, 0, 0, low);

	n = line_add(text, n, sizeof text, disk, seen, 1);
	n = line_add(text, n, sizeof text, low + 1, low + 1, high == low ? 0 : high - low - 1);
	n = line_add(text, n, sizeof text, high + 1, high + 1, none - high - 1);
	return fd < 0 || write(fd, text, n) != (ssize_t)n ? -1 : 0;
}

static int maps_write(int proc, pid_t pid, const struct idmap *m)
{
	CLEAN_FD int process = -1;
	char name[16];

	snprintf(name, sizeof name, "%d", pid);
	process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return process < 0 || map_write(process, "uid_map", m->owner, m->uid) ||
	       map_write(process, "gid_map", m->group, m->gid) ? -1 : 0;
}

/* It has to live until its maps are written, and to hand its namespace over itself, since nobody else may open what is of a
 * process that is not dumpable. */
__attribute__((noreturn)) static void holder_be(int proc, int socket)
{
	int users;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER) || (users = namespace_open(proc, "user")) < 0 || namespace_say(socket, users))
		_exit(errno);
	_exit((int)read(socket, &byte, 1));
}

/* What the process said before it ended: a namespace, or with errno, nothing. */
static int holder_hear(int socket, int proc, pid_t pid, const struct idmap *m)
{
	CLEAN_FD int users = namespace_hear(socket, 0);

	return users < 0 || maps_write(proc, pid, m) ? -1 : fd_keep(&users);
}

/* Root's maps are refused where its own user namespace does not have the ids. */
static int ids_lack(struct krux_err *err)
{
	err_set(err, 0, "there are no idmapped mounts in this user namespace, which does not have all ids, as in some containers");
	if (err)
		err->no = EOPNOTSUPP;
	return -1;
}

int idmap_namespace(const struct idmap *m, struct krux_err *err)
{
	static const char what[] = "make a user namespace for the owners of a mount";
	CLEAN_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int pair[2], users, status = 0, no;
	pid_t pid;

	if (m->owner == none || m->group == none || m->uid == none || m->gid == none)
		return err_set(err, EINVAL, "%s", what);
	if (proc < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_set(err, errno, "%s", what);
	pid = fork();
	if (!pid) {
		close(pair[0]);
		holder_be(proc, pair[1]);
	}
	no = errno;
	close(pair[1]);
	users = pid < 0 ? -1 : holder_hear(pair[0], proc, pid, m);
	no = pid < 0 ? no : errno;
	close(pair[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (users >= 0)
		return users;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status))
		no = WEXITSTATUS(status);
	else if (pid > 0 && no == EPERM && !geteuid())
		return ids_lack(err);
	return err_set(err, no, "%s", what);
}

/* ---- the mount ---- */

/* The word of a line of mountinfo that comes after " - ". */
static bool kind_read(char *line, uint64_t mount, char *out, size_t cap)
{
	char *at = strstr(line, " - "), *end;

	if (strtoull(line, NULL, 10) != mount || !at)
		return false;
	at += 3;
	end = strchr(at, ' ');
	if (end)
		*end = 0;
	snprintf(out, cap, "%s", at);
	return true;
}

/* Of the mount that it lies on, as the kernel calls the kind. */
static void kind_find(int folder, char *out, size_t cap)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEAN_FREE char *line = NULL;
	bool found = false;
	struct statx st;
	size_t room = 0;

	snprintf(out, cap, "unknown");
	if (f && !statx(folder, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) && st.stx_mask & STATX_MNT_ID)
		while (!found && getline(&line, &room, f) > 0)
			found = kind_read(line, st.stx_mnt_id, out, cap);
	if (f)
		fclose(f);
}

/* No number of an error says so: EINVAL and EPERM say more than this. */
static int lacks(int folder, const char *why, struct krux_err *err)
{
	char kind[64];

	kind_find(folder, kind, sizeof kind);
	err_set(err, 0, "the folder lies on the file system %s, %s", kind, why);
	if (err)
		err->no = EOPNOTSUPP;
	return -1;
}

static int attributes_set(int mount, unsigned flags, const struct mount_attr *a)
{
	return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, a, sizeof *a);
}

int idmap_mount(int folder, int users, uint64_t attributes, struct krux_err *err)
{
	const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
	CLEAN_FD int mount = (int)syscall(SYS_open_tree, folder, "", flags);
	/* A copy of a mount that is shared would be shared with it. */
	const struct mount_attr all = { .attr_set = attributes, .propagation = MS_PRIVATE },
		top = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)users };
	int rc = mount < 0 ? -1 : 0;

	if (mount >= 0)
		rc = attributes_set(mount, AT_RECURSIVE, &all);
	if (rc && errno == ENOSYS)
		return lacks(folder, "and this kernel has no idmapped mounts: Linux 5.12 has them", err);
	if (rc)
		return err_set(err, errno, "make a mount of the folder");
	if (users < 0 || !attributes_set(mount, 0, &top))
		return fd_keep(&mount);
	if (errno == EINVAL)
		return lacks(folder, "which has no idmapped mounts on this kernel", err);
	if (errno == EPERM)
		return lacks(folder, "by a mount that is idmapped already or is not this user namespace's", err);
	return err_set(err, errno, "give the folder's mount another owner");
}
