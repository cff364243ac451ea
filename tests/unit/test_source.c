/* Files to sources: what is read, what is refused and with which words; lists of inputs. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "compiler/base/buf.h"
#include "compiler/read/read.h"

static struct arena *arena;
static struct diags *diags;
static char dir[64];

static void setup(void)
{
	arena = arena_new();
	diags = diags_new(arena);
	strcpy(dir, "/tmp/krux-source.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(cmd), 0);
	arena_free(arena);
}

static char *in_dir(const char *name)
{
	struct krux_str s = arena_printf(arena, "%s/%s", dir, name);

	return arena_copy(arena, s.p, s.n);
}

static char *file(const char *name, const void *p, size_t n)
{
	char *path = in_dir(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

static char *folder(const char *name)
{
	char *path = in_dir(name);

	ck_assert_int_eq(mkdir(path, 0755), 0);
	return path;
}

/* "name:line:col K0010 text" of the last diagnostic. */
static const char *last(void)
{
	const struct diag *d;
	uint32_t line, col;

	ck_assert_uint_gt(diags->n, 0);
	d = diags->list[diags->n - 1];
	span_place(d->at, &line, &col);
	return arena_printf(arena, "%.*s:%u:%u K%04u %.*s", STR_ARG(d->at.src->name), line, col, d->code,
	                    STR_ARG(d->text)).p;
}

static void refused(const char *path, const char *says)
{
	ck_assert_ptr_null(source_read(arena, diags, path, "x"));
	ck_assert_str_eq(last(), says);
}

START_TEST(read_good)
{
	const struct source *s = source_read(arena, diags, file("a.cap", "a\nb \xC3\xA9\n", 7), "shown/a.cap");

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(diags->n, 0);
	ck_assert(krux_str_eq(s->name, KRUX_STR("shown/a.cap")));
	ck_assert(krux_str_eq(s->text, KRUX_STR("a\nb \xC3\xA9\n")));
	ck_assert_int_eq(s->text.p[s->text.n], 0);
	/* Files of the kernel say that they are empty and are not. */
	s = source_read(arena, diags, "/proc/self/status", "x");
	ck_assert(!s || s->text.n > 100);
}
END_TEST

START_TEST(read_what_is_no_file)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char *path = in_dir("fifo");
	int fd;

	refused(in_dir("none"), "x:1:1 K0001 this file cannot be opened: No such file or directory");
	refused(dir, "x:1:1 K0002 this is a folder");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused(path, "x:1:1 K0002 this is a FIFO");
	refused("/dev/zero", "x:1:1 K0002 this is a device");
	refused("/dev/tty", "x:1:1 K0002 this is a device");
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s/s", dir);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
	refused(sun.sun_path, "x:1:1 K0002 this is a socket");
	close(fd);
	path = in_dir("loop");
	ck_assert_int_eq(symlink("loop", path), 0);
	refused(path, "x:1:1 K0001 this file cannot be opened: Too many levels of symbolic links");
	refused("", "x:1:1 K0001 this file cannot be opened: No such file or directory");
}
END_TEST

START_TEST(read_unreadable)
{
	char *path = file("closed.cap", "a", 1);

	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	/* Nothing is unreadable for root; the fixture runs in a process of its own. */
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	refused(path, "x:1:1 K0001 this file cannot be opened: Permission denied");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(read_sizes)
{
	size_t most = 16 << 20;
	char *text = malloc(most + 1), *path;
	int fd;

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', most + 1);
	ck_assert_ptr_nonnull(source_read(arena, diags, file("most", text, most), "x"));
	refused(file("more", text, most + 1), "x:1:1 K0003 the file has 16777217 bytes");
	ck_assert_ptr_null(source_text(arena, diags, "x", (struct krux_str){ text, most + 1 }));
	free(text);
	path = in_dir("sparse");
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_eq(ftruncate(fd, (off_t)100 << 20), 0);
	close(fd);
	refused(path, "x:1:1 K0003 the file has 104857600 bytes");
}
END_TEST

static const struct { const char *text; size_t n; const char *says; unsigned count; } texts[] = {
	{ "", 0, "x:1:1 K0010 the file is empty", 1 },
	{ "\xEF\xBB\xBF" "a", 4, "x:1:1 K0011 the file begins with a byte-order mark", 1 },
	{ "\xFF\xFE" "a\0", 4, "x:1:1 K0012 this file is UTF-16", 1 },
	{ "a\nb\xC3", 4, "x:2:2 K0012 a byte that is not UTF-8", 1 },
	{ "\xC0\x80", 2, "x:1:1 K0012 a byte that is not UTF-8; 2 in this file", 1 },
	{ "\xED\xA0\x80", 3, "x:1:1 K0012 a byte that is not UTF-8; 3 in this file", 1 },
	{ "\xF4\x90\x80\x80", 4, "x:1:1 K0012 a byte that is not UTF-8; 4 in this file", 1 },
	{ "\xE0\x80\x80", 3, "x:1:1 K0012 a byte that is not UTF-8; 3 in this file", 1 },
	{ "a\n\0b\0", 5, "x:2:1 K0013 a NUL byte; 2 in this file", 1 },
	{ "a\r\nb\r\n", 6, "x:1:2 K0014 a carriage return; 2 in this file", 1 },
	{ "\xEF\xBB\xBF" "a\r\0\xFF", 7, "x:1:3 K0014 a carriage return", 4 },
};

START_TEST(text_refused)
{
	ck_assert_ptr_null(source_text(arena, diags, "x", (struct krux_str){ texts[_i].text, texts[_i].n }));
	ck_assert_str_eq(last(), texts[_i].says);
	ck_assert_uint_eq(diags->errors, texts[_i].count);
}
END_TEST

START_TEST(text_hidden)
{
	static const char *const texts_of[] = { "a \xE2\x80\xAE b", "\xE2\x81\xA6", "\xE2\x80\x8B", "\xD8\x9C", "\xF3\xA0\x81\x81" };

	for (size_t i = 0; i < sizeof texts_of / sizeof *texts_of; i++) {
		ck_assert_ptr_nonnull(source_text(arena, diags, "x", (struct krux_str){ texts_of[i], strlen(texts_of[i]) }));
		ck_assert_uint_eq(diags->n, i + 1);
		ck_assert_uint_eq(diags->list[i]->code, 25);
	}
	ck_assert_uint_eq(diags->errors, 0);
	ck_assert_ptr_nonnull(source_text(arena, diags, "x", KRUX_STR("\xE2\x80\xA6 \xE2\x82\xAC \xF0\x9F\x98\x80")));
	ck_assert_uint_eq(diags->n, sizeof texts_of / sizeof *texts_of);
}
END_TEST

/* ---- lists of inputs ---- */

/* The shown names, with blanks between. */
static const char *found(char *const *paths, size_t n)
{
	struct buf b = { 0 };
	struct inputs in;
	const char *s;

	if (!inputs_find(arena, diags, paths, n, &in))
		return "refused";
	for (size_t i = 0; i < in.n; i++) {
		buf_printf(&b, "%s%s", i ? " " : "", in.shown[i]);
		ck_assert_int_eq(access(in.path[i], F_OK), 0);
	}
	s = arena_copy(arena, b.p ? b.p : "", b.n);
	buf_free(&b);
	return s;
}

START_TEST(inputs_sorted)
{
	char *paths[] = { dir, in_dir("b/y.yaml"), in_dir("b") };

	file("z.cap", "a", 1);
	file("a.yml", "a", 1);
	file("no.txt", "a", 1);
	file(".hidden.cap", "a", 1);
	file(".cap", "a", 1);
	folder("b");
	file("b/y.yaml", "a", 1);
	folder("b/c.cap");
	file("b/c.cap/x.cap", "a", 1);
	folder(".git");
	file(".git/q.yaml", "a", 1);
	ck_assert_str_eq(found(paths, 1), "a.yml b/c.cap/x.cap b/y.yaml z.cap");
	ck_assert_str_eq(found(paths + 1, 1), "y.yaml");
	ck_assert_str_eq(found(paths + 2, 1), "c.cap/x.cap y.yaml");
	/* Each once, by the name that sorts first. */
	ck_assert_str_eq(found(paths, 3), "a.yml b/c.cap/x.cap b/y.yaml z.cap");
	ck_assert_str_eq(found(paths, 0), "");
}
END_TEST

START_TEST(inputs_links)
{
	char *paths[] = { dir };

	folder("a");
	file("a/x.cap", "a", 1);
	ck_assert_int_eq(symlink("..", in_dir("a/up")), 0);
	ck_assert_int_eq(symlink("a", in_dir("b")), 0);
	ck_assert_int_eq(symlink("self", in_dir("self")), 0);
	ck_assert_int_eq(symlink("a/x.cap", in_dir("0.cap")), 0);
	ck_assert_int_eq(link(in_dir("a/x.cap"), in_dir("z.cap")), 0);
	ck_assert_str_eq(found(paths, 1), "0.cap");
}
END_TEST

START_TEST(inputs_refused)
{
	struct { char *path; const char *says; } rows[] = {
		{ in_dir("none"), ":1:1 K0001 this file cannot be opened: No such file or directory" },
		{ file("x.txt", "a", 1), ":1:1 K0006 the name does not say what this file is" },
		{ folder("empty"), ":1:1 K0005 no *.cap and no *.yaml below this folder" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_str_eq(found(&rows[i].path, 1), "refused");
		ck_assert_str_eq(last(), arena_printf(arena, "%s%s", rows[i].path, rows[i].says).p);
	}
}
END_TEST

START_TEST(inputs_many)
{
	char *paths[] = { dir };
	char name[32];

	for (unsigned i = 0; i < 4096; i++) {
		snprintf(name, sizeof name, "%u.cap", i);
		file(name, "a", 1);
	}
	ck_assert_str_ne(found(paths, 1), "refused");
	file("more.cap", "a", 1);
	ck_assert_str_eq(found(paths, 1), "refused");
	ck_assert_uint_eq(diags->list[0]->code, 9010);
	ck_assert_uint_eq(diags->n, 1);
}
END_TEST

START_TEST(inputs_deep)
{
	char *paths[] = { dir }, *path = dir;

	for (unsigned i = 0; i < 70; i++) {
		struct krux_str deeper = arena_printf(arena, "%s/d", path);

		path = arena_copy(arena, deeper.p, deeper.n);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	ck_assert_str_eq(found(paths, 1), "refused");
	ck_assert_uint_eq(diags->list[0]->code, 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("source");
	TCase *t = tcase_create("source");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, read_good);
	tcase_add_test(t, read_what_is_no_file);
	tcase_add_test(t, read_unreadable);
	tcase_add_test(t, read_sizes);
	tcase_add_loop_test(t, text_refused, 0, sizeof texts / sizeof *texts);
	tcase_add_test(t, text_hidden);
	tcase_add_test(t, inputs_sorted);
	tcase_add_test(t, inputs_links);
	tcase_add_test(t, inputs_refused);
	tcase_add_test(t, inputs_many);
	tcase_add_test(t, inputs_deep);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
