/* The host's tree to one with little in it. All is put together on a file system of its own, over /tmp, before it becomes
 * the root: mounts of the host's folders, an overlay, devices, the caller's own processes. */
#include "runtime/sandbox/view.h"

#include "runtime/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define STAGE "/tmp"
#define LOWER "/tmp/lower"

static const char *const places[] = {
	[VIEW_PROC] = "/proc", [VIEW_DEV] = "/dev", [VIEW_ETC] = "/etc", [VIEW_TMP] = "/tmp",
	[VIEW_WORKSPACE] = "/workspace",
#define HOST(path) path,
#include "capspec/host.def"
};

const char *view_place(unsigned i)
{
	return i < sizeof places / sizeof *places ? places[i] : NULL;
}

/* ---- small parts ---- */

static int attributes_set(const char *path, uint64_t set)
{
	struct mount_attr a = { .attr_set = set };

	return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &a, sizeof a);
}

static int file_make(const char *path, const char *text)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	size_t n = strlen(text);

	return fd < 0 || write(fd, text, n) != (ssize_t)n ? -1 : 0;
}

/* The folders above it, below the stage. */
static int parents_make(char *path)
{
	for (char *slash = strchr(path + sizeof STAGE, '/'); slash; slash = strchr(slash + 1, '/')) {
		int rc;

		*slash = 0;
		rc = mkdir(path, 0755);
		*slash = '/';
		if (rc && errno != EEXIST)
			return -1;
	}
	return 0;
}

static int link_copy(const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = 0;
	return symlink(target, to);
}

/* The same file or folder under the stage, mounted; nothing where there is none. */
static int host_show(const char *path, uint64_t attributes)
{
	char to[PATH_MAX];
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -1;
	snprintf(to, sizeof to, STAGE "%s", path);
	if (parents_make(to))
		return -1;
	if (S_ISLNK(st.st_mode))
		return link_copy(path, to);
	if (S_ISDIR(st.st_mode) ? mkdir(to, 0755) : file_make(to, ""))
		return -1;
	return mount(path, to, NULL, MS_BIND | MS_REC, NULL) || attributes_set(to, attributes) ? -1 : 0;
}

/* ---- the workspace ---- */

/* Who is not root mounts it anew in this namespace, which alone its mounts can be mounted in: by its path, if what is there is
 * the same. */
static int workspace_again(int proc, int workspace)
{
	CLEAN_FD int fd = -1;
	char name[32], path[PATH_MAX];
	struct stat a, b;
	ssize_t n;

	snprintf(name, sizeof name, "self/fd/%d", workspace);
	n = readlinkat(proc, name, path, sizeof path - 1);
	if (n < 0)
		return -1;
	path[n] = 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &a) || fstat(workspace, &b))
		return -1;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) {
		errno = ESTALE;
		return -1;
	}
	return fd_keep(&fd);
}

/* The folder alone, without what is mounted below it. */
static int workspace_mount(const struct view *v, int folder)
{
	return fchdir(folder) || mount(".", STAGE "/workspace", NULL, MS_BIND, NULL) ||
	       attributes_set(STAGE "/workspace", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
	                      (v->executes ? 0 : MOUNT_ATTR_NOEXEC)) ? -1 : 0;
}

/* What the program's own mounts come over: a folder for /tmp, the workspace read-only, an empty folder where it sees
 * none. */
static int workspace_show(const struct view *v, int again)
{
	if (mkdir(STAGE "/workspace", 0755) || mkdir(STAGE "/tmp", 0755))
		return -1;
	if (v->workspace < 0 || v->fill)
		return 0;
	if (!v->root)
		return workspace_mount(v, again);
	/* It is taken off again with all that is mounted in it. */
	if (syscall(SYS_move_mount, v->workspace, "", AT_FDCWD, STAGE "/tmp", MOVE_MOUNT_F_EMPTY_PATH))
		return -1;
	return workspace_mount(v, v->workspace) || umount2(STAGE "/tmp", MNT_DETACH) ? -1 : 0;
}

/* Who is not root can mount a /proc only where one is that shows all; it lies below the program's own. */
static int proc_keep(const struct view *v)
{
	if (mkdir(STAGE "/proc", 0555))
		return -1;
	return v->root ? 0 : mount("/proc", STAGE "/proc", NULL, MS_BIND | MS_REC, NULL);
}

/* ---- the rest ---- */

/* One account, so that a program that asks who it is gets an answer. */
static int account_make(const struct view *v)
{
	char text[128];

	if (mkdir(STAGE "/etc", 0755))
		return -1;
	snprintf(text, sizeof text, "krux:x:%u:%u::/tmp:/usr/sbin/nologin\n", v->owner, v->group);
	if (file_make(STAGE "/etc/passwd", text))
		return -1;
	snprintf(text, sizeof text, "krux:x:%u:\n", v->group);
	return file_make(STAGE "/etc/group", text);
}

static int devices_show(void)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom" };

	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		if (host_show(devices[i], MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC))
			return -1;
	return 0;
}

static int host_shows(void)
{
	for (unsigned i = VIEW_HOST; i < sizeof places / sizeof *places; i++)
		if (host_show(places[i], MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))
			return -1;
	return 0;
}

/* New and old root in one place: the old one lies on top and is taken off. */
static int root_change(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (chdir(STAGE) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH))
		return -1;
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) || chdir("/") ? -1 : 0;
}

int view_share(int proc, const struct view *v)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	CLEAN_FD int again = -1;

	umask(022);
	/* Nothing of what follows reaches the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	if (!v->root && v->workspace >= 0 && (again = workspace_again(proc, v->workspace)) < 0)
		return -1;
	if (mount("none", STAGE, "tmpfs", flags, "size=256k,nr_inodes=64,mode=0755"))
		return -1;
	if (account_make(v) || host_shows() || devices_show() || workspace_show(v, again) || proc_keep(v))
		return -1;
	return root_change();
}

/* ---- what is one call's own ---- */

static unsigned long written_flags(const struct view *v)
{
	return MS_NOSUID | MS_NODEV | (v->executes ? 0 : MS_NOEXEC);
}

/* Without root the overlay keeps what it has to know in attributes of users, and then neither redirects nor copies
 * attributes alone. What root does not say so is not to depend on how the kernel was built: a renamed folder is a copy and
 * a whiteout, a file whole; and for both, files are linked by nobody but the program. */
static int overlay_mount(const struct view *v, const char *lower)
{
	const char *options = v->root ? "redirect_dir=off,metacopy=off,index=off,xino=off" : "index=off,xino=off,userxattr";
	char all[192];

	snprintf(all, sizeof all, "lowerdir=%s,upperdir=/tmp/upper,workdir=/tmp/work,%s", lower, options);
	return mount("none", "/workspace", "overlay", written_flags(v), all);
}

/* Where the workspace is shown as it is, something empty lies over it; what is made there later is seen. */
static int hidden_cover(const struct view *v)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "/workspace/%s", v->hidden);
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return 0;
	return mount("none", path, "tmpfs", flags, "size=4k,nr_inodes=1,mode=0555");
}

/* The merged root looks like the upper one. Then the program's /tmp comes over what the overlay works in: taking a
 * mount off would wait for all processors. */
static int overlay_make(struct view *v, const char *lower)
{
	char hidden[PATH_MAX];
	struct stat st;

	if (stat(lower, &st) || mkdir("/tmp/tmp", 0700) || mkdir("/tmp/upper", 0700) || mkdir("/tmp/work", 0700))
		return -1;
	if (v->root && (chown("/tmp/tmp", v->owner, v->group) || chown("/tmp/upper", v->owner, v->group)))
		return -1;
	/* To the overlay that is deleted, also where it is made later. */
	snprintf(hidden, sizeof hidden, "/tmp/upper/%s", v->hidden);
	if (mknod(hidden, S_IFCHR, 0) || chmod("/tmp/upper", st.st_mode & 0777))
		return -1;
	v->upper = open("/tmp/upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return v->upper < 0 || overlay_mount(v, lower) || mount("/tmp/tmp", "/tmp", NULL, MS_BIND, NULL) ? -1 : 0;
}

/* A file system of its own, which nothing is written to any more when there is a program. */
static int lower_fill(struct view *v)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV;
	char options[128];

	snprintf(options, sizeof options, "size=%llu,nr_inodes=%llu,mode=0700", (unsigned long long)v->filled,
	         (unsigned long long)v->entries);
	if (mkdir(LOWER, 0700) || mount("none", LOWER, "tmpfs", flags, options) ||
	    (v->root && chown(LOWER, v->owner, v->group)))
		return -1;
	v->lower = open(LOWER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (v->lower < 0 || v->fill(v->ctx, v->lower))
		return -1;
	return mount(NULL, LOWER, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL);
}

/* The snapshot alone, before /tmp comes over where it lies. */
static int lower_show(const struct view *v)
{
	return mount(LOWER, "/workspace", NULL, MS_BIND, NULL) || mkdir("/tmp/tmp", 0700) ||
	       (v->root && chown("/tmp/tmp", v->owner, v->group)) || mount("/tmp/tmp", "/tmp", NULL, MS_BIND, NULL) ? -1 : 0;
}

static int workspace_own(struct view *v)
{
	const char *lower = v->fill ? LOWER : "/workspace";

	if (v->fill && lower_fill(v))
		return -1;
	return v->changes ? overlay_make(v, lower) : v->fill ? lower_show(v) : hidden_cover(v);
}

int view_own(struct view *v)
{
	const bool more = v->changes || v->fill;           /* than /tmp lies in it */
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	char options[128];
	int n;

	n = snprintf(options, sizeof options, "size=%llu,nr_inodes=65536,mode=%s", (unsigned long long)v->size,
	             more ? "0755" : "0700");
	if (v->root && !more)
		snprintf(options + n, sizeof options - (size_t)n, ",uid=%u,gid=%u", v->owner, v->group);
	if (mount("none", "/tmp", "tmpfs", written_flags(v), options) || workspace_own(v))
		return -1;
	return mount("proc", "/proc", "proc", flags, "subset=pid,hidepid=ptraceable");
}
