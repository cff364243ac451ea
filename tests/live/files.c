/* Files: what is not the operand's. */
#include "tests/live/live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static long open1(int dir, const char *path, int flags)
{
	return openat(dir, path, flags, 0600);
}

static long open2(int dir, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0600 : 0 };

	return syscall(SYS_openat2, dir, path, &how, sizeof how);
}

/* The secret, or what lies in the workspace. */
static long is_secret(long fd)
{
	char buf[8] = "";

	if (fd < 0)
		return errno;
	return pread((int)fd, buf, 6, 0) == 6 && (!memcmp(buf, "secret", 6) || !memcmp(buf, "inside", 6)) ? 0 : EBADMSG;
}

/* ---- opening ---- */

static long read_below(struct handler_call *c, const void *path)
{
	return is_secret(open1(c->fd, path, O_RDONLY));
}

static long read_absolute(struct handler_call *c, const void *before)
{
	char path[256];

	snprintf(path, sizeof path, "%s%s/secret", (const char *)before, outside);
	return is_secret(open1(c->fd, path, O_RDONLY));
}

static long create_below(struct handler_call *c, const void *path)
{
	return result_of(open1(c->fd, path, O_WRONLY | O_CREAT));
}

static long write_below(struct handler_call *c, const void *path)
{
	return result_of(open1(c->fd, path, O_WRONLY));
}

static long truncate_below(struct handler_call *c, const void *path)
{
	return result_of(open1(c->fd, path, O_WRONLY | O_TRUNC));
}

static long open_truncating(struct handler_call *c, const void *path)
{
	return result_of(open1(c->fd, path, O_RDONLY | O_TRUNC));
}

static long read_by_openat2(struct handler_call *c, const void *path)
{
	return is_secret(open2(c->fd, path, O_RDONLY));
}

static long open2_truncating(struct handler_call *c, const void *path)
{
	return result_of(open2(c->fd, path, O_RDONLY | O_TRUNC));
}

static long truncate_by_path(struct handler_call *c, const void *path)
{
	if (fchdir(c->fd))
		return errno;
	return result_of(truncate(path, 1));
}

static long open_absolute(struct handler_call *c, const void *path)
{
	(void)c;
	return result_of(open1(AT_FDCWD, path, O_RDONLY));
}

static long write_absolute(struct handler_call *c, const void *path)
{
	(void)c;
	return result_of(open1(AT_FDCWD, path, O_WRONLY));
}

/* ---- descriptors ---- */

static long leaked(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return is_secret(leaked_file);
}

static long beneath_leaked(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return is_secret(open1(leaked_folder, "secret", O_RDONLY));
}

static long by_handle(struct handler_call *c, const void *arg)
{
	struct { struct file_handle h; unsigned char bytes[128]; } f = { .h.handle_bytes = 128 };
	int mount;

	(void)arg;
	/* The name is looked up before the rest, so that only the second step is the attempt. */
	if (name_to_handle_at(c->fd, "../secret", &f.h, &mount, 0))
		return errno;
	return is_secret(open_by_handle_at(c->fd, &f.h, O_RDONLY));
}

static long ioctl_inside(struct handler_call *c, const void *arg)
{
	long fd = open1(c->fd, "inside", O_RDONLY);
	int n;

	(void)arg;
	return fd < 0 ? errno : result_of(ioctl((int)fd, FIONREAD, &n));
}

/* ---- names ---- */

static long link_out(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(linkat(c->fd, "../secret", c->fd, "stolen", 0));
}

static long move_out(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(renameat2(c->fd, "../secret", c->fd, "stolen", RENAME_NOREPLACE));
}

static long remove_out(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(unlinkat(c->fd, "../secret", 0));
}

static long symlink_in(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(symlinkat("../secret", c->fd, "lead"));
}

static long device(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(mknodat(c->fd, "disk", S_IFBLK | 0600, makedev(254, 0)));
}

static long mode_of(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(fchmodat(c->fd, "../secret", 0777, 0));
}

/* What another user would run as the workspace's owner. */
static long make_setuid(struct handler_call *c, const void *arg)
{
	(void)arg;
	return result_of(openat(c->fd, "made", O_WRONLY | O_CREAT | O_CLOEXEC, 04755));
}

static long become_setuid(struct handler_call *c, const void *arg)
{
	int fd = (int)open1(c->fd, "made", O_WRONLY | O_CREAT);

	(void)arg;
	return result_of(fd < 0 ? fd : fchmod(fd, 04755));
}

/* ---- another root, another program ---- */

static long another_root(struct handler_call *c, const void *arg)
{
	(void)arg;
	return fchdir(c->fd) || chroot(".") ? errno : 0;
}

static long execute(struct handler_call *c, const void *path)
{
	static const char *const argv[] = { "program", NULL }, *const env[] = { NULL };

	return syscall(SYS_execveat, c->fd, path, argv, env, 0) < 0 ? errno : 0;
}

/* Through only where that makes it root. By its path: what lies on a mount of other namespaces is never setuid. */
static long execute_setuid(struct handler_call *c, const void *arg)
{
	static const char *const argv[] = { "program", "setuid", NULL }, *const env[] = { NULL };
	char path[128];

	(void)arg;
	snprintf(path, sizeof path, "%s/program", outside);
	return syscall(SYS_execveat, c->fd, path, argv, env, 0) < 0 ? errno : 0;
}

static long execute_memory(struct handler_call *c, const void *arg)
{
	static const char *const argv[] = { "program", NULL }, *const env[] = { NULL };
	char buf[4096];
	int in = (int)open1(c->fd, "program", O_RDONLY), out;
	ssize_t n;

	(void)arg;
	if (in < 0)
		return errno;
	out = memfd_create("program", 0);
	if (out < 0)
		return errno;
	while ((n = read(in, buf, sizeof buf)) > 0)
		if (write(out, buf, (size_t)n) != n)
			return EIO;
	return syscall(SYS_execveat, out, "", argv, env, AT_EMPTY_PATH) < 0 ? errno : 0;
}

/* Code that it brings along, as a file or as bytes. */
static long code_of_file(struct handler_call *c, const void *arg)
{
	int fd = (int)open1(c->fd, "program", O_RDONLY);

	(void)arg;
	return fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

static long code_of_bytes(struct handler_call *c, const void *arg)
{
	(void)c, (void)arg;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ?
		errno : 0;
}

/* As a workspace is at first. */
static bool without_store(void)
{
	return !rmdir("workspace/.krux/trash") && !rmdir("workspace/.krux/tmp") && !rmdir("workspace/.krux");
}

static bool seen_outside(void)
{
	return access("made", F_OK) == 0;
}

static bool seen_setuid(void)
{
	struct stat st;

	return stat("workspace/made", &st) == 0 && st.st_mode & S_ISUID;
}

static bool secret_is_whole(void)
{
	struct stat st;

	return stat("secret", &st) == 0 && st.st_nlink == 1 && (st.st_mode & 0777) == 0644;
}

static bool secret_was_changed(void)
{
	return !secret_is_whole();
}

/* ---- other people's, in the workspace ---- */

enum { THIRD = 60873 };

static bool put_of(const char *path, mode_t mode, uid_t uid)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, "secret", 6) == 6 && !fchown(fd, uid, uid) && !fchmod(fd, mode);

	close(fd);
	return ok || cannot("%s cannot be made", path);
}

static bool third_is_there(void)
{
	return put_of("workspace/third", 0600, THIRD) && put_of("workspace/read", 0644, THIRD);
}

static bool agents_is_there(void)
{
	return put_of("workspace/agents", 0600, AGENT);
}

/* One that anybody may open, as one may where it lies. */
static bool device_is_there(void)
{
	int fd = mknod("workspace/null", S_IFCHR | 0600, makedev(1, 3)) || chmod("workspace/null", 0666) ? -1 :
	         open("workspace/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || cannot("no device can be opened there");
}

static long open_below(struct handler_call *c, const void *path)
{
	return result_of(open1(c->fd, path, O_RDONLY));
}

enum { READS = RIGHT_READ_FILES | RIGHT_READ_FOLDERS };

enum { AS_ROOT = 1 << WAY_AGENT | 1 << WAY_ROOT };

static const struct attempt list[] = {
	{ "read by an absolute path", read_absolute, "", .hold = EACH(ON(ROOT) | LANDLOCKS) },
	{ "read by ..", read_below, "../secret", .hold = EACH(ON(IDMAPPED) | LANDLOCKS) },
	{ "read by a symbolic link", read_below, "link", .hold = EACH(ON(IDMAPPED) | LANDLOCKS) },
	{ "read by a link to /proc/self/root", read_absolute, "magic", .hold = EACH(ON(ROOT) | LANDLOCKS) },
	{ "read by /proc/self/root", read_absolute, "/proc/self/root", .hold = EACH(ON(ROOT) | LANDLOCKS) },
	{ "read beside the operand", read_below, "../inside", .hold = EACH(ON(LANDLOCK)), .operand = "drafts" },
	{ "read what no call of the agent reaches", read_below, "inside", .hold = EACH(ON_PLAN), .plan = "drafts" },
	{ "the same where nothing was changed before", read_below, "inside", without_store,
	  .hold = EACH(ON_PLAN), .plan = "drafts" },
	{ "create where no call of the agent does", create_below, "made", .hold = EACH(ON_PLAN), .plan = "drafts" },
	{ "create outside", create_below, "../made", .seen = seen_outside, .hold = EACH(ON(IDMAPPED) | LANDLOCKS) },
	{ "create a protected name", create_below, ".gitmodules",
	  .open = "below a folder that is granted the handler itself looks, and Landlock cannot deny inside" },
	{ "create beside the operand", create_below, "../config", .hold = EACH(ON(LANDLOCK)), .operand = "drafts" },
	{ "write outside", write_below, "../secret", .hold = EACH(ON(IDMAPPED) | LANDLOCKS) },
	{ "write where reading is granted", write_below, "inside", .hold = EACH(ON(LANDLOCK)), .rights = READS },
	{ "open by flags that no filter sees", read_by_openat2, "inside", .hold = EACH(ON(SECCOMP)) },
	{ "truncate where reading is granted", truncate_below, "inside", .hold = EACH(ON(SECCOMP) | ON(LANDLOCK)),
	  .rights = READS },
	{ "truncate by opening to read", open_truncating, "inside", .hold = EACH(ON(SECCOMP) | ON(LANDLOCK)),
	  .from = ON(LANDLOCK), .abi = 3, .rights = READS },
	{ "truncate by flags that no filter sees", open2_truncating, "inside", .hold = EACH(ON(SECCOMP) | ON(LANDLOCK)),
	  .from = ON(LANDLOCK), .abi = 3, .rights = READS },
	{ "truncate by path where reading is granted", truncate_by_path, "inside",
	  .hold = EACH(ON(SECCOMP) | ON(LANDLOCK)), .from = ON(LANDLOCK), .abi = 3, .rights = READS },
	{ "read by a leaked descriptor", leaked, .hold = EACH(ON(DESCRIPTORS)) },
	{ "read beneath a leaked folder", beneath_leaked, .hold = EACH(ON(DESCRIPTORS) | LANDLOCKS) },
	{ "read by a file handle", by_handle, .hold = ROOTS_MAPPED(ON(SECCOMP) | LANDLOCKS) },
	{ "ioctl on a file", ioctl_inside, .hold = EACH(ON(SECCOMP)) },
	{ "hard link of what is outside", link_out, .seen = secret_was_changed, .hold = EACH(ON(IDMAPPED) | ON(SECCOMP) | LANDLOCKS) },
	{ "move in what is outside", move_out, .seen = secret_was_changed, .hold = EACH(ON(IDMAPPED) | LANDLOCKS) },
	{ "remove what is outside", remove_out, .seen = secret_was_changed, .hold = EACH(ON(IDMAPPED) | LANDLOCKS) },
	{ "change the mode of what is outside", mode_of, .seen = secret_was_changed, .hold = EACH(ON(IDMAPPED) | ON(SECCOMP)) },
	{ "make a file that is setuid", make_setuid, .seen = seen_setuid, .hold = EACH(ON(SECCOMP)) },
	{ "make a file setuid", become_setuid, .seen = seen_setuid, .hold = EACH(ON(SECCOMP)) },
	{ "make a symbolic link", symlink_in, .hold = EACH(ON(SECCOMP)) },
	/* Of root's workspace nobody is root on the mount. */
	{ "make a device", device, .hold = {
		ON(SECCOMP) | LANDLOCKS | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER,
		ON(IDMAPPED) | ON(SECCOMP) | LANDLOCKS | ON(PRIVILEGES) | ON(NS_USER),
		ON(SECCOMP) | LANDLOCKS | ON(PRIVILEGES) | ON(NS_USER) } },
	{ "open a device of the workspace", open_below, "null", device_is_there, .ways = AS_ROOT, .hold = EACH(ON(IDMAPPED)) },
	{ "read what is a third uid's alone", read_below, "third", third_is_there, .ways = AS_ROOT, .hold = ROOTS(0) },
	{ "write what a third uid lets others read", write_below, "read", third_is_there, .ways = AS_ROOT, .hold = ROOTS(0) },
	{ "read what has the agent's uid on the disk", read_below, "agents", agents_is_there, .ways = AS_ROOT,
	  .hold = ROOTS_MAPPED(0) },
	{ "chroot", another_root, .hold = CAPABLE(ON(SECCOMP)) },
	{ "execute a program of the workspace", execute, "program", .hold = EACH(ON(IDMAPPED) | ON(SECCOMP) | LANDLOCKS) },
	{ "execute a program from outside", execute, "../program", .hold = EACH(ON(IDMAPPED) | ON(SECCOMP) | LANDLOCKS) },
	{ "execute a program in memory", execute_memory, .hold = EACH(ON(SECCOMP)) },
	{ "execute what is setuid", execute_setuid, .ways = 1 << WAY_AGENT,
	  .hold = EACH(ON(SECCOMP) | ON(ROOT) | LANDLOCKS | ON(PRIVILEGES) | ON(NS_USER)) },
	{ "map code of a file", code_of_file, .hold = EACH(ON(IDMAPPED) | ON(SECCOMP)) },
	{ "map code of its own", code_of_bytes, .hold = EACH(ON(SECCOMP)) },
	{ "open /proc/kallsyms", open_absolute, "/proc/kallsyms", .hold = EACH(ON(ROOT) | LANDLOCKS) },
	{ "open /sys/kernel", open_absolute, "/sys/kernel", .hold = EACH(ON(ROOT) | LANDLOCKS) },
	{ "open /dev/null", open_absolute, "/dev/null", .hold = EACH(ON(ROOT) | LANDLOCKS) },
	{ "write /proc/sys/kernel/core_pattern", write_absolute, "/proc/sys/kernel/core_pattern",
	  .hold = { 0, ON(IDMAPPED) | ON(ROOT) | LANDLOCKS, 0 } },
};
const struct attempt_list files_list = { "files", list, sizeof list / sizeof *list };
