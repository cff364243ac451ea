/* What a unified diff says is what makes the one text of the other. */
#include "runtime/front/unified.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct krux_pool *pool;

static void setup(void)
{
	pool = krux_pool_new(0);
}

static void teardown(void)
{
	krux_pool_free(pool);
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static bool put(void *ctx, char mark, struct krux_str line)
{
	FILE *f = ctx;

	if (mark != '@')
		fputc(mark, f);
	fprintf(f, "%.*s\n", (int)line.n, line.p);
	return true;
}

static const char *diff(struct krux_str old, struct krux_str new)
{
	static char text[1 << 20];
	FILE *f = fmemopen(text, sizeof text, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert(unified(pool, old, new, put, f));
	fclose(f);
	return text;
}

static const struct { const char *old, *new, *diff; } cases[] = {
	{ "", "", "" },
	{ "a\n", "a\n", "" },
	{ "", "a\n", "@@ -0,0 +1,1 @@\n+a\n" },
	{ "a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n" },
	{ "a", "a\n", "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	  "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
	/* Six lines between two changes are shown, seven are two hunks. */
	{ "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	  "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
	{ "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	  "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
	{ "c\nd\n", "b\nc\ne\nd\n", "@@ -1,2 +1,4 @@\n+b\n c\n+e\n d\n" },
};

START_TEST(diffs)
{
	ck_assert_str_eq(diff(str(cases[_i].old), str(cases[_i].new)), cases[_i].diff);
}
END_TEST

/* ---- applied ---- */

struct patch {
	struct krux_str old;
	size_t at, line, n;            /* in old; the line that comes next; of `text` */
	char text[1 << 16];
	bool cut;
};

static void copy(struct patch *p)
{
	const char *from = p->old.p + p->at, *stop = memchr(from, '\n', p->old.n - p->at);
	size_t n = stop ? (size_t)(stop - from) + 1 : p->old.n - p->at;

	memcpy(p->text + p->n, from, n);
	p->n += n;
	p->at += n;
	p->line++;
}

static bool apply(void *ctx, char mark, struct krux_str line)
{
	struct patch *p = ctx;
	unsigned long first, most;
	size_t n;

	switch (mark) {
	case '@':
		ck_assert_int_eq(sscanf(line.p, "@@ -%lu,%lu ", &first, &most), 2);
		while (p->line < first - (most > 0))
			copy(p);
		break;
	case ' ':
		copy(p);
		break;
	case '-':
		n = line.n < p->old.n - p->at ? line.n + 1 : line.n;
		ck_assert(!memcmp(p->old.p + p->at, line.p, line.n));
		p->at += n;
		p->line++;
		break;
	case '+':
		memcpy(p->text + p->n, line.p, line.n);
		p->n += line.n;
		p->text[p->n++] = '\n';
		p->cut = true;
		return true;
	default:
		/* Of the new text, where it was its line. */
		if (p->cut)
			p->n--;
	}
	p->cut = false;
	return true;
}

static struct krux_str text_draw(char *out, unsigned lines, unsigned letters)
{
	size_t n = 0;

	for (unsigned i = 0; i < lines; i++) {
		out[n++] = (char)('a' + rand() % (int)letters);
		out[n++] = '\n';
	}
	if (n && rand() % 4 == 0)
		n--;
	return (struct krux_str){ out, n };
}

START_TEST(applied)
{
	static char a[8192], b[8192];
	static struct patch p;

	srand(7);
	for (int i = 0; i < 3000; i++) {
		const unsigned most = i % 50 == 0 ? 1500 : 12, letters = 1 + (unsigned)rand() % 6;
		struct krux_str old = text_draw(a, (unsigned)rand() % most, letters);
		struct krux_str new = text_draw(b, (unsigned)rand() % most, letters);

		p = (struct patch){ .old = old };
		ck_assert(unified(pool, old, new, apply, &p));
		while (p.at < p.old.n)
			copy(&p);
		ck_assert_uint_eq(p.n, new.n);
		ck_assert(!memcmp(p.text, new.p, new.n));
		krux_pool_reset(pool);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("unified");
	TCase *t = tcase_create("unified");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, diffs, 0, sizeof cases / sizeof *cases);
	tcase_add_test(t, applied);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
