/* A folder that is built into again, by builds that are ended or fail at each of their steps: where there is a
 * bundle, all else is of the same build, and what others put there stays. */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "capspec/digest.h"
#include "compiler/base/arena.h"
#include "compiler/command/package_write.h"
#include "compiler/emit/package.h"

/* ---- steps that are not taken ---- */

enum { NEVER = 1 << 30, ENDED = 77 };

static int left = NEVER;                /* steps until one is not taken */
static int with;                        /* an errno; 0: the process ends before it */

static bool step(void)
{
	if (left-- != 0)
		return true;
	if (!with)
		_exit(ENDED);
	errno = with;
	return false;
}

#define VISIBLE __attribute__((visibility("default")))

VISIBLE int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int (*real)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");

	return step() ? real(from_dir, from, to_dir, to) : -1;
}

VISIBLE int unlinkat(int dir, const char *name, int flags)
{
	int (*real)(int, const char *, int) = dlsym(RTLD_NEXT, "unlinkat");

	return step() ? real(dir, name, flags) : -1;
}

VISIBLE int mkdirat(int dir, const char *name, mode_t mode)
{
	int (*real)(int, const char *, mode_t) = dlsym(RTLD_NEXT, "mkdirat");

	return step() ? real(dir, name, mode) : -1;
}

VISIBLE ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	return step() ? real(fd, p, n) : -1;
}

VISIBLE int fsync(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");

	return step() ? real(fd) : -1;
}

VISIBLE int syncfs(int fd)
{
	int (*real)(int) = dlsym(RTLD_NEXT, "syncfs");

	return step() ? real(fd) : -1;
}

/* ---- builds ---- */

enum { BUILDS = 3, MOST_PARTS = 6 };

static const char *const parts[BUILDS][MOST_PARTS] = {
	{ "docs/a.md", "docs/b.md", "docs/d.md", "manifest.txt", "sandbox/b.plan", "table.txt" },
	{ "docs/a.md", "docs/c.md", "docs/d.md", "manifest.txt", "table.txt" },
	{ "docs/a.md", "manifest.txt", "table.txt" },
};

static struct arena *arena;
static char root[64];

/* A manifest, and a line more. */
static struct krux_str with_line(struct krux_str manifest, struct krux_str data, const char *name)
{
	uint8_t digest[KRUX_SHA256];
	char hex[2 * KRUX_SHA256 + 1] = { 0 };

	krux_sha256(data, digest);
	krux_hex_write(digest, sizeof digest, hex);
	return arena_printf(arena, "%.*s  %s  %s\n", STR_ARG(manifest), hex, name);
}

static struct krux_str content(int build, const char *name)
{
	struct krux_str s = arena_printf(arena, "%s of build %d\n", name, build);

	if (strcmp(name, "manifest.txt") != 0)
		return s;
	s = arena_printf(arena, "policy    build %d\n\nsha256\n", build);
	for (size_t i = 0; i < MOST_PARTS && parts[build][i]; i++)
		if (strcmp(parts[build][i], "manifest.txt") != 0)
			s = with_line(s, content(build, parts[build][i]), parts[build][i]);
	/* Not everything that somebody wrote into a manifest is a part. */
	s = with_line(s, KRUX_STR("mine"), "docs/../mine");
	s = with_line(s, KRUX_STR("mine"), "mine");
	return with_line(s, KRUX_STR("mine"), "docs/deep/mine");
}

static struct package package_of(int build)
{
	struct krux_bundle_file *file = ARENA_ARRAY(arena, struct krux_bundle_file, MOST_PARTS);
	struct package out = { .file = file, .bundle = content(build, "bundle.krux") };

	while (out.nfiles < MOST_PARTS && parts[build][out.nfiles]) {
		const char *name = parts[build][out.nfiles];

		file[out.nfiles++] = (struct krux_bundle_file){ { name, strlen(name) }, content(build, name) };
	}
	return out;
}

static bool build(int number)
{
	struct package pkg = package_of(number);

	return package_write(arena, root, &pkg);
}

static const char *path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", root, name).p;
}

static struct krux_str text_of(const char *name)
{
	char text[2048];
	FILE *f = fopen(path_of(name), "r");
	size_t n = f ? fread(text, 1, sizeof text, f) : 0;

	if (f)
		fclose(f);
	return arena_str(arena, (struct krux_str){ text, n });
}

static bool is_there(const char *name)
{
	struct stat st;

	return !lstat(path_of(name), &st);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static bool is_spared(const char *const spared[], const char *name)
{
	for (; spared && *spared; spared++)
		if (!strcmp(*spared, name))
			return true;
	return false;
}

/* All of one build, and nothing of another but what others have in place of some of its parts. */
static void check_whole_but(int number, const char *const spared[])
{
	for (int b = 0; b < BUILDS; b++)
		for (size_t i = 0; i < MOST_PARTS && parts[b][i]; i++) {
			bool ours = false;

			if (is_spared(spared, parts[b][i]))
				continue;
			for (size_t k = 0; k < MOST_PARTS && parts[number][k]; k++)
				ours |= !strcmp(parts[b][i], parts[number][k]);
			ck_assert_msg(is_there(parts[b][i]) == ours, "%s of build %d, after build %d", parts[b][i], b, number);
			ck_assert(!ours || krux_str_eq(text_of(parts[b][i]), content(number, parts[b][i])));
		}
	ck_assert(krux_str_eq(text_of("bundle.krux"), content(number, "bundle.krux")));
}

static void check_whole(int number)
{
	check_whole_but(number, NULL);
}

static void check_others(void)
{
	ck_assert(krux_str_eq(text_of("mine"), KRUX_STR("mine")));
	ck_assert(krux_str_eq(text_of("docs/deep/mine"), KRUX_STR("mine")));
	ck_assert(krux_str_eq(text_of("docs/mine.md"), KRUX_STR("mine")));
}

static void setup(void)
{
	arena = arena_new();
	snprintf(root, sizeof root, "/tmp/krux-package.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert(build(0));
	ck_assert(!mkdir(arena_printf(arena, "%s/docs/deep", root).p, 0755));
	put("mine", "mine");
	put("docs/mine.md", "mine");
	put("docs/deep/mine", "mine");
}

static void root_remove(void)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void teardown(void)
{
	root_remove();
	arena_free(arena);
}

/* A build in a process of its own; its end. */
static int attempt(int number, int steps, int no)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(2);
		left = steps;
		with = no;
		_exit(build(number) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(never_looks_whole)
{
	int no = _i, end = -1;

	for (int steps = 0; end; steps++) {
		ck_assert_int_lt(steps, 200);
		end = attempt(1, steps, no);
		ck_assert(end == (no ? 1 : ENDED) || end == 0);
		if (is_there("bundle.krux"))
			check_whole(krux_str_eq(text_of("bundle.krux"), content(1, "bundle.krux")) ? 1 : 0);
		check_others();
		/* Whatever it left, the next build leaves its own. */
		ck_assert(build(2));
		check_whole(2);
		check_others();
		ck_assert(!is_there(".kruxc-new"));
		if (end)
			ck_assert(build(0));
	}
}
END_TEST

/* Nothing that a first build leaves passes for somebody else's. */
START_TEST(a_first_build_is_taken_up)
{
	int no = _i, end = -1;

	for (int steps = 0; end; steps++) {
		ck_assert_int_lt(steps, 200);
		root_remove();
		ck_assert(!mkdir(root, 0755));
		end = attempt(1, steps, no);
		ck_assert(end == (no ? 1 : ENDED) || end == 0);
		if (is_there("bundle.krux"))
			check_whole(1);
		ck_assert(build(2));
		check_whole(2);
		ck_assert(!is_there(".kruxc-new"));
	}
}
END_TEST

START_TEST(a_failure_before_costs_nothing)
{
	const char *there = arena_printf(arena, "%s/table.txt", root).p;

	ck_assert_int_eq(attempt(1, 1, ENOSPC), 1);
	check_whole(0);
	ck_assert(!unlink(there) && !mkdir(there, 0755));
	ck_assert(!build(1));
	ck_assert(is_there("bundle.krux") && is_there("docs/b.md"));
}
END_TEST

/* The build is refused, and its words name the file; nothing was changed, which a build of the same shows. */
static void check_refused(int number, const char *name)
{
	char said[2048];
	FILE *f = tmpfile();
	int err = dup(2);
	size_t n;

	ck_assert(f && err >= 0 && dup2(fileno(f), 2) >= 0);
	ck_assert(!build(number));
	ck_assert(dup2(err, 2) >= 0 && !close(err));
	rewind(f);
	n = fread(said, 1, sizeof said - 1, f);
	said[n] = 0;
	fclose(f);
	ck_assert_msg(strstr(said, arena_printf(arena, "cannot write %s/%s: ", root, name).p), "%s", said);
	ck_assert(!is_there(".kruxc-new"));
}

START_TEST(what_no_build_wrote_is_not_written_over)
{
	put("docs/c.md", "mine");
	check_refused(1, "docs/c.md");
	check_whole_but(0, (const char *const[]){ "docs/c.md", NULL });
	ck_assert(krux_str_eq(text_of("docs/c.md"), KRUX_STR("mine")));
	ck_assert(!unlink(path_of("docs/c.md")));
	ck_assert(build(1));
	check_whole(1);
}
END_TEST

START_TEST(without_a_manifest_all_is_of_others)
{
	static const char *const names[] = { "table.txt", "bundle.krux", "manifest.txt" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		root_remove();
		ck_assert(!mkdir(root, 0755));
		put(names[i], "mine");
		check_refused(1, names[i]);
		ck_assert(krux_str_eq(text_of(names[i]), KRUX_STR("mine")));
		ck_assert(!is_there("docs"));
		ck_assert(!unlink(path_of(names[i])));
		ck_assert(build(1));
		check_whole(1);
	}
}
END_TEST

START_TEST(a_changed_part_is_not_removed)
{
	const char *folder = path_of("sandbox/b.plan");

	put("docs/b.md", "mine");
	put("docs/a.md", "changed");
	ck_assert(!unlink(folder) && !mkdir(folder, 0755));
	/* b.md and b.plan are no parts of it; a.md is one, and the manifest names it. */
	ck_assert(build(1));
	check_whole_but(1, (const char *const[]){ "docs/b.md", "sandbox/b.plan", NULL });
	ck_assert(krux_str_eq(text_of("docs/b.md"), KRUX_STR("mine")));
	/* They belong to nobody's build from now on. */
	ck_assert(build(2));
	ck_assert(is_there("docs/b.md") && !is_there("docs/c.md"));
	check_refused(0, "docs/b.md");
	ck_assert(!unlink(path_of("docs/b.md")));
	check_refused(0, "sandbox/b.plan");
	ck_assert(!rmdir(folder));
	ck_assert(build(0));
	check_whole(0);
	check_others();
}
END_TEST

START_TEST(a_line_in_the_manifest_removes_nothing)
{
	struct krux_str s = content(0, "manifest.txt");

	s = arena_printf(arena, "%.*s  %064d  docs/mine.md\n", STR_ARG(s), 0);
	put("manifest.txt", s.p);
	ck_assert(build(1));
	check_whole(1);
	check_others();
}
END_TEST

START_TEST(no_link_is_followed)
{
	char other[] = "/tmp/krux-package.XXXXXX";
	const char *docs = arena_printf(arena, "%s/docs", root).p, *sandbox = arena_printf(arena, "%s/sandbox", root).p;
	const char *theirs;

	ck_assert_ptr_nonnull(mkdtemp(other));
	theirs = arena_printf(arena, "%s/b.plan", other).p;
	ck_assert(!rename(sandbox, arena_printf(arena, "%s-moved", sandbox).p) && !symlink(other, sandbox));
	fclose(fopen(theirs, "w"));
	/* b.plan is no part of build 1; what is behind the link is none either. */
	ck_assert(build(1));
	ck_assert(!access(theirs, F_OK));
	ck_assert(!rename(docs, arena_printf(arena, "%s-moved", docs).p) && !symlink(other, docs));
	ck_assert(!build(1));
	ck_assert(is_there("bundle.krux"));
	unlink(theirs);
	ck_assert(!rmdir(other));
}
END_TEST

START_TEST(two_do_not_mix)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert(fd >= 0 && !flock(fd, LOCK_EX));
	ck_assert(!build(1));
	check_whole(0);
	close(fd);
	ck_assert(build(1));
	check_whole(1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("package_write");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, never_looks_whole, 0, 1);
	tcase_add_loop_test(t, never_looks_whole, EIO, EIO + 1);
	tcase_add_loop_test(t, a_first_build_is_taken_up, 0, 1);
	tcase_add_loop_test(t, a_first_build_is_taken_up, ENOSPC, ENOSPC + 1);
	tcase_add_test(t, a_failure_before_costs_nothing);
	tcase_add_test(t, what_no_build_wrote_is_not_written_over);
	tcase_add_test(t, without_a_manifest_all_is_of_others);
	tcase_add_test(t, a_changed_part_is_not_removed);
	tcase_add_test(t, a_line_in_the_manifest_removes_nothing);
	tcase_add_test(t, no_link_is_followed);
	tcase_add_test(t, two_do_not_mix);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
