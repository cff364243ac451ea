/* Snapshots: the digest of a tree, the copy in which it holds, and what is too much for one. */
#include "runtime/spawn/look.h"
#include "runtime/spawn/snapshot.h"

#include "capspec/item.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static int workspace, copy;
static const char *why;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void file(const char *name, const char *text, mode_t mode)
{
	int fd = openat(workspace, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static int sub(const char *name)
{
	char path[96];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void setup(void)
{
	const struct timespec old[2] = { { 1000, 5 }, { 1000, 5 } };

	strcpy(folder, "/tmp/krux-snapshot-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	workspace = sub("workspace");
	copy = sub("copy");
	ck_assert(!mkdirat(workspace, "src", 0755) && !mkdirat(workspace, "src/empty", 0700) && !mkdirat(workspace, ".krux", 0700));
	file("Makefile", "all:\n", 0644);
	file("src/a", "content", 0640);
	file("src/run", "#!/bin/sh\n", 0755);
	file(".krux/kept", "trash", 0600);
	ck_assert(!symlinkat("../Makefile", workspace, "src/link") && !utimensat(workspace, "src/a", old, 0));
}

static void teardown(void)
{
	close(workspace);
	close(copy);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static size_t look_in(int root, const char *path, const char *other, int into, uint8_t *out, size_t cap)
{
	struct look l = { .path = { { path, strlen(path) }, { other, other ? strlen(other) : 0 } }, .n = other ? 2 : 1,
		          .whole = { true, true } };

	return look_at(root, &l, into, out, cap, &why);
}

static bool same(const char *path, const char *other)
{
	uint8_t a[512], b[512], c[512];
	size_t n = look_in(workspace, path, other, copy, a, sizeof a), m = look_in(workspace, path, other, -1, b, sizeof b);

	return n > 1 && n == m && !memcmp(a, b, n) && look_in(copy, path, other, -1, c, sizeof c) == n && !memcmp(a, c, n);
}

START_TEST(the_copy_has_the_digest)
{
	char target[32] = "";
	struct stat st;

	ck_assert(same("/workspace/", NULL));
	ck_assert(!fstatat(copy, "src/a", &st, 0) && st.st_size == 7 && (st.st_mode & 07777) == 0640);
	ck_assert(st.st_mtim.tv_sec == 1000 && st.st_mtim.tv_nsec == 5);
	ck_assert(!fstatat(copy, "src/run", &st, 0) && (st.st_mode & 07777) == 0755);
	ck_assert(!fstatat(copy, "src/empty", &st, 0) && (st.st_mode & 07777) == 0700);
	ck_assert_int_eq(readlinkat(copy, "src/link", target, sizeof target - 1), 11);
	ck_assert_str_eq(target, "../Makefile");
	/* What Krux keeps is none of it, and its folder is there. */
	ck_assert(!fstatat(copy, ".krux", &st, 0) && fstatat(copy, ".krux/kept", &st, 0));
}
END_TEST

START_TEST(a_part_of_the_workspace_is_copied_alone)
{
	struct stat st;

	ck_assert(same("/workspace/src/", NULL));
	ck_assert(!fstatat(copy, "src/a", &st, 0) && fstatat(copy, "Makefile", &st, 0));
}
END_TEST

START_TEST(a_file_is_copied_below_its_folder)
{
	struct stat st;

	ck_assert_int_eq(fchmodat(workspace, "src", 0500, 0), 0);
	ck_assert(same("/workspace/src/a", "/workspace/Makefile"));
	ck_assert(!fstatat(copy, "src/a", &st, 0) && fstatat(copy, "src/run", &st, 0));
}
END_TEST

/* What lies in another tree of the list is copied once, with that. */
START_TEST(trees_in_one_another)
{
	ck_assert(same("/workspace/src/", "/workspace/"));
}
END_TEST

static void changes_it(bool does, const char *what)
{
	static uint8_t before[512], after[512];
	static size_t n;
	size_t m = look_in(workspace, "/workspace/", NULL, -1, after, sizeof after);

	ck_assert_msg(m > 1, "%s: %s", what, why ? why : "");
	if (n)
		ck_assert_msg((n != m || memcmp(before, after, n) != 0) == does, "%s", what);
	memcpy(before, after, m);
	n = m;
}

START_TEST(names_modes_and_contents_count)
{
	changes_it(false, "at first");
	file("src/a", "contenu", 0640);
	changes_it(true, "content");
	file("src/a", "contenu", 0640);
	changes_it(false, "the same, written again");
	file("src/a", "contenu", 0600);
	changes_it(true, "mode");
	ck_assert_int_eq(renameat(workspace, "src/a", workspace, "src/b"), 0);
	changes_it(true, "name");
	ck_assert_int_eq(unlinkat(workspace, "src/empty", AT_REMOVEDIR), 0);
	changes_it(true, "an empty folder less");
	ck_assert(!unlinkat(workspace, "src/link", 0) && !symlinkat("../makefile", workspace, "src/link"));
	changes_it(true, "where a link leads");
	file("src/empty", "", 0600);
	changes_it(true, "an empty file");
	file(".krux/more", "trash", 0600);
	changes_it(false, "trash");
	/* No content passes for entries. */
	file("c", "x", 0600);
	changes_it(true, "a file more");
	ck_assert_int_eq(unlinkat(workspace, "c", 0), 0);
	changes_it(true, "and less");
}
END_TEST

static void refused(const char *path, const char *with)
{
	uint8_t out[512];

	why = NULL;
	ck_assert_uint_eq(look_in(workspace, path, NULL, -1, out, sizeof out), 0);
	ck_assert_str_eq(why ? why : "", with);
}

static void accepted(const char *path)
{
	uint8_t out[512];

	ck_assert_msg(look_in(workspace, path, NULL, -1, out, sizeof out) > 1, "%s: %s", path, why ? why : "");
}

START_TEST(what_is_too_much_is_said)
{
	char name[32], deep[2 * 70 + 8] = "deep";
	int fd;

	ck_assert_int_eq(mkfifoat(workspace, "pipe", 0600), 0);
	refused("/workspace/", "what it would run has a device, a pipe or a socket among it");
	refused("/workspace/pipe", "what it names is no regular file");
	unlinkat(workspace, "pipe", 0);
	fd = openat(workspace, "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(ftruncate(fd, SNAPSHOT_BYTES), 0);
	accepted("/workspace/big");
	ck_assert_int_eq(ftruncate(fd, SNAPSHOT_BYTES + 1), 0);
	close(fd);
	refused("/workspace/", "what it would run has more than 256 MiB");
	unlinkat(workspace, "big", 0);
	mkdirat(workspace, deep, 0755);
	for (unsigned i = 1; i < SNAPSHOT_DEPTH; i++) {
		strcat(deep, "/d");
		ck_assert_int_eq(mkdirat(workspace, deep, 0755), 0);
	}
	accepted("/workspace/deep/");
	refused("/workspace/", "what it would run has more than 64 folders in one another");
	ck_assert_int_eq(mkdirat(workspace, "many", 0755), 0);
	for (unsigned i = 0; i <= SNAPSHOT_ENTRIES; i++) {
		if (i == SNAPSHOT_ENTRIES)
			accepted("/workspace/many/");
		snprintf(name, sizeof name, "many/%u", i);
		ck_assert_int_eq(symlinkat("x", workspace, name), 0);
	}
	refused("/workspace/many/", "what it would run has more than 65536 files and folders");
}
END_TEST

/* Of a kind that may be mounted in a namespace of the test's own. */
START_TEST(another_file_system_is_refused)
{
	static const char with[] = "what it would run has another file system among it";
	char path[96];

	ck_assert(!unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	snprintf(path, sizeof path, "%s/workspace/src/empty", folder);
	ck_assert(!mount("none", path, "tmpfs", 0, "size=64k"));
	/* As seen from there. */
	close(workspace);
	snprintf(path, sizeof path, "%s/workspace", folder);
	workspace = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	refused("/workspace/", with);
	refused("/workspace/src/", with);
	file("src/empty/x", "x", 0644);
	snprintf(path, sizeof path, "%s/workspace/src/empty", folder);
	ck_assert(!umount2(path, MNT_DETACH));
	accepted("/workspace/");
}
END_TEST

/* A link to elsewhere is not what it leads to, and nothing that was not asked for is made. */
START_TEST(nothing_is_followed)
{
	uint8_t out[512];

	ck_assert_int_eq(symlinkat("/etc", workspace, "etc"), 0);
	refused("/workspace/etc/", "what the call is about cannot be read, or lies behind a link");
	refused("/workspace/etc/passwd", "what the call is about cannot be read, or lies behind a link");
	/* Only named. */
	ck_assert_uint_eq(look_in(workspace, "/workspace/none/", NULL, copy, out, sizeof out), 3 + strlen("/workspace/none"));
	ck_assert_uint_eq(look_in(workspace, "/workspace/none/below", NULL, copy, out, sizeof out), 3 + strlen("/workspace/none/below"));
	ck_assert_int_ne(faccessat(copy, "none", F_OK, 0), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("snapshot");
	TCase *t = tcase_create("trees");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_copy_has_the_digest);
	tcase_add_test(t, a_part_of_the_workspace_is_copied_alone);
	tcase_add_test(t, a_file_is_copied_below_its_folder);
	tcase_add_test(t, trees_in_one_another);
	tcase_add_test(t, names_modes_and_contents_count);
	tcase_add_test(t, what_is_too_much_is_said);
	tcase_add_test(t, another_file_system_is_refused);
	tcase_add_test(t, nothing_is_followed);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
