/* tree: a path and everything below it, against what holds under each short path. */
#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "tests/unit/diagrams.h"

enum { LETTERS = 4 };                /* of the paths that are tried */

static bool is_path(const char *s)
{
	char canon[64];
	const char *why;
	struct krux_str in = { s, strlen(s) };
	int n = krux_canon_path(in, canon, sizeof canon, &why);

	return n == (int)in.n && !memcmp(canon, s, in.n);
}

/* The next text of at most n letters, shorter ones first; false after the last. */
static bool text_next(char *s, size_t n)
{
	static const char letters[] = "/ab.";
	size_t len = strlen(s);

	for (size_t i = len; i-- > 0;) {
		const char *at = strchr(letters, s[i]);

		if (at[1]) {
			s[i] = at[1];
			return true;
		}
		s[i] = letters[0];
	}
	if (len == n)
		return false;
	memset(s, letters[0], len + 1);
	s[len + 1] = 0;
	return true;
}

struct is {
	uint32_t value;
};

static uint32_t is_value(void *ctx, uint32_t a)
{
	return a == ((const struct is *)ctx)->value ? DD_TRUE : DD_FALSE;
}

/* op over the values that f has somewhere at or below the path. */
static uint32_t below(const char *path, uint32_t f, dd_op *op)
{
	uint32_t under = dd_cond(m, text_in(on_field(F_PATH), LANG_UNDER_PATH, path)), sum = DD_IMPOSSIBLE;

	for (uint32_t value = DD_FALSE; value < 8; value++) {
		struct is is = { value };

		if (dd_satisfiable(m, dd_and(m, under, dd_map(m, is_value, &is, f))))
			sum = sum == DD_IMPOSSIBLE ? value : op(NULL, sum, value);
	}
	return sum;
}

static uint32_t least(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a < b ? a : b;
}

static uint32_t either(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a == DD_TRUE ? a : b;
}

static void tree_check(uint32_t f, uint32_t got, dd_op *op)
{
	char s[32] = "";

	ck_assert_ptr_null(dd_overflow(m));
	dd_check(m, got);
	do {
		struct ask q = ask_plain();
		uint32_t have;

		if (!is_path(s))
			continue;
		ask_set(&q, F_PATH, text(s));
		have = ask_eval(got, &q);
		ck_assert_msg(have == below(arena_copy(arena, s, strlen(s)), f, op), "%s: %u", s, have);
	} while (text_next(s, LETTERS));
}

static const struct { enum language_kind kind; const char *text; } some[] = {
	{ LANG_UNDER_PATH, "/a" }, { LANG_UNDER_PATH, "/a/b" }, { LANG_LITERALS, "/" }, { LANG_LITERALS, "/a/b" },
	{ LANG_GLOB, "**/a" }, { LANG_GLOB, "**/b/**" }, { LANG_GLOB, "/*/a" }, { LANG_GLOB, "**/.*" }, { LANG_SUFFIX, "ab" },
	{ LANG_SUBSTRING, "a/b" }, { LANG_REGEX, "/a+" }, { LANG_REGEX, "(/..)*" }, { LANG_PREFIX, "/ab" },
};
enum { SOME = sizeof some / sizeof *some };

static const struct cond *path_test(uint32_t i)
{
	return text_in(on_field(F_PATH), some[i].kind, some[i].text);
}

/* Of three tests, by number. */
static uint32_t layers(const uint32_t *test)
{
	uint32_t f = dd_ite(m, dd_cond(m, path_test(test[0])), dd_terminal(m, 3), dd_terminal(m, 5));

	f = dd_ite(m, dd_cond(m, path_test(test[1])), dd_terminal(m, 4), f);
	return dd_ite(m, dd_cond(m, path_test(test[2])), f, dd_terminal(m, 6));
}

START_TEST(strictest_of_all_below)
{
	struct access at = on_field(F_PATH).access;

	random_start((uint64_t)_i + 1);
	for (int k = 0; k < 6; k++) {
		uint32_t test[] = { random_below(SOME), random_below(SOME), random_below(SOME) }, f = layers(test);

		dd_tree_begin(m, &at);
		tree_check(f, dd_tree(m, &at, 7, least, NULL, layers(test)), least);
	}
}
END_TEST

START_TEST(any_below)
{
	struct subject p = on_field(F_PATH);

	for (uint32_t i = 0; i < SOME; i++) {
		uint32_t f = dd_cond(m, path_test(i)), g = dd_cond(m, c_any_tree(p, text_in(on_it(p), some[i].kind, some[i].text)));

		tree_check(f, g, either);
	}
}
END_TEST

/* What others test does not come into it; sizes of the path do. */
/* c of each path, and of a path and all below it. */
static uint32_t summed(const struct cond *c, uint32_t *one)
{
	struct access at = on_field(F_PATH).access;

	*one = dd_cond(m, c);
	dd_tree_begin(m, &at);
	return dd_tree(m, &at, 8, either, NULL, dd_cond(m, c));
}

/* What others test does not come into it; sizes of the path do. */
START_TEST(other_fields_and_sizes)
{
	struct subject p = on_field(F_PATH);
	uint32_t f, g = summed(c_and(path_test(4), number_in(on_field(F_NUMBER), 3, 9)), &f);
	struct ask q = ask_plain();

	ask_set(&q, F_PATH, text("/b/b"));
	ck_assert_uint_eq(ask_eval(g, &q), DD_FALSE);
	ask_set(&q, F_NUMBER, number(5));
	ck_assert_uint_eq(ask_eval(f, &q), DD_FALSE);
	ck_assert_uint_eq(ask_eval(g, &q), DD_TRUE);
	/* Exactly 6 bytes, and ends in a. */
	g = summed(c_and(number_in(on_size(p), 6, 6), text_in(p, LANG_SUFFIX, "a")), &f);
	tree_check(f, g, either);
	g = summed(number_in(on_size(p), 5, 6), &f);
	tree_check(f, g, either);
	g = dd_cond(m, c_any_tree(p, number_in(on_size(on_it(p)), 5, 6)));
	tree_check(f, g, either);
	g = dd_cond(m, c_any_tree(p, c_and(number_in(on_size(on_it(p)), 6, 6), text_in(on_it(p), LANG_SUFFIX, "a"))));
	tree_check(dd_cond(m, c_and(number_in(on_size(p), 6, 6), text_in(p, LANG_SUFFIX, "a"))), g, either);
}
END_TEST

/* Below a path that is as long as the field allows lies what is longer, and has that size. */
START_TEST(longer_below)
{
	struct subject p = on_field(F_PATH);
	struct access at = p.access;
	uint32_t max = (uint32_t)p.type->max, f, g, any;
	const struct cond *full = number_in(on_size(p), max, max);
	char longest[8192];
	struct ask q = ask_plain();

	ck_assert_uint_lt(max, sizeof longest);
	memset(longest, 'a', max);
	longest[0] = '/';
	/* From everywhere something is reached that is full, and from full paths nothing else. */
	any = dd_cond(m, c_any_tree(p, number_in(on_size(on_it(p)), max, max)));
	g = summed(full, &f);
	ck_assert(!dd_differ(m, g, dd_terminal(m, DD_TRUE)));
	ck_assert(!dd_differ(m, any, g));
	dd_tree_begin(m, &at);
	g = dd_tree(m, &at, 10, least, NULL, dd_ite(m, dd_cond(m, full), dd_terminal(m, 5), dd_terminal(m, 4)));
	for (uint32_t n = max - 3; n <= max; n++) {
		ask_set(&q, F_PATH, (struct krux_value){ .kind = KRUX_V_TEXT, .str = { longest, n } });
		ck_assert_uint_eq(ask_eval(f, &q), n == max ? DD_TRUE : DD_FALSE);
		ck_assert_uint_eq(ask_eval(g, &q), n == max ? 5 : 4);
	}
}
END_TEST

/* A class that no value of the field is in, and something below one is. */
START_TEST(only_below)
{
	struct subject p = on_field(F_PATH);
	char text_of[8192];
	uint32_t max = (uint32_t)p.type->max, f, g;
	struct ask q = ask_plain();

	memset(text_of, 'b', sizeof text_of);
	text_of[0] = '/';
	text_of[max - 2] = 0;
	g = summed(c_and(text_in(p, LANG_PREFIX, text_of), text_in(p, LANG_SUFFIX, "/abc")), &f);
	ck_assert(!dd_satisfiable(m, f));
	ask_set(&q, F_PATH, text(text_of));
	ck_assert_uint_eq(ask_eval(g, &q), DD_TRUE);
	ask_set(&q, F_PATH, text("/b/b"));
	ck_assert_uint_eq(ask_eval(g, &q), DD_FALSE);
	g = dd_cond(m, c_any_tree(p, c_and(text_in(on_it(p), LANG_PREFIX, text_of), text_in(on_it(p), LANG_SUFFIX, "/abc"))));
	ck_assert(!dd_differ(m, g, summed(c_and(text_in(p, LANG_PREFIX, text_of), text_in(p, LANG_SUFFIX, "/abc")), &f)));
}
END_TEST

START_TEST(outer_tests_are_hoisted)
{
	struct subject p = on_field(F_PATH);
	const struct cond *it = text_in(on_it(p), LANG_SUFFIX, "a"), *out = path_test(5), *n = number_in(on_field(F_NUMBER), 1, 1);
	uint32_t f = dd_cond(m, c_any_tree(p, c_or(c_and(it, out), c_and(n, c_not(it)))));
	uint32_t any_it = dd_cond(m, c_any_tree(p, it)), any_not = dd_cond(m, c_any_tree(p, c_not(it)));

	ck_assert(!dd_differ(m, f, dd_or(m, dd_and(m, any_it, dd_cond(m, out)), dd_and(m, dd_cond(m, n), any_not))));
	ck_assert_uint_eq(any_it, DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, c_any_tree(p, path_test(0))), dd_cond(m, path_test(0)));
}
END_TEST

START_TEST(below_a_constant)
{
	struct subject p = on_field(F_PATH), it = on_it(p);
	const struct cond *n = number_in(on_field(F_NUMBER), 1, 1);

	ck_assert_uint_eq(dd_cond(m, c_any_below("/a", text_in(it, LANG_UNDER_PATH, "/a/b"))), DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, c_any_below("/a", text_in(it, LANG_UNDER_PATH, "/"))), DD_TRUE);
	ck_assert_uint_eq(dd_cond(m, c_any_below("/a", text_in(it, LANG_UNDER_PATH, "/b"))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, c_any_below("/a", text_in(it, LANG_LITERALS, "/"))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, c_any_below("/a", c_and(n, text_in(it, LANG_SUFFIX, "x")))), dd_cond(m, n));
	ck_assert_uint_eq(dd_cond(m, c_any_below("/abc", number_in(on_size(it), 0, 3))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, c_any_below("/abc", number_in(on_size(it), 0, 4))), DD_TRUE);
}
END_TEST

/* Protected names: what lies above one may hold it. */
/* Protected names: what lies above one may hold it. */
START_TEST(moved_trees)
{
	struct access at = on_field(F_PATH).access;
	uint32_t f, g;
	struct dd_witness w;

	dd_tree_begin(m, &at);
	f = dd_ite(m, dd_cond(m, text_in(on_field(F_PATH), LANG_GLOB, "**/.git/hooks/**")), dd_terminal(m, 3),
	           dd_ite(m, dd_cond(m, text_in(on_field(F_PATH), LANG_UNDER_PATH, "/w")), dd_terminal(m, 5), dd_terminal(m, 4)));
	g = dd_tree(m, &at, 9, least, NULL, f);
	/* Any folder may hold .git/hooks. */
	ck_assert_uint_eq(g, dd_terminal(m, 3));
	dd_tree_begin(m, &at);
	f = dd_ite(m, dd_cond(m, text_in(on_field(F_PATH), LANG_UNDER_PATH, "/w/secret")), dd_terminal(m, 3), dd_terminal(m, 5));
	g = dd_tree(m, &at, 9, least, NULL, f);
	ck_assert(dd_witness(m, arena, g, 3, &w));
	ck_assert(dd_witness(m, arena, g, 5, &w));
	for (int i = 0; i < 5; i++) {
		static const char *const path[] = { "/", "/w", "/w/secret", "/w/secret/x", "/w/s" };
		struct ask q = ask_plain();

		ask_set(&q, F_PATH, text(path[i]));
		ck_assert_uint_eq(ask_eval(g, &q), i == 4 ? 5 : 3);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, strictest_of_all_below, 0, 3);
	tcase_add_test(t, any_below);
	tcase_add_test(t, other_fields_and_sizes);
	tcase_add_test(t, longer_below);
	tcase_add_test(t, only_below);
	tcase_add_test(t, outer_tests_are_hoisted);
	tcase_add_test(t, below_a_constant);
	tcase_add_test(t, moved_trees);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
