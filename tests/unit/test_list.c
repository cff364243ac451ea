/* Lists: any, all, sizes, nested lists, records; against the naive matcher over every short
 * list of a few elements. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/diagrams.h"

static const char *const element[] = { "", "a", "b", "ab" };
enum { ELEMENTS = 4 };

/* Every list of up to three of the elements. */
static void items_agree(const struct cond *c)
{
	uint32_t f = dd_cond(m, c);

	dd_check(m, f);
	for (uint32_t n = 0; n <= 3; n++)
		for (uint32_t k = 0; k < (n == 0 ? 1u : n == 1 ? ELEMENTS : n == 2 ? ELEMENTS * ELEMENTS : ELEMENTS * ELEMENTS * ELEMENTS); k++) {
			struct krux_value x = text(element[k % ELEMENTS]), y = text(element[k / ELEMENTS % ELEMENTS]),
			                  z = text(element[k / ELEMENTS / ELEMENTS % ELEMENTS]);
			struct ask q = ask_plain();

			ask_set(&q, F_ITEMS, n == 0 ? list(0) : n == 1 ? list(1, x) : n == 2 ? list(2, x, y) : list(3, x, y, z));
			ck_assert_uint_eq(ask_eval(f, &q) == DD_TRUE, naive(c, &q));
		}
	agree(c, f, 4);
}

static const struct cond *is(const char *s)
{
	return text_in(on_it(on_field(F_ITEMS)), LANG_LITERALS, s);
}

static const struct cond *any_is(const char *s)
{
	return c_any(on_field(F_ITEMS), is(s));
}

START_TEST(any_and_all)
{
	struct subject items = on_field(F_ITEMS), it = on_it(items);

	items_agree(any_is("a"));
	items_agree(c_not(c_any(items, c_not(is("a")))));
	items_agree(c_and(any_is("a"), any_is("b")));
	items_agree(c_or(any_is("a"), c_not(any_is("b"))));
	items_agree(c_and(c_and(any_is("a"), any_is("b")), any_is("ab")));
	items_agree(c_and(any_is(""), c_not(c_any(items, text_in(it, LANG_SUFFIX, "b")))));
	items_agree(c_any(items, c_and(text_in(it, LANG_PREFIX, "a"), c_not(is("a")))));
	items_agree(c_any(items, number_in(on_size(it), 1, 2)));
	items_agree(c_and(any_is("a"), number_in(on_size(items), 1, 1)));
	items_agree(c_and(c_and(any_is("a"), any_is("b")), number_in(on_size(items), 0, 2)));
	items_agree(c_or(c_and(any_is("a"), number_in(on_size(items), 2, 3)), c_and(any_is("b"), number_in(on_size(items), 0, 1))));
}
END_TEST

START_TEST(random_conditions_on_items)
{
	random_start((uint64_t)_i + 1);
	for (int i = 0; i < 15; i++) {
		static const char *const pick[] = { "", "a", "b", "ab", "c" };
		const struct cond *c = any_is(pick[random_below(5)]);

		for (uint32_t k = random_below(4); k; k--) {
			const struct cond *d = random_below(3) ? any_is(pick[random_below(5)])
			                       : number_in(on_size(on_field(F_ITEMS)), random_below(2), 1 + random_below(3));

			c = random_below(2) ? c_and(c, d) : c_or(c, d);
			c = random_below(3) ? c : c_not(c);
		}
		items_agree(c);
	}
}
END_TEST

/* Same meaning, same node. */
START_TEST(canonical)
{
	struct subject items = on_field(F_ITEMS);
	uint32_t a = dd_cond(m, any_is("a")), b = dd_cond(m, any_is("b"));

	ck_assert_uint_eq(dd_or(m, a, b), dd_cond(m, c_any(items, c_or(is("a"), is("b")))));
	ck_assert_uint_eq(dd_or(m, a, b), dd_or(m, b, a));
	ck_assert_uint_eq(dd_and(m, a, dd_or(m, a, b)), a);
	ck_assert_uint_eq(dd_cond(m, c_any(items, c_and(is("a"), is("b")))), DD_FALSE);
	ck_assert_uint_eq(dd_not(m, dd_and(m, a, b)), dd_or(m, dd_not(m, a), dd_not(m, b)));
	/* any(xs, true) is size(xs) > 0. */
	ck_assert(!dd_differ(m, dd_cond(m, c_any(items, c_or(is("a"), c_not(is("a"))))), dd_cond(m, number_in(on_size(items), 1, 3))));
}
END_TEST

/* A class needs as many elements as it has seen, and lists have at most three. */
START_TEST(lengths)
{
	struct subject items = on_field(F_ITEMS);
	const struct cond *two = c_and(any_is("a"), any_is("b")), *three = c_and(two, any_is("c")), *four = c_and(three, any_is("d"));

	ck_assert_uint_eq(dd_cond(m, four), DD_FALSE);
	ck_assert_uint_ne(dd_cond(m, three), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, c_and(two, number_in(on_size(items), 0, 1))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(m, c_and(two, number_in(on_size(items), 2, 3))), dd_cond(m, two));
	ck_assert_uint_eq(dd_cond(m, c_and(three, number_in(on_size(items), 3, 3))), dd_cond(m, three));
	ck_assert_uint_eq(dd_cond(m, c_and(three, number_in(on_size(items), 0, 2))), DD_FALSE);
	/* All three are different ones, so nothing else is there. */
	ck_assert(!dd_satisfiable(m, dd_cond(m, c_and(three, any_is("aa")))));
}
END_TEST

START_TEST(nested_lists)
{
	struct subject outer = on_field(F_NESTED), inner = on_it(outer), it = on_it(inner);
	const struct cond *b = c_any(inner, number_in(it, 1, 1)), *empty = number_in(on_size(inner), 0, 0);

	agree(c_any(outer, b), dd_cond(m, c_any(outer, b)), 300);
	agree(c_any(outer, c_not(b)), dd_cond(m, c_any(outer, c_not(b))), 300);
	agree(c_and(c_any(outer, empty), c_any(outer, b)), dd_cond(m, c_and(c_any(outer, empty), c_any(outer, b))), 300);
	ck_assert_uint_eq(dd_cond(m, c_any(outer, c_and(empty, b))), DD_FALSE);
	/* An empty list, one with a, one with b: two have room. */
	ck_assert_uint_eq(dd_cond(m, c_and(c_and(c_any(outer, empty), c_any(outer, c_and(b, c_not(c_any(inner, number_in(it, 0, 0)))))),
	                                   c_any(outer, c_and(c_not(b), c_any(inner, number_in(it, 0, 0)))))), DD_FALSE);
}
END_TEST

START_TEST(records)
{
	struct subject of = on_field(F_RECORDS);
	const struct cond *path = text_in(on_it_part(of, P_PATH), LANG_UNDER_PATH, "/a");
	const struct cond *n = number_in(on_it_part(of, P_INT), (uint64_t)-1, 1);
	const struct cond *has = number_in(on_has(on_it_part(of, P_MAYBE)), 1, 1);
	const struct cond *maybe = c_and(has, text_in(on_it_part(of, P_MAYBE), LANG_PREFIX, "a"));
	const struct cond *c[] = {
		c_any(of, path), c_any(of, c_and(path, n)), c_and(c_any(of, path), c_any(of, n)), c_any(of, maybe),
		c_not(c_any(of, c_not(c_or(maybe, path)))), c_any(of, c_and(c_not(has), n)),
		c_and(c_any(of, c_and(path, n)), number_in(on_size(of), 2, 2)),
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		agree(c[i], dd_cond(m, c[i]), 300);
	/* Some element is both: more than both of some elements. */
	ck_assert(dd_differ(m, dd_cond(m, c[1]), dd_cond(m, c[2])));
	ck_assert(!dd_satisfiable(m, dd_and(m, dd_cond(m, c[1]), dd_not(m, dd_cond(m, c[2])))));
}
END_TEST

START_TEST(outer_tests)
{
	struct subject items = on_field(F_ITEMS), of = on_field(F_RECORDS);
	const struct cond *n = number_in(on_field(F_NUMBER), 5, 9), *p = text_in(on_field(F_PATH), LANG_UNDER_PATH, "/a");
	const struct cond *c = c_any(items, c_or(c_and(n, is("a")), c_and(p, c_not(is("b")))));
	const struct cond *d = c_any(items, c_any(of, c_or(c_and(n, text_in(on_it_part(of, P_PATH), LANG_UNDER_PATH, "/a")), p)));

	agree(c, dd_cond(m, c), 400);
	agree(d, dd_cond(m, d), 400);
	/* A body that asks nothing of the element asks for one. */
	c = c_any(items, n);
	agree(c, dd_cond(m, c), 100);
	ck_assert(!dd_differ(m, dd_cond(m, c), dd_cond(m, c_and(n, number_in(on_size(items), 1, 3)))));
}
END_TEST

/* Elements that cannot be: the list is empty. */
static const struct krux_type t_none = { .kind = KRUX_T_STRING, .max = 3, .pattern = { "a{5}", 4 } };
static const struct krux_type t_nones = { .kind = KRUX_T_LIST, .max = 10, .elem = &t_none };
static const struct krux_type t_text = { .kind = KRUX_T_STRING, .max = 3 };
static const struct krux_type t_many = { .kind = KRUX_T_LIST, .max = 65536, .elem = &t_text };
static const struct krux_type t_zero = { .kind = KRUX_T_LIST, .max = 0, .elem = &t_text };
static const struct krux_field f_lists[] = {
	{ .name = { "nones", 5 }, .type = &t_nones }, { .name = { "many", 4 }, .type = &t_many }, { .name = { "zero", 4 }, .type = &t_zero },
};
static const struct krux_type t_lists = { .kind = KRUX_T_RECORD, .field = f_lists, .nfields = 3 };
static const struct krux_type t_dead = { .kind = KRUX_T_RECORD, .nfields = 1,
	.field = &(const struct krux_field){ .name = { "none", 4 }, .type = &t_none } };
static const struct capability lists = { .name = { "test.lists", 10 }, .input = &t_lists };
static const struct capability dead = { .name = { "test.dead", 9 }, .input = &t_dead };
static const uint16_t step[] = { 0, 1, 2 };

static struct subject list_field(unsigned i)
{
	return (struct subject){ .kind = SUBJECT_FIELD, .access = { &step[i], 1, f_lists[i].type, f_lists[i].name },
	                         .type = f_lists[i].type };
}

START_TEST(impossible_elements)
{
	struct subject nones = list_field(0), zero = list_field(2);
	struct dd *other = dd_new(&lists);

	ck_assert_uint_eq(dd_cond(other, c_any(nones, text_in(on_it(nones), LANG_PREFIX, "a"))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(other, c_any(nones, c_not(text_in(on_it(nones), LANG_PREFIX, "a")))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(other, number_in(on_size(nones), 1, 10)), DD_FALSE);
	ck_assert_uint_eq(dd_cond(other, c_any(zero, text_in(on_it(zero), LANG_PREFIX, "a"))), DD_FALSE);
	ck_assert_uint_eq(dd_cond(other, number_in(on_size(zero), 0, 0)), DD_TRUE);
	dd_free(other);
	other = dd_new(&dead);
	ck_assert(!dd_satisfiable(other, DD_TRUE));
	ck_assert(!dd_differ(other, DD_TRUE, DD_FALSE));
	ck_assert(!dd_witness(other, arena, DD_TRUE, DD_TRUE, &(struct dd_witness){ 0 }));
	dd_free(other);
}
END_TEST

START_TEST(long_lists)
{
	struct subject many = list_field(1);
	struct dd *other = dd_new(&lists);
	const struct cond *c = c_and(number_in(on_size(many), 60000, 65536), c_any(many, text_in(on_it(many), LANG_LITERALS, "b")));
	uint32_t f = dd_cond(other, c);
	struct dd_witness w;
	struct dd_request r;

	ck_assert(dd_witness(other, arena, f, DD_TRUE, &w));
	ck_assert_uint_eq(krux_value_get(&w.args, "many")->list.n, 60000);
	r = (struct dd_request){ w.agent, &w.args, NULL, NULL };
	ck_assert_uint_eq(dd_eval(other, f, &r), DD_TRUE);
	dd_free(other);
}
END_TEST

/* k tests of one verdict are one. */
START_TEST(growth)
{
	struct subject of = on_field(F_RECORDS);
	uint32_t f = DD_FALSE;
	size_t n;

	for (int i = 0; i < 40; i++) {
		char path[16];

		snprintf(path, sizeof path, "/d%02d", i);
		f = dd_or(m, f, dd_cond(m, c_any(of, text_in(on_it_part(of, P_PATH), LANG_UNDER_PATH, arena_copy(arena, path, strlen(path))))));
	}
	n = dd_count(m, f);
	ck_assert_uint_le(n, 60);
	ck_assert_uint_eq(dd_get(m, f)->fa->nstates, 2);
}
END_TEST

START_TEST(too_many_states)
{
	struct subject many = list_field(1);
	struct dd *other = dd_new(&lists);
	uint32_t f = DD_FALSE;

	/* Is an even number of the letters there: 2 to the 16 sets to tell apart. */
	for (int i = 0; i < 16 && !dd_overflow(other); i++) {
		char s[2] = { (char)('a' + i), 0 };
		uint32_t g = dd_cond(other, c_any(many, text_in(on_it(many), LANG_LITERALS, arena_copy(arena, s, 1))));

		f = dd_ite(other, f, dd_not(other, g), g);
	}
	ck_assert_ptr_nonnull(dd_overflow(other));
	ck_assert_uint_eq(f, DD_IMPOSSIBLE);
	dd_free(other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("list");
	TCase *t = tcase_create("list");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, diagrams_start, diagrams_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, any_and_all);
	tcase_add_loop_test(t, random_conditions_on_items, 0, 4);
	tcase_add_test(t, canonical);
	tcase_add_test(t, lengths);
	tcase_add_test(t, nested_lists);
	tcase_add_test(t, records);
	tcase_add_test(t, outer_tests);
	tcase_add_test(t, impossible_elements);
	tcase_add_test(t, long_lists);
	tcase_add_test(t, growth);
	tcase_add_test(t, too_many_states);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
