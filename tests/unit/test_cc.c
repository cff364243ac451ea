/* The C compiler, confined: what it tries when some text has taken it over is refused, by the layer that the table
 * names, and said. tests/fake/compiler.c tries. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/emit/cc.h"
#include "compiler/emit/cc_confine.h"
#include "compiler/emit/cc_run.h"

static struct arena *arena;
static struct diags *diags;
static char top[PATH_MAX], fake[PATH_MAX + 32], secret[PATH_MAX + 32];

static void text_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* BUILD/unit/test_cc to BUILD/fakecompiler. */
static void fake_find(void)
{
	ssize_t n = readlink("/proc/self/exe", fake, PATH_MAX - 1);

	ck_assert_int_gt(n, 0);
	fake[n] = 0;
	*strrchr(fake, '/') = 0;
	snprintf(strrchr(fake, '/'), 16, "/fakecompiler");
}

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	arena = arena_new();
	diags = diags_new(arena);
	fake_find();
	snprintf(top, sizeof top, "%s/krux-cc.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	ck_assert(mkdtemp(top));
	snprintf(secret, sizeof secret, "%s/id_secret", top);
	text_put(secret, "hidden\n");
}

static void teardown(void)
{
	unlink(secret);
	ck_assert_int_eq(rmdir(top), 0);           /* nothing was left in it */
	arena_free(arena);
}

static bool said(struct krux_str text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what));
}

/* ---- attempts ---- */

enum { BOTH, LANDLOCK_ALONE, SECCOMP_ALONE };
enum { BY_LANDLOCK = 1, BY_SECCOMP = 2 };

/* abi: of Landlock, from which on it refuses that. "%s": the secret file, "%d": the test's process. */
static const struct attempt {
	const char *line;
	unsigned by;
	int abi;
} attempts[] = {
	{ "read %s", BY_LANDLOCK, 1 },
	{ "read /etc/passwd", BY_LANDLOCK, 1 },
	{ "list /etc", BY_LANDLOCK, 1 },
	{ "write %s", BY_LANDLOCK, 1 },
	{ "write %s.new", BY_LANDLOCK, 1 },
	{ "write ../beside", BY_LANDLOCK, 1 },
	{ "run ./decide.c", BY_LANDLOCK, 1 },
	{ "remove %s", BY_LANDLOCK, 1 },
	{ "folder below", BY_LANDLOCK, 1 },
	{ "link %s", BY_LANDLOCK, 1 },
	{ "pipe decide.so", BY_LANDLOCK, 1 },
	{ "memory %d", BY_LANDLOCK, 1 },
	{ "terminal /dev/ptmx", BY_LANDLOCK, 1 },
	{ "chmod %s", BY_SECCOMP, 0 },
	{ "times %s", BY_SECCOMP, 0 },
	{ "owner %d", BY_SECCOMP, 0 },
	{ "namespace", BY_SECCOMP, 0 },
	{ "truncate %s", BY_LANDLOCK | BY_SECCOMP, 3 },
	{ "empty %s", BY_LANDLOCK | BY_SECCOMP, 1 },
	{ "connect 9", BY_LANDLOCK | BY_SECCOMP, 4 },
	{ "signal %d", BY_LANDLOCK | BY_SECCOMP, 6 },
	{ "trace %d", BY_LANDLOCK | BY_SECCOMP, 1 },
};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

static struct krux_str line_of(const char *line)
{
	const char *at = strstr(line, "%s");

	if (at)
		return arena_printf(arena, "%.*s%s%s", (int)(at - line), line, secret, at + 2);
	at = strstr(line, "%d");
	return at ? arena_printf(arena, "%.*s%d", (int)(at - line), line, getpid()) : arena_printf(arena, "%s", line);
}

/* What the layers leave it: its output is what it says. */
static void attempt_run(const struct attempt *t, int layers, struct cc_run *r)
{
	static const char *const argv[] = { "fakecompiler", NULL };
	struct confinement c;
	char folder[PATH_MAX + 32];

	snprintf(folder, sizeof folder, "%s/work", top);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	text_put(arena_printf(arena, "%s/decide.c", folder).p, line_of(t->line).p);
	ck_assert(confinement_make(arena, diags, &(struct cc_allowed){ 0 }, fake, folder, &c));
	if (layers == LANDLOCK_ALONE)
		c.filter = NULL;
	if (layers == SECCOMP_ALONE)
		c.abi = 0;
	*r = (struct cc_run){ .program = fake, .argv = argv, .folder = folder, .path = "PATH=/usr/bin:/bin", .confinement = &c };
	ck_assert(cc_run(r));
	buf_putc(&r->output, 0);
	confinement_close(&c);
	unlink(arena_printf(arena, "%s/decide.c", folder).p);
	unlink(arena_printf(arena, "%s/decide.so", folder).p);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void attempt_check(const struct attempt *t, int layers)
{
	const struct stat none = { 0 };
	struct stat before = none, after = none;
	struct cc_run r;

	ck_assert_int_eq(stat(secret, &before), 0);
	attempt_run(t, layers, &r);
	ck_assert_msg(WIFEXITED(r.status) && WEXITSTATUS(r.status) == 1, "%s, layers %d: %d, %s", t->line, layers, r.status, r.output.p);
	ck_assert_msg(strstr(r.output.p, ": Permission denied") || strstr(r.output.p, ": Operation not permitted") ||
	              strstr(r.output.p, ": Function not implemented"), "%s, layers %d: %s", t->line, layers, r.output.p);
	ck_assert_uint_eq(r.left, 0);
	ck_assert_int_eq(stat(secret, &after), 0);
	ck_assert(before.st_size == after.st_size && before.st_mode == after.st_mode &&
	          before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
	buf_free(&r.output);
}

START_TEST(attempts_are_refused)
{
	const struct attempt *t = &attempts[_i];

	attempt_check(t, BOTH);
	if (t->by & BY_LANDLOCK && landlock_abi() >= t->abi)
		attempt_check(t, LANDLOCK_ALONE);
	if (t->by & BY_SECCOMP)
		attempt_check(t, SECCOMP_ALONE);
}
END_TEST

/* What has only one layer: without it the attempt goes through, so that the test can fail. */
START_TEST(attempts_are_real)
{
	static const struct attempt harmless[] = {
		{ "read %s", BY_LANDLOCK, 1 }, { "list /etc", BY_LANDLOCK, 1 }, { "write %s", BY_LANDLOCK, 1 },
		{ "link %s", BY_LANDLOCK, 1 }, { "times %s", BY_SECCOMP, 0 }, { "owner %d", BY_SECCOMP, 0 },
	};
	const struct attempt *t = &harmless[_i];
	struct cc_run r;

	attempt_run(t, t->by == BY_LANDLOCK ? SECCOMP_ALONE : LANDLOCK_ALONE, &r);
	if (!(t->by == BY_SECCOMP && !strncmp(t->line, "owner", 5) && landlock_abi() >= 6))
		ck_assert_msg(WIFEXITED(r.status) && !WEXITSTATUS(r.status), "%s: %d %s", t->line, r.status, r.output.p);
	buf_free(&r.output);
}
END_TEST

/* ---- a whole build step ---- */

static bool compile(const char *cc, struct cc_allowed allowed, struct krux_str text)
{
	struct krux_str so = { NULL, 0 }, version = { NULL, 0 };
	bool fine;

	ck_assert_int_eq(setenv("CC", cc, 1), 0);
	ck_assert_int_eq(setenv("TMPDIR", top, 1), 0);
	fine = cc_shared_object(arena, diags, &allowed, text, &so, &version);
	ck_assert(fine == !diags->n && fine == (so.n > 0));
	return fine;
}

static const struct cc_allowed nothing;

START_TEST(refusal_says_what_and_how)
{
	const struct diag *d;

	ck_assert(!compile(fake, nothing, line_of("read %s")));
	d = diags->list[0];
	ck_assert_uint_eq(d->code, 6003);
	ck_assert(said(d->text, arena_printf(arena, "read %s: Permission denied", secret).p));
	ck_assert(said(d->fix, "--compiler-reads FOLDER") && said(d->fix, fake));
}
END_TEST

START_TEST(what_is_given_can_be_read)
{
	ck_assert(compile(fake, (struct cc_allowed){ .reads = top }, line_of("read %s")));
}
END_TEST

/* Read and no more. */
START_TEST(what_is_given_is_not_written)
{
	ck_assert(!compile(fake, (struct cc_allowed){ .reads = top }, line_of("write %s")));
	ck_assert(said(diags->list[0]->text, ": Permission denied"));
}
END_TEST

START_TEST(what_is_given_has_to_be_there)
{
	ck_assert(!compile(fake, (struct cc_allowed){ .reads = "/usr:/nowhere/at all" }, KRUX_STR("limit")));
	ck_assert_uint_eq(diags->list[0]->code, 6006);
	ck_assert(said(diags->list[0]->text, "/nowhere/at all, which --compiler-reads names: No such file"));
}
END_TEST

START_TEST(what_it_leaves_running_ends)
{
	ck_assert(!compile(fake, nothing, KRUX_STR("stay")));
	ck_assert(said(diags->list[0]->text, "has left a process behind"));
}
END_TEST

/* The child cannot, and ends; its parent, which went first, has written nothing. */
START_TEST(nothing_leaves_its_group)
{
	ck_assert(!compile(fake, nothing, KRUX_STR("leave")));
	ck_assert(said(diags->list[0]->text, "has left a process behind") ||
	          said(diags->list[0]->text, "has written no shared object"));
}
END_TEST

START_TEST(nothing_comes_along)
{
	int fd = open(secret, O_RDONLY);           /* as a shell's 3<FILE: not closed by executing */

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setenv("KRUX_TEST_TOKEN", "x", 1), 0);
	ck_assert(!compile(fake, nothing, arena_printf(arena, "descriptor %d", fd)));
	ck_assert(said(diags->list[0]->text, ": Bad file descriptor"));
	diags = diags_new(arena);
	ck_assert(!compile(fake, nothing, KRUX_STR("variable KRUX_TEST_TOKEN")));
	diags = diags_new(arena);
	ck_assert(!compile(fake, nothing, KRUX_STR("variable HOME")));
	close(fd);
}
END_TEST

/* As root, too. */
START_TEST(limits_stay)
{
	ck_assert(!compile(fake, nothing, KRUX_STR("limit")));
	ck_assert(said(diags->list[0]->text, ": Operation not permitted"));
}
END_TEST

START_TEST(signals_are_named)
{
	ck_assert(!compile(fake, nothing, KRUX_STR("abort")));
	ck_assert(said(diags->list[0]->text, "the C compiler is ended by "));
}
END_TEST

/* ---- text that reaches a compiler as code ---- */

static void compiler_default(void)
{
	ck_assert_int_eq(unsetenv("CC"), 0);
	ck_assert_int_eq(setenv("TMPDIR", top, 1), 0);
}

START_TEST(code_reads_nothing_else)
{
	static const char *const forms[] = { "#include \"%s\"\n", "__asm__(\".incbin \\\"%s\\\"\");\n" };
	struct krux_str so, version;
	const char *at = strstr(forms[_i], "%s");
	struct krux_str text = arena_printf(arena, "%.*s%s%s", (int)(at - forms[_i]), forms[_i], secret, at + 2);

	compiler_default();
	ck_assert(!cc_shared_object(arena, diags, &nothing, text, &so, &version));
	ck_assert_msg(said(diags->list[0]->text, secret) && !said(diags->list[0]->text, "hidden"), "%s", diags->list[0]->text.p);
	ck_assert_msg(said(diags->list[0]->fix, "--compiler-reads"), "%s", diags->list[0]->text.p);
}
END_TEST

/* ---- where a compiler lies ---- */

/* A script in home/KIND that hands on to the compiler found before, after it has read ../lib/flags and, where there is
 * one, ../other/flags. */
static char *home_compiler(const char *kind, bool other)
{
	const char *given = getenv("CC");
	char *path = arena_copy(arena, arena_printf(arena, "%s/a home/%s/my cc", top, kind).p, strlen(top) + strlen(kind) + 14);

	ck_assert(!mkdir(arena_printf(arena, "%s/a home", top).p, 0700) &&
	          !mkdir(arena_printf(arena, "%s/a home/%s", top, kind).p, 0700) &&
	          !mkdir(arena_printf(arena, "%s/a home/lib", top).p, 0700) &&
	          !mkdir(arena_printf(arena, "%s/a home/other", top).p, 0700));
	text_put(arena_printf(arena, "%s/a home/lib/flags", top).p, ":\n");
	text_put(arena_printf(arena, "%s/a home/other/flags", top).p, ":\n");
	text_put(path, arena_printf(arena, "#!/bin/sh\nhere='%s/a home'\n. \"$here/lib/flags\" && %s\nexec %s \"$@\"\n", top,
	                            other ? ". \"$here/other/flags\"" : ":", given && *given == '/' ? given : "/usr/bin/cc").p);
	ck_assert_int_eq(chmod(path, 0700), 0);
	return path;
}

static void home_remove(const char *kind)
{
	const char *names[] = { "lib/flags", "other/flags", "lib", "other", arena_printf(arena, "%s/my cc", kind).p, kind, "" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_int_eq(remove(arena_printf(arena, "%s/a home/%s", top, names[i]).p), 0);
}

START_TEST(what_lies_beside_bin_is_read)
{
	ck_assert(compile(home_compiler("bin", false), nothing, KRUX_STR("int x;\n")));
	home_remove("bin");
}
END_TEST

START_TEST(other_folders_are_not)
{
	const char *cc = home_compiler("bin", true);

	ck_assert(!compile(cc, nothing, KRUX_STR("int x;\n")));
	ck_assert(said(diags->list[0]->text, "other/flags: Permission denied"));
	diags = diags_new(arena);
	ck_assert(compile(cc, (struct cc_allowed){ .reads = arena_printf(arena, "/usr:%s/a home/other", top).p }, KRUX_STR("int x;\n")));
	home_remove("bin");
}
END_TEST

/* Its folder may be a home. */
START_TEST(outside_of_bin_only_the_file_is_read)
{
	ck_assert(!compile(home_compiler("tools", false), nothing, KRUX_STR("int x;\n")));
	ck_assert(said(diags->list[0]->text, "lib/flags: Permission denied"));
	home_remove("tools");
}
END_TEST

/* ---- kernels without ---- */

static void call_take_away(const char *name)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	ck_assert(f && !seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), seccomp_syscall_resolve_name(name), 0) && !seccomp_load(f));
	seccomp_release(f);
}

START_TEST(missing_is_refused_unless_waived)
{
	static const char *const call[] = { "landlock_create_ruleset", "seccomp" };
	static const char *const name[] = { "landlock", "seccomp" };
	const struct diag *d;

	call_take_away(call[_i]);
	ck_assert_str_eq(cc_lacks(), name[_i]);
	ck_assert(!compile(fake, (struct cc_allowed){ .missing = name[!_i] }, KRUX_STR("variable PATH")));
	d = diags->list[0];
	ck_assert_uint_eq(diags->n, 1);
	ck_assert(d->code == 6006 && said(d->text, "cannot be confined here") && said(d->text, name[_i]));
	ck_assert(said(d->fix, arena_printf(arena, "--allow-missing %s", name[_i]).p));
	diags = diags_new(arena);
	ck_assert(compile(fake, (struct cc_allowed){ .missing = "landlock,seccomp" }, KRUX_STR("variable PATH")));
}
END_TEST

/* However many are named, it is held, or is not started and a sentence says why. */
START_TEST(there_are_no_more_than_so_many_places)
{
	char list[64 * 5 + 1] = "";
	bool full = false;

	for (int n = 0; n < 64; n++) {
		struct confinement c;
		bool made;

		strcat(list, "/usr:");
		diags = diags_new(arena);
		made = confinement_make(arena, diags, &(struct cc_allowed){ .reads = list }, fake, "/tmp", &c);
		ck_assert_uint_eq(diags->n, !made);
		ck_assert(!made || !strcmp(c.place[c.n - 1], "/tmp"));
		ck_assert(made || said(diags->list[0]->text, "there are more places than 64"));
		ck_assert(!full || !made);
		full |= !made;
		confinement_close(&c);
	}
	ck_assert(full);
}
END_TEST

START_TEST(waivers_have_names)
{
	static const struct { const char *list, *wrong; } rows[] = {
		{ NULL, NULL }, { "landlock", NULL }, { "seccomp,landlock", NULL }, { "landlock,", NULL }, { "land", "land" },
		{ "landlock,all", "all" }, { "landlocks", "landlocks" }, { ",", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct krux_str wrong = cc_missing_wrong(&(struct cc_allowed){ .missing = rows[i].list });

		ck_assert_msg(rows[i].wrong ? wrong.p && wrong.n == strlen(rows[i].wrong) && !strncmp(wrong.p, rows[i].wrong, wrong.n)
		                            : !wrong.p, "%s", rows[i].list);
	}
}
END_TEST

static Suite *cc_suite(void)
{
	Suite *s = suite_create("cc");
	TCase *tc = tcase_create("confined");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, attempts_are_refused, 0, ATTEMPTS);
	tcase_add_loop_test(tc, attempts_are_real, 0, 6);
	tcase_add_test(tc, refusal_says_what_and_how);
	tcase_add_test(tc, what_is_given_can_be_read);
	tcase_add_test(tc, what_is_given_is_not_written);
	tcase_add_test(tc, what_is_given_has_to_be_there);
	tcase_add_test(tc, what_it_leaves_running_ends);
	tcase_add_test(tc, nothing_leaves_its_group);
	tcase_add_test(tc, nothing_comes_along);
	tcase_add_test(tc, limits_stay);
	tcase_add_test(tc, signals_are_named);
	tcase_add_loop_test(tc, code_reads_nothing_else, 0, 2);
	tcase_add_test(tc, what_lies_beside_bin_is_read);
	tcase_add_test(tc, other_folders_are_not);
	tcase_add_test(tc, outside_of_bin_only_the_file_is_read);
	tcase_add_loop_test(tc, missing_is_refused_unless_waived, 0, 2);
	tcase_add_test(tc, there_are_no_more_than_so_many_places);
	tcase_add_test(tc, waivers_have_names);
	return s;
}

int main(void)
{
	SRunner *r = srunner_create(cc_suite());
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
