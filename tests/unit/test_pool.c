/* How many children wait, for whom, by a clock that the tests set. */
#include "runtime/spawn/pool.h"

#include <check.h>
#include <string.h>

static struct pool pool;
static const uint64_t ms = 1000000, second = UINT64_C(1000000000);

static void setup(void)
{
	pool_init(&pool, 8, 20);
}

static struct pool_key key_of(const char *agent)
{
	struct pool_key key = { .device = 1, .inode = 2, .uid = 3, .gid = 4 };

	memcpy(key.owner, agent, strlen(agent));
	return key;
}

static int take(const char *agent, uint64_t now)
{
	struct pool_key key = key_of(agent);

	return pool_take(&pool, &key, now);
}

/* Children made. */
static unsigned fill(void)
{
	const struct pool_key *key;
	unsigned n = 0;

	while (n <= POOL_ALL && pool_due(&pool, false, &key) >= 0)
		n++;
	return n;
}

/* Children that are ended at that moment. */
static unsigned drain(uint64_t now)
{
	unsigned n = 0;
	int place;

	while (n <= POOL_ALL && (place = pool_surplus(&pool, now)) >= 0) {
		pool_gone(&pool, place);
		n++;
	}
	return n;
}

START_TEST(nobody_waits_before_there_was_a_call)
{
	const struct pool_key *key;

	ck_assert_int_eq(pool_due(&pool, false, &key), -1);
	ck_assert_int_eq(pool_surplus(&pool, second), -1);
	ck_assert_uint_eq(pool_next(&pool, second), 0);
	ck_assert_int_eq(take("a", second), -1);
	ck_assert_int_ge(pool_due(&pool, false, &key), 0);
	ck_assert_int_eq(memcmp(key->owner, "a", 2), 0);
	ck_assert_int_eq(pool_due(&pool, false, &key), -1);
}
END_TEST

START_TEST(a_pool_of_none_makes_none)
{
	pool_init(&pool, 0, 0);
	ck_assert_int_eq(take("a", second), -1);
	ck_assert_uint_eq(fill(), 0);
	ck_assert_uint_eq(pool_next(&pool, second), 0);
}
END_TEST

START_TEST(each_child_is_taken_once_the_eldest_first)
{
	int first, next;

	take("a", second);
	fill();
	first = take("a", second);
	ck_assert_int_ge(first, 0);
	ck_assert_int_eq(take("a", second), -1);
	fill();
	next = take("a", second + ms);
	ck_assert_int_ge(next, 0);
	for (uint64_t i = 0; i < 100; i++) {
		const struct pool_key *key;
		int made = pool_due(&pool, false, &key), made_too = pool_due(&pool, false, &key);
		int got = take("a", second + 2 * ms);

		if (made >= 0 && made_too >= 0)
			ck_assert_int_ne(got, made_too);
	}
}
END_TEST

START_TEST(no_child_serves_another_class)
{
	struct pool_key other = key_of("a");

	take("a", second);
	fill();
	ck_assert_int_eq(take("b", second), -1);
	other.inode++;
	ck_assert_int_eq(pool_take(&pool, &other, second), -1);
	other = key_of("a");
	other.device++;
	ck_assert_int_eq(pool_take(&pool, &other, second), -1);
	other = key_of("a");
	other.uid++;
	ck_assert_int_eq(pool_take(&pool, &other, second), -1);
	other = key_of("a");
	other.gid++;
	ck_assert_int_eq(pool_take(&pool, &other, second), -1);
	other = key_of("a");
	other.profile++;
	ck_assert_int_eq(pool_take(&pool, &other, second), -1);
	ck_assert_int_ge(take("a", second), 0);
}
END_TEST

START_TEST(it_grows_with_what_is_asked_for_up_to_its_bounds)
{
	uint64_t now = second;

	for (unsigned want = 1; want <= 64; want *= 2) {
		while (take("a", now) >= 0)
			;
		ck_assert_uint_le(fill(), 8);
		now += 3 * ms;
	}
	ck_assert_uint_eq(pool_waiting(&pool), 8);
	for (unsigned i = 0; i < 10; i++)
		for (const char *agent = "bcdefgh"; *agent; agent++) {
			char name[2] = { *agent, 0 };

			while (take(name, now) >= 0)
				;
			fill();
			ck_assert_uint_le(pool_waiting(&pool), 20);
		}
	ck_assert_uint_eq(pool_waiting(&pool), 20);
	/* Whoever is left out is served without. */
	ck_assert_int_eq(take("z", now), -1);
	ck_assert_uint_eq(fill(), 0);
}
END_TEST

START_TEST(while_calls_go_on_one_is_made_where_none_is_left)
{
	const struct pool_key *key;

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(take("a", second), -1);
	ck_assert_int_ge(pool_due(&pool, true, &key), 0);
	ck_assert_int_eq(pool_due(&pool, true, &key), -1);
	ck_assert_uint_eq(fill(), 3);
	ck_assert_uint_eq(pool_waiting(&pool), 4);
}
END_TEST

START_TEST(a_class_is_known_while_somebody_asks)
{
	struct pool_key a = key_of("a"), b = key_of("b");

	ck_assert(!pool_knows(&pool, &a));
	take("a", second);
	ck_assert(pool_knows(&pool, &a) && !pool_knows(&pool, &b));
	ck_assert_uint_eq(pool_next(&pool, second), second + pool_window);
	drain(second + pool_window);
	drain(second + 2 * pool_window);
	ck_assert(!pool_knows(&pool, &a));
	take("a", second);
	pool_revoke(&pool, a.owner);
	ck_assert(!pool_knows(&pool, &a));
}
END_TEST

START_TEST(what_is_left_over_is_given_up)
{
	uint64_t now = second;
	unsigned before = 8;   /* one that runs out at each call has two */

	for (unsigned i = 0; i < 5; i++) {
		while (take("a", now) >= 0)
			;
		fill();
	}
	for (unsigned i = 0; i < 8; i++) {
		now += pool_window / 2;
		ck_assert_int_ge(take("a", now), 0);
		now += pool_window / 2;
		drain(now);
		fill();
		ck_assert_uint_le(pool_waiting(&pool), before > 2 ? before : 2);
		before = pool_waiting(&pool);
	}
	ck_assert_uint_le(before, 2);
	ck_assert_uint_ge(before, 1);
	/* And who asks no more has none. */
	drain(now + pool_window);
	drain(now + 2 * pool_window);
	ck_assert_uint_eq(pool_waiting(&pool), 0);
	ck_assert_uint_eq(fill(), 0);
	ck_assert_uint_eq(pool_next(&pool, now + 2 * pool_window), 0);
}
END_TEST

START_TEST(what_is_revoked_serves_nobody)
{
	struct pool_key a = key_of("a");
	int place;

	take("a", second);
	take("b", second);
	ck_assert_uint_eq(fill(), 2);
	place = pool_revoke(&pool, a.owner);
	ck_assert_int_ge(place, 0);
	ck_assert_int_eq(pool_revoke(&pool, a.owner), -1);
	ck_assert_int_eq(take("a", second), -1);
	ck_assert_int_ge(take("b", second), 0);
	/* Its place is taken until its process is gone. */
	ck_assert_uint_eq(pool_waiting(&pool), 0);
	fill();
	pool_gone(&pool, place);
	while ((place = pool_revoke(&pool, NULL)) >= 0)
		pool_gone(&pool, place);
	ck_assert_uint_eq(pool_waiting(&pool), 0);
	ck_assert_uint_eq(fill(), 0);
	ck_assert_uint_eq(pool_next(&pool, second), 0);
}
END_TEST

START_TEST(children_that_die_unasked_are_not_made_again_before_the_next_call)
{
	const struct pool_key *key;
	int place;

	take("a", second);
	place = pool_due(&pool, false, &key);
	pool_gone(&pool, place);
	ck_assert_uint_eq(fill(), 0);
	ck_assert_int_eq(take("a", second + second), -1);
	ck_assert_uint_eq(fill(), 1);
}
END_TEST

START_TEST(more_classes_than_places_are_served_without)
{
	for (char i = 0; i < 100; i++) {
		char name[3] = { (char)('a' + i % 26), (char)('a' + i / 26), 0 };

		ck_assert_int_eq(take(name, second), -1);
	}
	ck_assert_uint_eq(fill(), 20);
	drain(second + pool_window);
	drain(second + 2 * pool_window);
	ck_assert_uint_eq(pool_waiting(&pool), 0);
	take("zz", second + 2 * pool_window);
	ck_assert_uint_eq(fill(), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("counts");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, nobody_waits_before_there_was_a_call);
	tcase_add_test(t, a_pool_of_none_makes_none);
	tcase_add_test(t, each_child_is_taken_once_the_eldest_first);
	tcase_add_test(t, no_child_serves_another_class);
	tcase_add_test(t, it_grows_with_what_is_asked_for_up_to_its_bounds);
	tcase_add_test(t, while_calls_go_on_one_is_made_where_none_is_left);
	tcase_add_test(t, a_class_is_known_while_somebody_asks);
	tcase_add_test(t, what_is_left_over_is_given_up);
	tcase_add_test(t, what_is_revoked_serves_nobody);
	tcase_add_test(t, children_that_die_unasked_are_not_made_again_before_the_next_call);
	tcase_add_test(t, more_classes_than_places_are_served_without);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
