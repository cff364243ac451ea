/* When it looks before it sleeps, by waits that the tests make up. */
#include "runtime/base/eager.h"

#include <check.h>
#include <sched.h>

static struct eager e;

static void setup(void)
{
	e = (struct eager){ .able = true, .next = EAGER_REST };
}

static void waits(unsigned n, uint64_t ns)
{
	while (n--)
		eager_waited(&e, ns, 1);
}

static void warm(void)
{
	waits(EAGER_AFTER, eager_soon);
	ck_assert(eager_looks(&e));
}

/* Looks until it rests, then for how many waits it does. */
static unsigned rest(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < EAGER_MISSES; i++) {
		ck_assert(eager_looks(&e));
		eager_looked(&e, false);
		eager_waited(&e, eager_soon, 1);
	}
	while (!eager_looks(&e)) {
		eager_waited(&e, eager_soon, 1);
		ck_assert_uint_le(++n, 2 * EAGER_REST_MOST);
	}
	return n;
}

START_TEST(it_sleeps_until_waits_have_been_short)
{
	ck_assert(!eager_looks(&e));
	waits(EAGER_AFTER - 1, 0);
	ck_assert(!eager_looks(&e));
	waits(1, 0);
	ck_assert(eager_looks(&e));
}
END_TEST

START_TEST(one_long_wait_and_it_sleeps_again)
{
	warm();
	waits(1, eager_soon + 1);
	ck_assert(!eager_looks(&e));
	warm();
}
END_TEST

/* Who has many things to do does not wait for the next. */
START_TEST(a_crowd_is_no_reason_to_look)
{
	for (unsigned i = 0; i < 10 * EAGER_AFTER; i++)
		eager_waited(&e, 0, 2);
	ck_assert(!eager_looks(&e));
	for (unsigned i = 0; i < 10 * EAGER_AFTER; i++)
		eager_waited(&e, 0, -1);
	ck_assert(!eager_looks(&e));
}
END_TEST

START_TEST(it_goes_on_while_it_pays)
{
	warm();
	for (unsigned i = 0; i < 1000; i++) {
		eager_looked(&e, true);
		ck_assert(eager_looks(&e));
	}
}
END_TEST

/* Nothing comes any more: one look, and then a long sleep. */
START_TEST(idle_it_looks_once)
{
	warm();
	eager_looked(&e, true);
	eager_looked(&e, false);
	eager_waited(&e, UINT64_C(1000000000), 1);
	ck_assert(!eager_looks(&e));
}
END_TEST

START_TEST(it_rests_twice_as_long_each_time)
{
	unsigned most = 0, last;

	warm();
	last = rest();
	ck_assert_uint_le(last, EAGER_REST);
	for (unsigned next = 2 * EAGER_REST; next <= EAGER_REST_MOST; next *= 2) {
		unsigned n = rest();

		ck_assert_uint_gt(n, last);
		ck_assert_uint_le(n, next);
		last = most = n;
	}
	/* And no longer than that. */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(rest(), most);
}
END_TEST

START_TEST(looks_that_paid_make_rests_brief_again)
{
	unsigned first;

	warm();
	first = rest();
	ck_assert_uint_gt(rest(), first);
	for (unsigned i = 0; i < EAGER_PAID; i++)
		eager_looked(&e, true);
	ck_assert_uint_eq(rest(), first);
}
END_TEST

/* A look that pays now and then does not keep it from resting longer. */
START_TEST(a_few_that_paid_do_not)
{
	unsigned first;

	warm();
	first = rest();
	for (unsigned i = 1; i < EAGER_PAID; i++)
		eager_looked(&e, true);
	ck_assert_uint_gt(rest(), first);
}
END_TEST

START_TEST(with_one_processor_it_never_looks)
{
	cpu_set_t set;
	int cpu = 0;

	ck_assert(!sched_getaffinity(0, sizeof set, &set));
	while (!CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ck_assert(!sched_setaffinity(0, sizeof set, &set));
	eager_begin(&e);
	waits(10 * EAGER_AFTER, 0);
	ck_assert(!eager_looks(&e));
}
END_TEST

START_TEST(begun_it_has_no_past)
{
	eager_begin(&e);
	ck_assert(!eager_looks(&e));
	ck_assert_uint_eq(e.next, EAGER_REST);
	ck_assert_uint_eq(e.rest | e.soon | e.missed | e.paid, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("eager");
	TCase *t = tcase_create("looks");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, it_sleeps_until_waits_have_been_short);
	tcase_add_test(t, one_long_wait_and_it_sleeps_again);
	tcase_add_test(t, a_crowd_is_no_reason_to_look);
	tcase_add_test(t, it_goes_on_while_it_pays);
	tcase_add_test(t, idle_it_looks_once);
	tcase_add_test(t, it_rests_twice_as_long_each_time);
	tcase_add_test(t, looks_that_paid_make_rests_brief_again);
	tcase_add_test(t, a_few_that_paid_do_not);
	tcase_add_test(t, with_one_processor_it_never_looks);
	tcase_add_test(t, begun_it_has_no_past);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
