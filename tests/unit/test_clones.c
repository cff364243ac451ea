/* Which mounts of workspaces are kept and which are made again. In a mount namespace of the test's own; it takes root, and says
 * so where it is not. */
#include "runtime/spawn/clones.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OWNER = 1000, AGENT = 70001 };

static struct clones clones;
static struct krux_err err;

static void setup(void)
{
	ck_assert(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ck_assert(!mount("none", "/tmp", "tmpfs", 0, "size=1m,mode=0755") && !chdir("/tmp"));
	clones_open(&clones);
}

static int folder_make(const char *path)
{
	ck_assert((!mkdir(path, 0755) || errno == EEXIST) && !chown(path, OWNER, OWNER));
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Of the calls' mounts, by which two are told apart. */
static uint64_t mount_of(int fd)
{
	struct statx st;

	ck_assert(!statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) && st.stx_mask & STATX_MNT_ID);
	return st.stx_mnt_id;
}

static int got(int workspace, uid_t agent)
{
	int fd = clones_get(&clones, workspace, agent, &err);
	struct stat st;

	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert(!fstat(fd, &st) && st.st_uid == agent && st.st_gid == agent);
	return fd;
}

static unsigned kept(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < CLONES_MOST; i++)
		n += clones.clone[i].fd >= 0;
	return n;
}

static unsigned descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* What a test has mounted itself is no news. */
static void settled(int workspace)
{
	got(workspace, AGENT);
	got(workspace, AGENT);
}

START_TEST(it_is_kept)
{
	CLEAN_FD int w = folder_make("w");
	CLEAN_FD int again = -1;
	int fd;

	settled(w);
	fd = got(w, AGENT);
	ck_assert_int_eq(got(w, AGENT), fd);
	/* The spawner opens it for each call. */
	again = open("w", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(got(again, AGENT), fd);
	ck_assert_uint_eq(kept(), 1);
}
END_TEST

START_TEST(it_is_of_one_agent)
{
	CLEAN_FD int w = folder_make("w");
	int a, b;

	settled(w);
	a = got(w, AGENT);
	b = got(w, AGENT + 1);
	ck_assert_int_ne(a, b);
	ck_assert_int_eq(got(w, AGENT), a);
}
END_TEST

START_TEST(it_lets_no_builtin_execute)
{
	CLEAN_FD int w = folder_make("w");
	const unsigned long all = ST_NOSUID | ST_NODEV | ST_NOEXEC;
	CLEAN_FD int other = clones_make(&clones, w, AGENT, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &err);
	struct statvfs fs;

	ck_assert(!fstatvfs(got(w, AGENT), &fs) && (fs.f_flag & all) == all);
	/* For others, who say what it lets. */
	ck_assert(!fstatvfs(other, &fs) && (fs.f_flag & all) == (ST_NOSUID | ST_NODEV));
	ck_assert_uint_eq(kept(), 1);
}
END_TEST

START_TEST(another_owner_gets_another)
{
	CLEAN_FD int w = folder_make("w");
	struct stat st;
	int before, fd;

	settled(w);
	before = got(w, AGENT);
	ck_assert(!chown("w", OWNER + 1, OWNER));
	ck_assert_int_ne(fd = got(w, AGENT), before);
	ck_assert(!mkdirat(fd, "d", 0700) && !stat("w/d", &st));
	ck_assert(!chown("w", OWNER, OWNER + 1));
	ck_assert_int_ne(got(w, AGENT), before);
	ck_assert(!chown("w", OWNER, OWNER));
	ck_assert_int_eq(got(w, AGENT), before);
}
END_TEST

START_TEST(renamed_it_is_the_same_and_replaced_it_is_not)
{
	CLEAN_FD int w = folder_make("w");
	CLEAN_FD int moved = -1, other = -1;
	int before, fd;

	close(open("w/first", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	settled(w);
	before = got(w, AGENT);
	ck_assert(!rename("w", "moved"));
	moved = open("moved", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(got(moved, AGENT), before);
	other = folder_make("w");
	fd = got(other, AGENT);
	ck_assert_int_ne(fd, before);
	ck_assert(faccessat(fd, "first", F_OK, 0) && !faccessat(before, "first", F_OK, 0));
}
END_TEST

/* A number may be another folder's once nobody has the first one any more, which the table has. */
START_TEST(removed_and_made_again_it_is_another)
{
	for (int i = 0; i < 20; i++) {
		CLEAN_FD int w = folder_make("w");
		int fd = got(w, AGENT);

		ck_assert(!mkdirat(fd, "d", 0700) && !access("w/d", F_OK));
		ck_assert(!rmdir("w/d") && !rmdir("w"));
		ck_assert(mkdirat(fd, "d", 0700) && errno == ENOENT);
	}
}
END_TEST

START_TEST(the_same_folder_on_another_mount_is_another)
{
	CLEAN_FD int w = folder_make("w");
	CLEAN_FD int bound = -1;
	int a, b;

	folder_make("to");
	ck_assert(!mount("w", "to", NULL, MS_BIND, NULL) &&
	          !mount(NULL, "to", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	bound = open("to", O_PATH | O_DIRECTORY | O_CLOEXEC);
	settled(w);
	a = got(w, AGENT);
	b = got(bound, AGENT);
	ck_assert_int_ne(a, b);
	ck_assert(mkdirat(b, "d", 0700) && errno == EROFS);
	ck_assert(!mkdirat(a, "d", 0700));
}
END_TEST

/* ---- the machine's mounts ---- */

START_TEST(what_is_mounted_later_is_seen)
{
	CLEAN_FD int w = folder_make("w");
	uint64_t before;

	ck_assert(!mkdir("w/d", 0777));
	close(open("w/d/below", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	settled(w);
	before = mount_of(got(w, AGENT));
	ck_assert_uint_eq(mount_of(got(w, AGENT)), before);
	ck_assert(!faccessat(got(w, AGENT), "d/below", F_OK, 0));
	ck_assert(!mount("none", "w/d", "tmpfs", 0, "size=4k"));
	ck_assert(faccessat(got(w, AGENT), "d/below", F_OK, 0) && errno == ENOENT);
	ck_assert(!mount(NULL, "w/d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	ck_assert(mkdirat(got(w, AGENT), "d/e", 0700) && errno == EROFS);
	ck_assert(!umount("w/d"));
	ck_assert(!faccessat(got(w, AGENT), "d/below", F_OK, 0));
}
END_TEST

/* Who waits hears of it too, whoever has heard of it before. */
START_TEST(what_is_taken_off_is_held_by_nothing)
{
	CLEAN_FD int listen = clones_listen();
	struct pollfd p = { .fd = listen, .events = POLLPRI };
	CLEAN_FD int w = -1;

	folder_make("disk");
	ck_assert(!mount("none", "disk", "tmpfs", 0, "size=64k"));
	w = folder_make("disk/w");
	settled(w);
	poll(&p, 1, 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	close(fd_keep(&w));
	ck_assert(!umount("disk"));
	ck_assert_int_eq(poll(&p, 1, 0), 1);
	clones_drop(&clones);
	ck_assert_uint_eq(kept(), 0);
}
END_TEST

/* A process of the daemon makes mounts in namespaces of its own all the time. */
START_TEST(mounts_of_others_are_no_news)
{
	CLEAN_FD int w = folder_make("w");
	uint64_t before;
	pid_t pid;

	settled(w);
	before = mount_of(got(w, AGENT));
	pid = fork();
	if (!pid)
		_exit(unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		      mount("none", "/tmp", "tmpfs", 0, "size=4k"));
	ck_assert(pid > 0 && waitpid(pid, &(int){ 0 }, 0) == pid);
	close(clones_make(&clones, w, AGENT, 0, &err));
	ck_assert_uint_eq(mount_of(got(w, AGENT)), before);
}
END_TEST

START_TEST(where_nobody_tells_none_is_kept)
{
	CLEAN_FD int w = folder_make("w");

	close(clones.told);
	clones.told = -1;
	ck_assert(!mkdir("w/d", 0777));
	got(w, AGENT);
	ck_assert(!mount("none", "w/d", "tmpfs", 0, "size=4k,mode=0700"));
	ck_assert(!mkdirat(got(w, AGENT), "d/e", 0700) && !access("w/d/e", F_OK));
	ck_assert_uint_eq(kept(), 1);
}
END_TEST

/* ---- how many ---- */

START_TEST(there_are_no_more_than_so_many)
{
	enum { MORE = CLONES_MOST + 20 };
	CLEAN_FD int w = folder_make("w");
	unsigned before;
	uint64_t first;

	before = descriptors();
	for (uid_t i = 0; i < MORE; i++)
		got(w, AGENT + i);
	ck_assert_uint_eq(kept(), CLONES_MOST);
	ck_assert_uint_eq(descriptors(), before + 2 * CLONES_MOST);
	/* The last ones are there, the first is made again in the place of who was asked for longest ago. */
	first = mount_of(got(w, AGENT + MORE - CLONES_MOST));
	got(w, AGENT);
	ck_assert_uint_eq(mount_of(got(w, AGENT + MORE - CLONES_MOST)), first);
	ck_assert_uint_eq(kept(), CLONES_MOST);
	for (uid_t i = 0; i < MORE; i++) {
		int fd = clones_make(&clones, w, AGENT + i, 0, &err);

		ck_assert_int_ge(fd, 0);
		close(fd);
	}
	ck_assert_uint_eq(descriptors(), before + 2 * CLONES_MOST);
	clones_close(&clones);
	ck_assert_uint_eq(descriptors(), before - 1);
	clones_close(&clones);
}
END_TEST

START_TEST(what_fails_takes_no_room)
{
	CLEAN_FD int none = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD int w = folder_make("w");
	unsigned before;

	settled(w);
	ck_assert(clones_get(&clones, none, AGENT, &err) == -1 && err.no == EOPNOTSUPP);
	before = descriptors();
	for (int i = 0; i < 2 * CLONES_MOST; i++)
		ck_assert(clones_get(&clones, none, AGENT, &err) == -1 && err.no == EOPNOTSUPP);
	ck_assert(clones_get(&clones, -1, AGENT, &err) == -1 && err.no == EBADF);
	ck_assert(clones_make(&clones, -1, AGENT, 0, &err) == -1 && err.no == EBADF);
	ck_assert_uint_eq(descriptors(), before);
	ck_assert_uint_eq(kept(), 1);
}
END_TEST

START_TEST(who_is_not_root_has_none)
{
	CLEAN_FD int w = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);

	clones_open(&clones);
	ck_assert(geteuid() || !setresuid(OWNER, OWNER, OWNER));
	ck_assert(clones_get(&clones, w, AGENT, &err) == -1 && err.no && err.no != EOPNOTSUPP);
	clones_close(&clones);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clones");
	TCase *t = tcase_create("clones"), *ordinary = tcase_create("ordinary");
	SRunner *r = srunner_create(suite);
	int failed;

	if (geteuid()) {
		fprintf(stderr, "test_clones: NOT RUN, but for one test: it takes root to make a mount\n");
	} else {
		tcase_add_checked_fixture(t, setup, NULL);
		tcase_add_test(t, it_is_kept);
		tcase_add_test(t, it_is_of_one_agent);
		tcase_add_test(t, it_lets_no_builtin_execute);
		tcase_add_test(t, another_owner_gets_another);
		tcase_add_test(t, renamed_it_is_the_same_and_replaced_it_is_not);
		tcase_add_test(t, removed_and_made_again_it_is_another);
		tcase_add_test(t, the_same_folder_on_another_mount_is_another);
		tcase_add_test(t, what_is_mounted_later_is_seen);
		tcase_add_test(t, what_is_taken_off_is_held_by_nothing);
		tcase_add_test(t, mounts_of_others_are_no_news);
		tcase_add_test(t, where_nobody_tells_none_is_kept);
		tcase_add_test(t, there_are_no_more_than_so_many);
		tcase_add_test(t, what_fails_takes_no_room);
	}
	tcase_add_test(ordinary, who_is_not_root_has_none);
	suite_add_tcase(suite, t);
	suite_add_tcase(suite, ordinary);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
