/* YAML text to a tree: what is taken, what is refused and where, and that size and depth of a
 * hostile text do no harm. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/read/yaml.h"
#include "tests/unit/reading.h"

static struct reading r;

static const struct yaml_doc *read_bytes(const char *text, size_t n)
{
	reading_start(&r, text, n, false);
	return yaml_read(r.arena, r.diags, r.src);
}

static const struct yaml_doc *read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* The text at a span, which is what a diagnostic would mark. */
static bool stands(struct span at, const char *text)
{
	return str_is((struct krux_str){ at.src->text.p + at.at, at.n }, text);
}

START_TEST(tree)
{
	const struct yaml_doc *d = read_text("a: b c\nl:\n  - x\n  - [ 1, 'two' ]\nm: { k: \"v\\n\" }\n");
	const struct yaml_node *l, *m;

	reading_clean(&r);
	ck_assert_int_eq(d->root->kind, YAML_MAPPING);
	ck_assert_uint_eq(d->root->n, 3);
	ck_assert(str_is(yaml_get(d->root, "a")->text, "b c"));
	ck_assert(stands(yaml_get(d->root, "a")->at, "b c"));
	l = yaml_get(d->root, "l");
	ck_assert_int_eq(l->kind, YAML_SEQUENCE);
	ck_assert_uint_eq(l->n, 2);
	ck_assert(!l->flow && l->child->next->flow);
	ck_assert(stands(l->child->next->at, "[ 1, 'two' ]"));
	ck_assert(stands(l->at, "- x\n  - [ 1, 'two' ]"));
	ck_assert(stands(yaml_text_at(l->child->next->child->next), "two"));
	m = yaml_get(d->root, "m");
	ck_assert(str_is(yaml_get(m, "k")->text, "v\n"));
	ck_assert(stands(yaml_text_at(yaml_get(m, "k")), "\"v\\n\""));
	ck_assert_ptr_null(yaml_get(d->root, "none"));
	reading_end(&r);
}
END_TEST

START_TEST(spans_count_bytes_after_wide_characters)
{
	const struct yaml_doc *d = read_text("é: ü x # ä\n\"\xF0\x9F\x98\x80\": [ \"ß\", z ]\n");
	const struct yaml_node *l = yaml_get(d->root, "\xF0\x9F\x98\x80");

	reading_clean(&r);
	ck_assert(stands(yaml_get(d->root, "é")->at, "ü x"));
	ck_assert(stands(l->at, "[ \"ß\", z ]"));
	ck_assert(stands(yaml_text_at(l->child), "ß"));
	ck_assert(stands(l->child->next->at, "z"));
	reading_end(&r);
}
END_TEST

START_TEST(block_text)
{
	const struct yaml_doc *d = read_text("a: |\n  x\n    y\n\n# after\nb: >-\n  x\n  y\nc: x\n  y\n");

	reading_clean(&r);
	ck_assert(str_is(yaml_get(d->root, "a")->text, "x\n  y\n"));
	ck_assert(stands(yaml_get(d->root, "a")->at, "|\n  x\n    y"));
	ck_assert(str_is(yaml_get(d->root, "b")->text, "x y"));
	ck_assert(str_is(yaml_get(d->root, "c")->text, "x y"));
	ck_assert(stands(yaml_get(d->root, "c")->at, "x\n  y"));
	reading_end(&r);
}
END_TEST

START_TEST(comments)
{
	const struct yaml_doc *d = read_text("# one\na: b # two\nc: |  # three\n  # text\nd: 'x # text'\n"
	                                     "e: x#text\nf: [ # four\n  y ]# five\n# six");
	static const char *const want[] = { "# one", "# two", "# three", "# four", "# five", "# six" };
	const struct yaml_comment *c;
	size_t n;

	reading_clean(&r);
	c = yaml_comments(r.arena, d, &n);
	ck_assert_uint_eq(n, 6);
	for (size_t i = 0; i < n; i++)
		ck_assert(stands(c[i].at, want[i]));
	ck_assert(c[0].own_line && !c[1].own_line && !c[2].own_line && c[5].own_line);
	reading_end(&r);
}
END_TEST

/* `call: x { a: b }` is no YAML, and read nevertheless; all else means what YAML says. */
START_TEST(calls_need_no_quotes)
{
	const struct yaml_doc *d = read_text("t:\n"
	                                     "  - call: a.b@1.0 { p: \"x # y: {\", q: { r: 1 } }  # why\n"
	                                     "    é: x\n"
	                                     "  - call: a.c { p: 1,\n"
	                                     "      q: 2 }\n"
	                                     "    as: me\n"
	                                     "  - call: 'a.d { p: 1 }'\n"
	                                     "text: |\n"
	                                     "  call: a.e { p: 1 # no comment\n");
	const struct yaml_node *t, *first;

	reading_clean(&r);
	t = yaml_get(d->root, "t");
	ck_assert_uint_eq(t->n, 3);
	first = yaml_get(t->child, "call");
	ck_assert(str_is(first->text, "a.b@1.0 { p: \"x # y: {\", q: { r: 1 } }"));
	ck_assert(stands(first->at, "a.b@1.0 { p: \"x # y: {\", q: { r: 1 } }"));
	ck_assert(stands(yaml_get(t->child, "é")->at, "x"));
	ck_assert(str_is(yaml_get(t->child->next, "call")->text, "a.c { p: 1, q: 2 }"));
	ck_assert(stands(yaml_get(t->child->next, "as")->at, "me"));
	ck_assert(str_is(yaml_get(t->child->next->next, "call")->text, "a.d { p: 1 }"));
	ck_assert(str_is(yaml_get(d->root, "text")->text, "call: a.e { p: 1 # no comment\n"));
	reading_end(&r);
}
END_TEST

static const struct {
	const char *text;
	unsigned code;
	uint32_t line, col;
	bool tree;                      /* reading goes on after it */
} refused[] = {
	{ "# nothing\n", 2001, 1, 1, false },
	{ "---\n...\n", 2001, 1, 1, false },
	{ "a: b: c\n", 2002, 1, 5, false },
	{ "a: @x\n", 2002, 1, 4, false },
	{ "a: [ 1, 2\nb: 3\n", 2002, 1, 4, false },
	{ "a: { b: 1\n", 2002, 1, 4, false },
	{ "a: x\nb\nc: d\n", 2002, 2, 1, false },
	{ "a: - b\n", 2002, 1, 4, false },
	{ "a: | text\n", 2002, 1, 6, false },
	{ "a: &x 1\nb: 2\n", 2003, 1, 4, true },
	{ "a: &x { b: 1 }\n", 2003, 1, 4, true },
	{ "- &x [ b ]\n", 2003, 1, 3, true },
	{ "a: *x\nb: 2\n", 2004, 1, 4, true },
	{ "on: *\n", 2004, 1, 5, false },
	{ "a: !!str 1\n", 2005, 1, 4, true },
	{ "a: ! 1\n", 2005, 1, 4, true },
	{ "a: !x!y 1\n", 2005, 1, 4, false },
	{ "a: { <<: { b: 1 } }\n", 2006, 1, 6, true },
	{ "%YAML 1.1\n---\na: 1\n", 2007, 1, 1, true },
	{ "%TAG ! x:\n---\na: 1\n", 2007, 1, 1, true },
	{ "%FOO\n---\na: 1\n", 2007, 1, 1, false },
	{ "a: \"x\nb: 1\n", 2008, 1, 4, false },
	{ "a: 'x\n---\n'\n", 2008, 1, 4, false },
	{ "a: \"\\q\"\n", 2009, 1, 5, false },
	{ "a: \"\\xZZ\"\n", 2009, 1, 7, false },
	{ "a: \"\\uD800\"\n", 2009, 1, 7, false },
	{ "a:\n    b: 1\n  c: 2\n", 2010, 3, 3, false },
	{ "a:\n  - b\n  c: 2\n", 2010, 3, 3, false },
	{ "a:\n\tb: 1\n", 2011, 2, 1, false },
	{ "a:\tb\n", 2011, 1, 3, true },
	{ "a: b\tc\n", 2011, 1, 5, true },
	{ "a: \x01\n", 2012, 1, 4, false },
	{ "a: \x7F\n", 2012, 1, 4, false },
	{ "a: b \xC2\x85 c\n", 2013, 1, 6, false },
	{ "# \xE2\x80\xA8 a: b\n", 2013, 1, 3, false },
	{ "# \xE2\x80\xA9 a: b\n", 2013, 1, 3, false },
	{ "a: 1\n---\nb: 2\n", 2014, 2, 1, false },
	{ "? [ x ]\n: 1\n", 2015, 1, 3, true },
	{ "{ { a: b }: 1 }\n", 2015, 1, 3, true },
	{ "a: 1\nb: 2\n\"a\": 3\n", 2016, 3, 1, true },
};

START_TEST(refuses)
{
	const struct yaml_doc *d = read_text(refused[_i].text);

	reading_expect(&r, refused[_i].code, refused[_i].line, refused[_i].col);
	ck_assert_uint_eq(r.diags->n, r.diags->errors);
	ck_assert_int_eq(d != NULL, refused[_i].tree);
	reading_end(&r);
}
END_TEST

START_TEST(goes_on_to_find_the_rest)
{
	ck_assert_ptr_nonnull(read_text("a: &x 1\nb: *x\nc: !!str 3\n<<: 1\na: 2\nd:\te\n"));
	ck_assert_uint_eq(r.diags->n, 6);
	reading_end(&r);
}
END_TEST

START_TEST(twice_among_many_keys)
{
	struct buf b = { 0 };
	const struct diag *d;

	for (int i = 0; i < 40; i++)
		buf_printf(&b, "k%d: 1\n", i % 30);
	read_bytes(b.p, b.n);
	ck_assert_uint_eq(r.diags->n, 10);
	d = reading_expect(&r, 2016, 31, 1);
	ck_assert_uint_eq(span_line(d->other), 1);
	reading_end(&r);
	buf_free(&b);
}
END_TEST

START_TEST(merge_key_in_quotes_is_a_key)
{
	read_text("\"<<\": 1\n");
	reading_clean(&r);
	reading_end(&r);
}
END_TEST

START_TEST(tabs_where_they_may_be)
{
	read_text("a: 1 #\tx\n#\ty\nb: \"c\td\"\ne: 'f\tg'\nh: |\n  i\tj\n");
	reading_clean(&r);
	reading_end(&r);
}
END_TEST

/* ---- sizes ---- */

static void repeat(struct buf *b, const char *what, size_t n)
{
	while (n--)
		buf_puts(b, what);
}

START_TEST(nesting)
{
	struct buf b = { 0 };

	repeat(&b, "[", 64);
	repeat(&b, "]", 64);
	ck_assert_ptr_nonnull(read_bytes(b.p, b.n));
	reading_clean(&r);
	reading_end(&r);
	buf_free(&b);
	repeat(&b, "[", 65);
	repeat(&b, "]", 65);
	ck_assert_ptr_null(read_bytes(b.p, b.n));
	reading_expect(&r, 2017, 1, 65);
	reading_end(&r);
	buf_free(&b);
}
END_TEST

/* Each takes a moment only. */
static const struct { const char *head, *again; size_t times; } hostile[] = {
	{ "", "[", 10000 }, { "", "{ a: ", 10000 }, { "", "- ", 1000000 }, { "", "? ", 1000000 },
	{ "", "a: ", 1000000 }, { "a: |\n", "  x\n", 500000 }, { "a: >\n", "\n", 2000000 },
	{ "a: ", "x \n ", 500000 }, { "", "#\n", 1000000 }, { "", "\t", 2000000 }, { "", "- call: a {\n", 200000 },
	{ "", "k: 1\n", 200000 }, { "a: \"", "\xC3\xA9\\n", 500000 }, { "", "&a [ *a, ", 10000 },
	{ "a: ", "#", 2000000 }, { "", "*a: ", 100000 }, { "", "\xEF\xBB\xBF", 100000 },
};

START_TEST(survives)
{
	struct buf b = { 0 };

	buf_puts(&b, hostile[_i].head);
	repeat(&b, hostile[_i].again, hostile[_i].times);
	read_bytes(b.p, b.n);
	reading_end(&r);
	buf_free(&b);
}
END_TEST

START_TEST(too_many_values)
{
	struct buf b = { 0 };

	buf_putc(&b, '[');
	repeat(&b, "a,", 2097152);
	buf_putc(&b, ']');
	ck_assert_ptr_null(read_bytes(b.p, b.n));
	ck_assert_uint_eq(r.diags->n, 1);
	ck_assert_uint_eq(r.diags->list[0]->code, 9030);
	reading_end(&r);
	buf_free(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("yaml");
	TCase *t = tcase_create("yaml");
	SRunner *run;
	int failed;

	tcase_add_test(t, tree);
	tcase_add_test(t, spans_count_bytes_after_wide_characters);
	tcase_add_test(t, block_text);
	tcase_add_test(t, comments);
	tcase_add_test(t, calls_need_no_quotes);
	tcase_add_loop_test(t, refuses, 0, sizeof refused / sizeof *refused);
	tcase_add_test(t, goes_on_to_find_the_rest);
	tcase_add_test(t, twice_among_many_keys);
	tcase_add_test(t, merge_key_in_quotes_is_a_key);
	tcase_add_test(t, tabs_where_they_may_be);
	tcase_add_test(t, nesting);
	tcase_add_loop_test(t, survives, 0, sizeof hostile / sizeof *hostile);
	tcase_add_test(t, too_many_values);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	run = srunner_create(s);
	srunner_run_all(run, CK_ENV);
	failed = srunner_ntests_failed(run);
	srunner_free(run);
	return failed != 0;
}
