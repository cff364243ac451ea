/* What an agent may do in a folder by a mount on which the folder's owner is it: what the owner may without one, thing by
 * thing, and on the disk the same comes of it. Everything is in a file system in memory, in a mount namespace of the test's
 * own; it takes root, and says so where it is not. */
#include "runtime/sandbox/idmap.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/sandbox/sandbox.h"
#include "capspec/rights.h"
#include "stdlib-caps/common/place.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OWNER = 1000, GROUP = 1001, AGENT = 70001, THIRD = 1234, OTHER = 70002 };

static const uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

/* ---- whoever tries ---- */

struct tries {
	uid_t uid;
	gid_t gid;
	int folder;
	bool landlock;
	int (*run)(int folder);        /* 0, or what errno is then */
};

static int confined_run(const struct tries *t)
{
	const int abi = probe_get()->landlock_abi;
	const struct landlock_grant grant = {
		t->folder, RIGHT_READ_FILES | RIGHT_READ_FOLDERS | RIGHT_NAMES | RIGHT_WRITE_FILES };

	if (t->landlock && landlock_restrict(abi, &grant, 1))
		return 255;
	return t->run(t->folder);
}

/* As a call's child does: in a user namespace that maps it alone. */
static int try_as(const struct tries *t)
{
	CLEAN_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int asks[2], go[2], status = 0;
	char byte, process[16];
	pid_t pid;

	ck_assert(proc >= 0 && !pipe2(asks, O_CLOEXEC) && !pipe2(go, O_CLOEXEC));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (namespaces_enter_user(t->uid) || write(asks[1], "", 1) != 1 || read(go[0], &byte, 1) != 1 ||
		    privileges_become(t->uid, t->gid) || privileges_drop(true))
			_exit(254);
		umask(022);
		_exit(confined_run(t));
	}
	snprintf(process, sizeof process, "%d", pid);
	ck_assert_int_eq(read(asks[0], &byte, 1), 1);
	ck_assert(!namespaces_map(proc, process, t->uid, t->gid));
	ck_assert_int_eq(write(go[1], "", 1), 1);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	for (int i = 0; i < 2; i++)
		ck_assert(!close(asks[i]) && !close(go[i]));
	return WEXITSTATUS(status);
}

/* ---- the tree ---- */

static const struct thing {
	const char *name;
	uid_t uid;
	gid_t gid;
	mode_t mode;                   /* a folder's has S_IFDIR */
} things[] = {
	{ "own", OWNER, GROUP, 0644 },
	{ "own-closed", OWNER, GROUP, 0600 },
	{ "own-group", OWNER, THIRD, 0640 },
	{ "own-group-open", OWNER, THIRD, 0666 },
	{ "third-closed", THIRD, THIRD, 0600 },
	{ "third", THIRD, THIRD, 0644 },
	{ "third-open", THIRD, THIRD, 0666 },
	{ "third-of-group", THIRD, GROUP, 0660 },
	{ "third-of-group-read", THIRD, GROUP, 0640 },
	{ "root", 0, 0, 0644 },
	{ "root-open", 0, 0, 0666 },
	{ "other-agent", OTHER, OTHER, 0666 },
	{ "folder", OWNER, GROUP, S_IFDIR | 0755 },
	{ "folder/own", OWNER, GROUP, 0644 },
	{ "folder-third", THIRD, THIRD, S_IFDIR | 0755 },
	{ "folder-third/own", OWNER, GROUP, 0644 },
	{ "folder-open", THIRD, THIRD, S_IFDIR | 0777 },
	{ "folder-open/third", THIRD, THIRD, 0644 },
	{ "folder-open/own", OWNER, GROUP, 0644 },
	{ "folder-group", THIRD, GROUP, S_IFDIR | 0770 },
	{ "folder-group/third", THIRD, THIRD, 0644 },
	{ "sticky", THIRD, THIRD, S_IFDIR | 01777 },
	{ "sticky/own", OWNER, GROUP, 0644 },
	{ "sticky/third", THIRD, THIRD, 0666 },
	{ "sticky-own", OWNER, GROUP, S_IFDIR | 01777 },
	{ "sticky-own/third", THIRD, THIRD, 0644 },
	{ "setgid", OWNER, THIRD, S_IFDIR | 02775 },
	{ "setgid/own", OWNER, THIRD, 0664 },
	{ "setgid-third", THIRD, THIRD, S_IFDIR | 02777 },
	{ "setgid-third/third", THIRD, THIRD, 0664 },
	{ "setgid-group", THIRD, GROUP, S_IFDIR | 02775 },
};
enum { THINGS = sizeof things / sizeof *things };

static int tree_make(const char *path)
{
	int fd;

	ck_assert(!mkdir(path, 0755) && !chown(path, OWNER, GROUP));
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < THINGS; i++) {
		const struct thing *t = &things[i];

		if (S_ISDIR(t->mode))
			ck_assert(!mkdirat(fd, t->name, 0700));
		else
			close(openat(fd, t->name, O_WRONLY | O_CREAT | O_EXCL, 0600));
		ck_assert(!fchownat(fd, t->name, t->uid, t->gid, 0) && !fchmodat(fd, t->name, t->mode & 07777, 0));
	}
	return fd;
}

static void tree_say(const char *path, FILE *to, int depth)
{
	struct dirent **entry;
	int n = scandir(path, &entry, NULL, alphasort);

	ck_assert_int_ge(n, 0);
	for (int i = 0; i < n; i++) {
		char name[512];
		struct stat st;

		snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name);
		ck_assert(!lstat(name, &st));
		if (strcmp(entry[i]->d_name, "..") != 0)
			fprintf(to, "%*s%s %o %u %u %ld\n", depth, "", entry[i]->d_name, st.st_mode, st.st_uid, st.st_gid,
			        S_ISREG(st.st_mode) ? (long)st.st_size : 0);
		if (S_ISDIR(st.st_mode) && entry[i]->d_name[0] != '.')
			tree_say(name, to, depth + 1);
		free(entry[i]);
	}
	free(entry);
}

static char *tree_text(const char *path)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	ck_assert(f);
	tree_say(path, f, 0);
	fclose(f);
	return text;
}

/* ---- what is tried with each thing; 0, or what errno is then ---- */

static int done(int rc)
{
	int no = errno;

	if (rc > 2)
		close(rc);
	return rc < 0 ? no : 0;
}

static int op_read(int at, const char *name)
{
	return done(openat(at, name, O_RDONLY | O_CLOEXEC));
}

static int op_write(int at, const char *name)
{
	CLEAN_FD int fd = openat(at, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? errno : write(fd, "x", 1) == 1 ? 0 : errno;
}

static int op_empty(int at, const char *name)
{
	return done(openat(at, name, O_WRONLY | O_TRUNC | O_CLOEXEC));
}

static int op_mode(int at, const char *name)
{
	return done(fchmodat(at, name, 0751, 0));
}

static int op_mode_set(int at, const char *name)
{
	return done(fchmodat(at, name, 06755, 0));
}

static int op_owner(int at, const char *name)
{
	return done(fchownat(at, name, getuid(), getgid(), AT_SYMLINK_NOFOLLOW));
}

static int op_times(int at, const char *name)
{
	static const struct timespec t[2] = { { 1, 0 }, { 1, 0 } };

	return done(utimensat(at, name, t, 0));
}

static int op_now(int at, const char *name)
{
	return done(utimensat(at, name, NULL, 0));
}

static int op_remove(int at, const char *name)
{
	int no = done(unlinkat(at, name, 0));

	return no == EISDIR ? done(unlinkat(at, name, AT_REMOVEDIR)) : no;
}

static int op_rename(int at, const char *name)
{
	char to[64];

	snprintf(to, sizeof to, "%s-renamed", name);
	return done(renameat(at, name, at, to));
}

static int op_move_up(int at, const char *name)
{
	char to[64];

	snprintf(to, sizeof to, "moved-%zu", strlen(name) * 31 + (unsigned char)name[strlen(name) - 1]);
	return done(renameat(at, name, at, to));
}

static int op_link(int at, const char *name)
{
	char to[64];

	snprintf(to, sizeof to, "%s-linked", name);
	return done(linkat(at, name, at, to, 0));
}

static int op_replace(int at, const char *name)
{
	char from[64];

	snprintf(from, sizeof from, "%s-new", name);
	if (done(openat(at, from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)))
		return errno;
	return done(renameat(at, from, at, name));
}

static int op_make_below(int at, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "%s/made", name);
	return done(openat(at, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
}

static int op_folder_below(int at, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "%s/made", name);
	return done(mkdirat(at, path, 0777));
}

static int op_grow_below(int at, const char *name)
{
	CLEAN_FD int fd = openat(at, name, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	char path[64], self[32];

	if (fd < 0)
		return errno;
	if (write(fd, "grown", 5) != 5 || fchmod(fd, 0640))
		return errno;
	snprintf(path, sizeof path, "%s/grown", name);
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return done(linkat(AT_FDCWD, self, at, path, AT_SYMLINK_FOLLOW));
}

static int op_lock(int at, const char *name)
{
	CLEAN_FD int fd = openat(at, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : done(flock(fd, LOCK_EX | LOCK_NB));
}

static int op_inside(int at, const char *name)
{
	return done(place_openat(at, name, O_RDONLY, 0));
}

static int op_child(int at, const char *name)
{
	return strchr(name, '/') ? 0 : done(place_child(at, name, O_RDONLY, 0));
}

static const struct op {
	const char *name;
	int (*run)(int at, const char *name);
} ops[] = {
#define OP(name) { #name, op_##name },
	OP(read) OP(write) OP(empty) OP(mode) OP(mode_set) OP(owner) OP(times) OP(now) OP(remove) OP(rename) OP(move_up) OP(link)
	OP(replace) OP(make_below) OP(folder_below) OP(grow_below) OP(lock) OP(inside) OP(child)
#undef OP
};
enum { OPS = sizeof ops / sizeof *ops };

/* ---- both ---- */

static int (*op_now_run)(int, const char *);
static int said[2];

/* In a process of its own, which tells what it met. */
static int all_run(int folder)
{
	uint8_t no[THINGS];

	for (size_t i = 0; i < THINGS; i++)
		no[i] = (uint8_t)op_now_run(folder, things[i].name);
	return write(said[1], no, sizeof no) == sizeof no ? 0 : 253;
}

static int clone_of(int folder, uid_t owner, gid_t group)
{
	const struct idmap map = { owner, group, AGENT, AGENT };
	struct krux_err err = { 0 };
	CLEAN_FD int users = idmap_namespace(&map, &err);
	int fd;

	ck_assert_msg(users >= 0, "%s", err.text);
	fd = idmap_mount(folder, users, attributes, &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	return fd;
}

static void setup(void)
{
	ck_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ck_assert(!mount("none", "/tmp", "tmpfs", 0, "size=1m,mode=0755") && !chdir("/tmp"));
	ck_assert(!pipe2(said, O_CLOEXEC));
	umask(0);
}

START_TEST(an_agent_may_what_the_owner_may)
{
	const struct op *op = &ops[_i / 2];
	CLEAN_FD int a = tree_make("a");
	CLEAN_FD int b = tree_make("b");
	CLEAN_FD int clone = clone_of(b, OWNER, GROUP);
	CLEAN_FREE char *before = NULL, *after = NULL, *agents = NULL;
	const bool landlock = _i % 2;
	struct tries owner = { OWNER, GROUP, a, landlock, all_run }, agent = { AGENT, AGENT, clone, landlock, all_run };
	uint8_t no[2][THINGS];

	before = tree_text("a");
	op_now_run = op->run;
	ck_assert_int_eq(try_as(&owner), 0);
	ck_assert_int_eq(read(said[0], no[0], THINGS), THINGS);
	ck_assert_int_eq(try_as(&agent), 0);
	ck_assert_int_eq(read(said[0], no[1], THINGS), THINGS);
	for (size_t i = 0; i < THINGS; i++)
		ck_assert_msg(no[0][i] == no[1][i], "%s %s: %s to its owner, %s to the agent", op->name, things[i].name,
		              strerror(no[0][i]), strerror(no[1][i]));
	after = tree_text("a");
	agents = tree_text("b");
	ck_assert_str_eq(after, agents);
	ck_assert(op->run == op_read || op->run == op_lock || op->run == op_inside || op->run == op_child || op->run == op_owner ||
	          op->run == op_now || op->run == op_times || op->run == op_empty || strcmp(before, after) != 0);
}
END_TEST

static int folder_is_its(int folder)
{
	struct stat st;

	return fstat(folder, &st) ? errno : st.st_uid == AGENT && st.st_gid == AGENT ? 0 : 250;
}

START_TEST(the_folder_is_the_agents_and_stays_the_owners)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = clone_of(folder, OWNER, GROUP);
	struct tries t = { AGENT, AGENT, clone, false, folder_is_its };
	struct stat st;

	ck_assert_int_eq(try_as(&t), 0);
	ck_assert(!fstat(clone, &st) && st.st_uid == AGENT && st.st_gid == AGENT);
	ck_assert(!fstat(folder, &st) && st.st_uid == OWNER && st.st_gid == GROUP);
}
END_TEST

static int lock_here(int folder)
{
	return op_lock(folder, ".");
}

/* So changes take turns, whoever makes them and by which mount. */
START_TEST(a_lock_is_of_the_folder)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = clone_of(folder, OWNER, GROUP);
	CLEAN_FD int other = clone_of(folder, OWNER, GROUP);
	CLEAN_FD int held = openat(other, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tries t = { AGENT, AGENT, clone, false, lock_here };

	ck_assert_int_eq(try_as(&t), 0);
	ck_assert(!flock(held, LOCK_EX | LOCK_NB));
	ck_assert_int_eq(try_as(&t), EWOULDBLOCK);
	t = (struct tries){ OWNER, GROUP, folder, false, lock_here };
	ck_assert_int_eq(try_as(&t), EWOULDBLOCK);
	ck_assert(renameat(folder, "own", clone, "own-renamed") && errno == EXDEV);
}
END_TEST

/* Each by what others may. */
static int make_here(int folder)
{
	return op_make_below(folder, ".");
}

START_TEST(nobody_else_gets_more_by_it)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = clone_of(folder, OWNER, GROUP);
	struct tries host = { AGENT, AGENT, folder, false, make_here }, other = { OTHER, OTHER, clone, false, make_here },
	             owner = { OWNER, GROUP, clone, false, make_here };

	ck_assert_int_eq(try_as(&host), EACCES);
	ck_assert_int_eq(try_as(&other), EACCES);
	/* Nothing on the disk can be his who is nobody there. */
	ck_assert_int_ne(try_as(&owner), 0);
}
END_TEST

static int ghost_all(int folder)
{
	struct stat st;

	if (fstatat(folder, "ghost", &st, 0) || st.st_uid == AGENT)
		return 240;
	return op_write(folder, "ghost") == EACCES && op_remove(folder, "ghost") == EOVERFLOW ? 0 : 241;
}

START_TEST(what_has_the_agents_uid_on_the_disk_is_nobodys)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = clone_of(folder, OWNER, GROUP);
	struct tries t = { AGENT, AGENT, clone, false, ghost_all };

	close(openat(folder, "ghost", O_WRONLY | O_CREAT, 0600));
	ck_assert(!fchownat(folder, "ghost", AGENT, AGENT, 0) && !fchmodat(folder, "ghost", 0666, 0));
	ck_assert_int_eq(try_as(&t), 0);
}
END_TEST

/* The owner's number may be the larger one, or root's, or the agent's itself. */
START_TEST(whoever_the_owner_is)
{
	static const struct { uid_t uid; gid_t gid; } owner[] = {
		{ 0, 0 }, { 1, 1 }, { OWNER, 0 }, { AGENT - 1, AGENT + 1 }, { AGENT + 1, AGENT - 1 }, { AGENT, AGENT }, { AGENT, 5 },
		{ 4294967294U, 4294967294U }, { 0, 4294967294U },
	};

	for (size_t i = 0; i < sizeof owner / sizeof *owner; i++) {
		struct tries t = { AGENT, AGENT, -1, true, make_here };
		CLEAN_FD int folder = -1, clone = -1;
		struct stat st;

		ck_assert(!mkdir("w", 0700) && !chown("w", owner[i].uid, owner[i].gid));
		folder = open("w", O_PATH | O_DIRECTORY | O_CLOEXEC);
		t.folder = clone = clone_of(folder, owner[i].uid, owner[i].gid);
		ck_assert_int_eq(try_as(&t), 0);
		ck_assert(!fstatat(folder, "made", &st, 0) && st.st_uid == owner[i].uid && st.st_gid == owner[i].gid);
		ck_assert(!unlinkat(folder, "made", 0) && !rmdir("w"));
	}
}
END_TEST

START_TEST(the_last_id_is_none)
{
	const struct idmap wrong[] = {
		{ UINT32_MAX, 1, 2, 2 }, { 1, UINT32_MAX, 2, 2 }, { 1, 1, UINT32_MAX, 2 }, { 1, 1, 2, UINT32_MAX } };
	struct krux_err err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert(idmap_namespace(&wrong[i], &err) == -1 && err.no == EINVAL);
}
END_TEST

/* ---- mounts inside ---- */

START_TEST(a_mount_inside_hides_what_it_did_and_is_not_entered)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = -1, again = -1;

	close(openat(folder, "folder/hidden", O_WRONLY | O_CREAT, 0666));
	ck_assert(!mount("none", "w/folder", "tmpfs", 0, "size=64k,mode=0777"));
	clone = clone_of(folder, OWNER, GROUP);
	ck_assert_int_eq(done(place_openat(clone, "folder", O_RDONLY, 0)), EXDEV);
	ck_assert_int_eq(done(place_openat(clone, "folder/hidden", O_RDONLY, 0)), EXDEV);
	ck_assert_int_eq(done(place_child(clone, "folder", O_RDONLY, 0)), EXDEV);
	/* A copy of the descriptor is the same file: the mount is whole until the last one is closed, and what was opened
	 * by it stays as it was afterwards. */
	again = openat(clone, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd_keep(&clone));
	ck_assert_int_eq(done(place_openat(again, "folder/hidden", O_RDONLY, 0)), EXDEV);
	ck_assert_int_eq(done(place_child(again, "folder", O_RDONLY, 0)), EXDEV);
	/* It holds nothing of the host's. */
	ck_assert(!umount("w/folder"));
}
END_TEST

START_TEST(what_is_mounted_below_has_the_attributes_too)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = -1, inner = -1;
	struct statvfs fs;

	ck_assert(!mount("none", "w/folder", "tmpfs", 0, "size=64k"));
	clone = clone_of(folder, OWNER, GROUP);
	inner = openat(clone, "folder", O_PATH | O_CLOEXEC);
	ck_assert(!fstatvfs(clone, &fs) && (fs.f_flag & (ST_NOSUID | ST_NODEV)) == (ST_NOSUID | ST_NODEV));
	ck_assert(!fstatvfs(inner, &fs) && (fs.f_flag & (ST_NOSUID | ST_NODEV)) == (ST_NOSUID | ST_NODEV));
	ck_assert(!fstatvfs(folder, &fs) && !(fs.f_flag & (ST_NOSUID | ST_NODEV)));
}
END_TEST

/* Most machines share their mounts with whoever copies them. */
START_TEST(nothing_that_is_mounted_on_it_comes_to_the_machine)
{
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = -1;

	ck_assert(!mkdir("to", 0755) && !mkdir("w/below", 0755) && !mkdir("w/below/seen", 0755));
	ck_assert(!mount(NULL, "/tmp", NULL, MS_REC | MS_SHARED, NULL));
	clone = clone_of(folder, OWNER, GROUP);
	ck_assert(!syscall(SYS_move_mount, clone, "", AT_FDCWD, "to", MOVE_MOUNT_F_EMPTY_PATH));
	ck_assert(!mount("none", "to/below", "tmpfs", 0, "size=4k"));
	ck_assert(access("to/below/seen", F_OK) && !access("w/below/seen", F_OK));
	ck_assert(!umount("to/below") && !mount("none", "w/below", "tmpfs", 0, "size=4k"));
	ck_assert(!access("to/below/seen", F_OK) && access("w/below/seen", F_OK));
}
END_TEST

/* Detached mounts are in nobody's list. */
static unsigned mounts_count(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	unsigned n = 0;

	ck_assert(f);
	for (int c; (c = getc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

START_TEST(it_is_in_nobodys_tree_and_leaves_nothing)
{
	CLEAN_FD int folder = tree_make("w");
	const unsigned before = mounts_count();
	int lowest = dup(folder), status;

	close(lowest);
	for (int i = 0; i < 50; i++) {
		int clone = clone_of(folder, OWNER, GROUP);

		ck_assert_uint_eq(mounts_count(), before);
		close(clone);
	}
	ck_assert_int_eq(dup(folder), lowest);
	ck_assert(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
}
END_TEST

/* ---- where there are none ---- */

START_TEST(a_file_system_without_them_is_named)
{
	const struct idmap map = { 0, 0, AGENT, AGENT };
	CLEAN_FD int folder = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct krux_err err = { 0 };
	CLEAN_FD int users = idmap_namespace(&map, &err);

	ck_assert(folder >= 0 && users >= 0);
	ck_assert_int_eq(idmap_mount(folder, users, attributes, &err), -1);
	ck_assert_int_eq(err.no, EOPNOTSUPP);
	ck_assert_str_eq(err.text, "the folder lies on the file system proc, which has no idmapped mounts on this kernel");
}
END_TEST

START_TEST(a_mount_that_is_mapped_already_is_told_apart)
{
	const struct idmap map = { OWNER, GROUP, AGENT, AGENT };
	CLEAN_FD int folder = tree_make("w");
	CLEAN_FD int clone = clone_of(folder, OWNER, GROUP);
	struct krux_err err = { 0 };
	CLEAN_FD int users = idmap_namespace(&map, &err);
	CLEAN_FD int attached = -1;

	ck_assert(!mkdir("to", 0755) && !syscall(SYS_move_mount, clone, "", AT_FDCWD, "to", MOVE_MOUNT_F_EMPTY_PATH));
	attached = open("to", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(idmap_mount(attached, users, attributes, &err), -1);
	ck_assert_int_eq(err.no, EOPNOTSUPP);
	ck_assert_str_eq(err.text, "the folder lies on the file system tmpfs, by a mount that is idmapped already or is not this "
	                 "user namespace's");
}
END_TEST

static void map_put(pid_t pid, const char *name, const char *text)
{
	char path[48];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Root of a container that has the ids of 16 bits. */
START_TEST(where_there_are_not_all_ids_there_are_none)
{
	const struct idmap map = { OWNER, GROUP, AGENT, AGENT };
	struct krux_err err = { 0 };
	int asks[2], go[2], status = 0;
	char byte;
	pid_t pid;

	ck_assert(!pipe2(asks, O_CLOEXEC) && !pipe2(go, O_CLOEXEC));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		if (unshare(CLONE_NEWUSER) || write(asks[1], "", 1) != 1 || read(go[0], &byte, 1) != 1 || geteuid())
			_exit(2);
		_exit(idmap_namespace(&map, &err) >= 0 || err.no != EOPNOTSUPP || !strstr(err.text, "does not have all ids"));
	}
	ck_assert_int_eq(read(asks[0], &byte, 1), 1);
	map_put(pid, "uid_map", "0 0 65536\n");
	map_put(pid, "gid_map", "0 0 65536\n");
	ck_assert_int_eq(write(go[1], "", 1), 1);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	for (int i = 0; i < 2; i++)
		ck_assert(!close(asks[i]) && !close(go[i]));
}
END_TEST

START_TEST(what_else_goes_wrong_is_something_else)
{
	const struct idmap map = { OWNER, GROUP, AGENT, AGENT };
	struct krux_err err = { 0 };
	CLEAN_FD int users = idmap_namespace(&map, &err);
	CLEAN_FD int folder = tree_make("w");

	ck_assert_int_eq(idmap_mount(-1, users, attributes, &err), -1);
	ck_assert_int_eq(err.no, EBADF);
	ck_assert_int_eq(idmap_mount(folder, 1 << 20, attributes, &err), -1);
	ck_assert_int_eq(err.no, EBADF);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("idmap");
	TCase *t = tcase_create("idmap");
	SRunner *r = srunner_create(suite);
	int failed;

	tcase_add_test(t, the_last_id_is_none);
	if (geteuid()) {
		fprintf(stderr, "test_idmap: NOT RUN, but for one test: it takes root to make a mount\n");
	} else {
		tcase_add_checked_fixture(t, setup, NULL);
		tcase_add_loop_test(t, an_agent_may_what_the_owner_may, 0, 2 * OPS);
		tcase_add_test(t, the_folder_is_the_agents_and_stays_the_owners);
		tcase_add_test(t, a_lock_is_of_the_folder);
		tcase_add_test(t, nobody_else_gets_more_by_it);
		tcase_add_test(t, what_has_the_agents_uid_on_the_disk_is_nobodys);
		tcase_add_test(t, whoever_the_owner_is);
		tcase_add_test(t, a_mount_inside_hides_what_it_did_and_is_not_entered);
		tcase_add_test(t, what_is_mounted_below_has_the_attributes_too);
		tcase_add_test(t, nothing_that_is_mounted_on_it_comes_to_the_machine);
		tcase_add_test(t, it_is_in_nobodys_tree_and_leaves_nothing);
		tcase_add_test(t, a_file_system_without_them_is_named);
		tcase_add_test(t, a_mount_that_is_mapped_already_is_told_apart);
		tcase_add_test(t, where_there_are_not_all_ids_there_are_none);
		tcase_add_test(t, what_else_goes_wrong_is_something_else);
	}
	suite_add_tcase(suite, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
