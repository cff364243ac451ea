/* The layout of policies: what comes out, that it stays as it is, and that it means the same
 * and keeps every comment, whatever went in. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/read/yaml.h"
#include "tests/unit/reading.h"

static struct reading r;

/* Formats; the result belongs to the arena of r. An empty text when it was refused. */
static struct krux_str format(const char *text, size_t n)
{
	struct krux_str out = { "", 0 };
	struct buf b = { 0 };

	reading_start(&r, text, n, true);
	if (r.src && policyfile_format(r.arena, r.diags, r.src, &b))
		out = arena_str(r.arena, (struct krux_str){ b.p, b.n });
	buf_free(&b);
	return out;
}

static const struct { const char *in, *out; } layouts[] = {
	{ "krux:   policy/1\nname: 'x'\n", "krux: policy/1\nname: 'x'\n" },
	{ "{krux: policy/1, rules: [{id: a}]}\n", "krux: policy/1\nrules: [ { id: a } ]\n" },
	{ "rules:\n- id: a\n  on:\n  - b\n  - c\n", "rules:\n  - id: a\n    on:\n      - b\n      - c\n" },
	{ "rules:\n    -   id: a\n        on: [b,c]\n", "rules:\n  - id: a\n    on: [ b, c ]\n" },
	{ "a: 1\n\n\n\nb: 2\n", "a: 1\n\nb: 2\n" },
	{ "\n\na: 1\n", "a: 1\n" },
	{ "---\na: 1\n...\n", "a: 1\n" },
	{ "a: []\nb: {}\nc:\nd: ''\n", "a: []\nb: {}\nc:\nd: ''\n" },
	{ "? a\n: 1\n", "a: 1\n" },
	{ "a: \"x\\\n  y\"\n", "a: xy\n" },
	{ "a: x\n\n  y\n", "a: \"x\\ny\"\n" },
	{ "a: |\n     x\n       y\n\n     z\n", "a: |\n  x\n    y\n\n  z\n" },
	{ "a: >-\n x\n y\n", "a: >-\n  x\n  y\n" },
	{ "a: |+\n x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n" },
	{ "a: |2\n    x\n  y\n", "a: |2\n    x\n  y\n" },
	{ "# one\n\n# two\na: 1   # three  \n  # four\nb:\n  # five\n  c: 1\n  # six\n# seven\n",
	  "# one\n\n# two\na: 1  # three\n# four\nb:\n  # five\n  c: 1\n  # six\n# seven\n" },
	{ "a: # one\n  - b # two\n  # three\n", "a:  # one\n  - b  # two\n  # three\n" },
	{ "a: [ b, # one\n  # two\n  c ] # three\n", "a:\n  - b  # one\n  # two\n  - c\n# three\n" },
	{ "a: | # one\n  # text\nb: 1\n", "a: |  # one\n  # text\nb: 1\n" },
	{ "tests:\n  - call: a.b { c: 1 }   # x\n", "tests:\n  - call: a.b { c: 1 }  # x\n" },
	{ "when: path under \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbb\" and path under "
	  "\"/cccccccccccccccccccccccccccccccccccccccccccccccccccccc\" or x\n",
	  "when: path under \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbb\" and\n  path under "
	  "\"/cccccccccccccccccccccccccccccccccccccccccccccccccccccc\" or x\n" },
};

START_TEST(layout)
{
	struct krux_str out = format(layouts[_i].in, strlen(layouts[_i].in)), again;
	struct reading first = r;

	reading_clean(&r);
	ck_assert_msg(str_is(out, layouts[_i].out), "got:\n%.*s", STR_ARG(out));
	again = format(layouts[_i].out, strlen(layouts[_i].out));
	ck_assert_msg(str_is(again, layouts[_i].out), "then:\n%.*s", STR_ARG(again));
	reading_end(&first);
	reading_end(&r);
}
END_TEST

static const char *const refusals[] = { "a: &x 1\n", "a: 1\na: 2\n", "- [\n", "text\n", "[]\n", "# nothing\n" };

START_TEST(refuses)
{
	ck_assert_uint_eq(format(refusals[_i], strlen(refusals[_i])).n, 0);
	ck_assert_uint_gt(r.diags->errors, 0);
	reading_end(&r);
}
END_TEST

START_TEST(templates)
{
	static const char *const name[] = { "system", "personal-permissive", "team-moderate", "enterprise-restrictive" };
	char path[128];

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		struct buf once = { 0 }, twice = { 0 };
		const struct source *again;

		snprintf(path, sizeof path, "stdlib-caps/policies/%s.yaml", name[i]);
		r.arena = arena_new();
		r.diags = diags_new(r.arena);
		r.src = source_read(r.arena, r.diags, path, path);
		ck_assert(policyfile_format(r.arena, r.diags, r.src, &once));
		again = source_text(r.arena, r.diags, "again", (struct krux_str){ once.p, once.n });
		ck_assert(policyfile_format(r.arena, r.diags, again, &twice));
		reading_clean(&r);
		ck_assert_uint_eq(once.n, twice.n);
		ck_assert(!memcmp(once.p, twice.p, once.n));
		buf_free(&once);
		buf_free(&twice);
		reading_end(&r);
	}
}
END_TEST

/* ---- made-up documents ---- */

static uint32_t seed;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void blanks(struct buf *b, unsigned n)
{
	while (n--)
		buf_putc(b, ' ');
}

static void make_comment(struct buf *b)
{
	if (!roll(4))
		buf_printf(b, " # c%u", roll(100));
}

static void make_above(struct buf *b, unsigned indent)
{
	if (!roll(8))
		buf_putc(b, '\n');
	if (!roll(6)) {
		blanks(b, indent + roll(3));
		buf_printf(b, "# own %u\n", roll(100));
	}
}

static void make_scalar(struct buf *b, unsigned indent)
{
	static const char *const some[] = {
		"a", "b c", "path under \"/a b\" or not q", "é ü", "a:b", "-x", "10", "'q ''x'' # no'", "\"d \\n \\\" é\"",
		"\"\"", "''", "http://x/y", "a#b", "x y z x y z x y z x y z x y z x y z x y z x y z x y z x y z x y z x y z "
		"x y z x y z x y z x y z x y z x y z x y z",
	};

	if (roll(8)) {
		buf_puts(b, some[roll(sizeof some / sizeof *some)]);
		return;
	}
	buf_puts(b, roll(2) ? "\"more\\\n" : "\"more\n");
	blanks(b, indent + 3);
	buf_puts(b, "lines\"");
}

static void make_flow(struct buf *b, unsigned depth, unsigned indent)
{
	bool map = roll(2);
	unsigned n = roll(4);

	if (!depth || !roll(3)) {
		buf_puts(b, roll(2) ? "w" : "'x, y'");
		return;
	}
	buf_putc(b, map ? '{' : '[');
	for (unsigned i = 0; i < n; i++) {
		if (!roll(4)) {
			make_comment(b);
			buf_putc(b, '\n');
			blanks(b, indent + 2);
		}
		if (map)
			buf_printf(b, "k%u: ", i);
		make_flow(b, depth - 1, indent);
		buf_puts(b, roll(2) ? "," : " , ");
	}
	buf_putc(b, map ? '}' : ']');
}

static void make_text(struct buf *b, unsigned indent)
{
	static const char *const line[] = { "text", "# no comment", "", "  deeper", "a: b" };

	buf_printf(b, " %s%s", roll(2) ? "|" : ">", roll(3) ? "" : roll(2) ? "-" : "+");
	make_comment(b);
	buf_putc(b, '\n');
	blanks(b, indent + 2);
	buf_puts(b, "first\n");
	for (unsigned n = roll(4); n; n--) {
		const char *l = line[roll(sizeof line / sizeof *line)];

		blanks(b, *l ? indent + 2 : 0);
		buf_printf(b, "%s\n", l);
	}
}

static void make_map(struct buf *b, unsigned depth, unsigned indent, bool dash);

static void make_list(struct buf *b, unsigned depth, unsigned indent)
{
	for (unsigned n = 1 + roll(3); n; n--) {
		make_above(b, indent);
		blanks(b, indent);
		buf_putc(b, '-');
		if (depth && roll(2)) {
			buf_putc(b, ' ');
			make_map(b, depth - 1, indent + 2, true);
			continue;
		}
		buf_putc(b, ' ');
		make_scalar(b, indent);
		make_comment(b);
		buf_putc(b, '\n');
	}
}

static void make_value(struct buf *b, unsigned depth, unsigned indent)
{
	unsigned kind = roll(depth ? 8 : 3);

	if (kind == 0) {
		make_text(b, indent);
	} else if (kind < 4) {
		buf_putc(b, ' ');
		if (kind == 1)
			make_flow(b, 3, indent);
		else
			make_scalar(b, indent);
		make_comment(b);
		buf_putc(b, '\n');
	} else {
		make_comment(b);
		buf_putc(b, '\n');
		if (kind < 6)
			make_map(b, depth - 1, indent + 1 + roll(4), false);
		else
			make_list(b, depth - 1, indent + roll(3));
	}
}

static void make_map(struct buf *b, unsigned depth, unsigned indent, bool dash)
{
	unsigned n = 1 + roll(3);

	for (unsigned i = 0; i < n; i++) {
		if (!dash || i) {
			make_above(b, indent);
			blanks(b, indent);
		}
		buf_printf(b, roll(4) ? "k%u:" : "\"q%u\":", i);
		make_value(b, depth, indent);
	}
}

/* policyfile_format compares what it writes with what it read, so that it refuses rather than
 * lose anything; here it has to manage, and to leave its own work as it is. */
START_TEST(made_up)
{
	for (unsigned i = 0; i < 400; i++) {
		struct buf b = { 0 };
		struct krux_str out, again;
		struct arena *first;

		seed = (uint32_t)_i * 1000 + i;
		make_map(&b, 3, 0, false);
		out = format(b.p, b.n);
		first = r.arena;
		ck_assert_msg(out.n && !r.diags->n, "refused:\n%.*s", (int)b.n, b.p);
		again = format(out.p, out.n);
		ck_assert_msg(krux_str_eq(out, again), "of\n%.*s\nfirst\n%.*s\nthen\n%.*s", (int)b.n, b.p,
		              STR_ARG(out), STR_ARG(again));
		arena_free(first);
		reading_end(&r);
		buf_free(&b);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("policyformat");
	TCase *t = tcase_create("policyformat");
	SRunner *run;
	int failed;

	tcase_add_loop_test(t, layout, 0, sizeof layouts / sizeof *layouts);
	tcase_add_loop_test(t, refuses, 0, sizeof refusals / sizeof *refusals);
	tcase_add_test(t, templates);
	tcase_add_loop_test(t, made_up, 0, 5);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
