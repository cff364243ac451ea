/* Lengths of classes: regular languages whose lengths are periodic, the coupling of texts and
 * sizes, and sizes far away. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/diagrams.h"

/* ---- a capability of one long text ---- */

static const struct krux_type t_long = { .kind = KRUX_T_STRING, .max = 16777216 };
static const struct krux_type t_odd = { .kind = KRUX_T_STRING, .max = 1000, .pattern = { "(aa)*a|b{7}", 11 } };
static const struct krux_type t_octets = { .kind = KRUX_T_BYTES, .max = 16777216 };
static const struct krux_field one[] = {
	{ .name = { "content", 7 }, .type = &t_long }, { .name = { "odd", 3 }, .type = &t_odd },
	{ .name = { "data", 4 }, .type = &t_octets },
};
static const struct krux_type input = { .kind = KRUX_T_RECORD, .field = one, .nfields = 3 };
static const struct capability long_text = { .name = { "test.long", 9 }, .input = &input };
static const uint16_t step[] = { 0, 1, 2 };

static struct subject field(unsigned i)
{
	return (struct subject){ .kind = SUBJECT_FIELD, .access = { &step[i], 1, one[i].type, one[i].name }, .type = one[i].type };
}

static void long_start(void)
{
	arena = arena_new();
	m = dd_new(&long_text);
}

static struct krux_str witness_text(uint32_t f, const char *name)
{
	struct dd_witness w;
	struct dd_request r;

	ck_assert(dd_witness(m, arena, f, DD_TRUE, &w));
	r = (struct dd_request){ w.agent, &w.args, NULL, NULL };
	ck_assert_uint_eq(dd_eval(m, f, &r), DD_TRUE);
	return krux_value_get(&w.args, name)->str;
}

/* ---- sets, against words counted one by one ---- */

/* Lengths of regex that are accepted, by asking for each size. */
static bool has_length(const char *regex, uint64_t n)
{
	return dd_satisfiable(m, dd_cond(m, c_and(text_in(field(0), LANG_REGEX, regex), number_in(on_size(field(0)), n, n))));
}

START_TEST(periodic)
{
	for (uint64_t n = 0; n < 60; n++) {
		ck_assert_uint_eq(has_length("(aaa)*", n), n % 3 == 0);
		ck_assert_uint_eq(has_length("(aaa)*b|(aaaaa)*", n), n % 3 == 1 || n % 5 == 0);
		ck_assert_uint_eq(has_length("(aaa|bbbbb)*", n), n == 0 || n == 3 || n == 5 || n == 6 || n >= 8);
		ck_assert_uint_eq(has_length("a{10,12}", n), n >= 10 && n <= 12);
		ck_assert_uint_eq(has_length("\xC3\xA9*", n), n % 2 == 0);
		ck_assert_uint_eq(has_length("[\xC3\xA9\xE2\x82\xAC]*", n), n != 1);
		ck_assert_uint_eq(has_length("\xF0\x9F\x98\x80+", n), n && n % 4 == 0);
		ck_assert_uint_eq(has_length("(a{7})*(b{11})*", n), true == (n % 7 == 0 || (n >= 11 && (n - 11) % 7 == 0) ||
		                  (n >= 22 && (n - 22) % 7 == 0) || (n >= 33 && (n - 33) % 7 == 0) || (n >= 44 && (n - 44) % 7 == 0) ||
		                  (n >= 55 && (n - 55) % 7 == 0)));
	}
	/* Far out. */
	ck_assert(has_length("(aaa)*", 16777215));
	ck_assert(!has_length("(aaa)*", 16777216));
	ck_assert(has_length("(a{7})*(b{11})*", 16777216));
	ck_assert(!has_length("(a{16})*b", 16777216));
}
END_TEST

/* Size tests that a class decides are decided. */
START_TEST(coupled)
{
	struct subject s = field(0), odd = field(1);
	uint32_t f, g;

	f = dd_cond(m, c_and(text_in(s, LANG_LITERALS, "abc"), number_in(on_size(s), 0, 100)));
	ck_assert_uint_eq(f, dd_cond(m, text_in(s, LANG_LITERALS, "abc")));
	f = dd_cond(m, c_and(text_in(s, LANG_LITERALS, "abc"), number_in(on_size(s), 4, 100)));
	ck_assert_uint_eq(f, DD_FALSE);
	/* The same function, told by text or by size. */
	f = dd_cond(m, text_in(s, LANG_LITERALS, ""));
	g = dd_cond(m, number_in(on_size(s), 0, 0));
	ck_assert_uint_ne(f, g);
	ck_assert(!dd_differ(m, f, g));
	ck_assert(dd_differ(m, f, dd_cond(m, number_in(on_size(s), 0, 1))));
	ck_assert(!dd_satisfiable(m, dd_and(m, f, dd_not(m, g))));
	/* One scalar takes one to four bytes. */
	f = dd_cond(m, text_in(s, LANG_REGEX, "."));
	ck_assert(!dd_satisfiable(m, dd_and(m, f, dd_cond(m, number_in(on_size(s), 5, 9)))));
	ck_assert(dd_satisfiable(m, dd_and(m, f, dd_cond(m, number_in(on_size(s), 4, 9)))));
	ck_assert(!dd_differ(m, f, dd_and(m, f, dd_cond(m, number_in(on_size(s), 1, 4)))));
	/* A pattern bounds the sizes of the field before anything is asked of its text. */
	ck_assert_uint_eq(dd_cond(m, number_in(on_size(odd), 8, 8)), DD_FALSE);
	ck_assert_uint_ne(dd_cond(m, number_in(on_size(odd), 9, 9)), DD_FALSE);
	f = dd_cond(m, c_and(number_in(on_size(odd), 7, 7), text_in(odd, LANG_SUBSTRING, "b")));
	ck_assert_uint_eq(f, dd_cond(m, text_in(odd, LANG_LITERALS, "bbbbbbb")));
}
END_TEST

START_TEST(exact_sizes)
{
	static const uint64_t size[] = { 0, 1, 10241, 65536, 1000003, 16777215, 16777216 };
	struct subject s = field(0), data = field(2);

	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		uint32_t f = dd_cond(m, number_in(on_size(s), size[i], size[i]));

		ck_assert_uint_eq(witness_text(f, "content").n, size[i]);
		f = dd_cond(m, number_in(on_size(data), size[i], size[i]));
		ck_assert_uint_eq(witness_text(f, "data").n, size[i]);
	}
	for (size_t i = 2; i < sizeof size / sizeof *size; i++) {
		uint64_t n = size[i] / 15 * 15;
		const struct cond *c = c_and(text_in(s, LANG_REGEX, "x((\xC3\xA9\xE2\x82\xAC|aaa)*b?){2}|(abcde|fgh)*"),
		                             number_in(on_size(s), n, n));
		uint32_t f = dd_cond(m, c_and(c, c_not(text_in(s, LANG_PREFIX, "x"))));

		ck_assert_uint_eq(witness_text(f, "content").n, n);
	}
	/* More than 10 KiB, and holds something. */
	ck_assert_uint_eq(witness_text(dd_cond(m, c_and(number_in(on_size(s), 10241, 16777216), text_in(s, LANG_SUBSTRING, "secret"))),
	                               "content").n, 10241);
}
END_TEST

/* Loops of coprime lengths: the pattern of lengths takes long to repeat. */
START_TEST(hostile_periods)
{
	uint32_t f = dd_cond(m, c_and(text_in(field(0), LANG_REGEX,
		"(a{2})*|(a{3})*b|(a{5})*c|(a{7})*d|(a{11})*e|(a{13})*f|(a{17})*g|(a{19})*h|(a{23})*i|(a{29})*j"),
		number_in(on_size(field(0)), 1000000, 2000000)));

	/* An answer or a limit, soon. */
	ck_assert(dd_overflow(m) || dd_satisfiable(m, f));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("length");
	TCase *t = tcase_create("length");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, long_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, periodic);
	tcase_add_test(t, coupled);
	tcase_add_test(t, exact_sizes);
	tcase_add_test(t, hostile_periods);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
