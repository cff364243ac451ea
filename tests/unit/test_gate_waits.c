/* The gate and the clock: a call that a rate or budget has no room for is told until when, its record says so too,
 * and then it passes. */
#include "tests/unit/gate_world.h"
#include "tests/unit/still.h"
#include "tests/unit/tiny_bundle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char bundle[] = "/tmp/krux-waits-XXXXXX";
static struct client *c;
static const struct frame *answer;

static void once(void)
{
	uint8_t *object;
	size_t n;

	world_once();
	object = tiny_object((const char *const[]){ NULL }, &n);
	close(mkstemp(bundle));
	ck_assert(object && tiny_bundle(bundle, &world_stranger, 1, "UTC", (struct krux_str){ (char *)object, n }, tiny_caps()));
	free(object);
	world_bundle = bundle;
}

static void finally(void)
{
	unlink(bundle);
	world_finally();
}

static void setup(void)
{
	still_now();
	world_setup();
	world.runs = RUN_KILLED;
	c = client_agent("builder", "builder-token");
}

static void teardown(void)
{
	client_close(c);
	world_teardown();
	still_end();
}

static void mail(unsigned size)
{
	static uint64_t id;
	char json[64];

	snprintf(json, sizeof json, "{\"to\":\"x\",\"size\":%u}", size);
	answer = client_answer(c, ++id, "mail.send", json);
}

static bool says(struct krux_str s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

static void passes(unsigned size)
{
	mail(size);
	ck_assert_uint_eq(answer->answer.end, FRAME_END_KILLED);
}

/* ms 0: never. */
static void refused(unsigned size, uint64_t ms, const char *remedy, const char *record)
{
	struct krux_str why;

	mail(size);
	ck_assert_uint_eq(answer->answer.end, FRAME_END_DENIED);
	ck_assert_uint_eq(answer->answer.retry, ms);
	ck_assert_int_eq(answer->answer.has_retry, ms != 0);
	ck_assert_msg(says(answer->answer.remedy, remedy), "%.*s", (int)answer->answer.remedy.n, answer->answer.remedy.p);
	why = world_find(AUDIT_KIND_DENIED)->field[AUDIT_WHY].s;
	ck_assert_msg(says(why, record), "%.*s", (int)why.n, why.p);
}

START_TEST(budgets)
{
	passes(60);
	still_on(600);
	refused(41, 3000000, "The budget of this rule is used up. Try again in 3000 seconds",
	        "the budget of this rule is used up, and has room for this call in 3000 seconds");
	still_on(2999);
	refused(41, 1000, "Try again in 1 second,", "in 1 second");
	still_on(1);
	passes(41);
}
END_TEST

/* Less waits less: as soon as what it needs has left. */
START_TEST(budgets_by_size)
{
	passes(30);
	still_on(100);
	passes(70);
	refused(30, 3500000, "Try again in 3500 seconds", "3500 seconds");
	refused(31, 3600000, "Try again in 3600 seconds", "3600 seconds");
}
END_TEST

START_TEST(too_much_for_any_budget)
{
	refused(101, 0, "size of this call is 101, and the budget of this rule is at most 100, so that a call of this size can "
	        "never pass", "at most 100, so that a call of this size can never pass");
	passes(100);
}
END_TEST

START_TEST(rates)
{
	passes(1);
	still_on(5);
	passes(1);
	refused(1, 3595000, "The rate of this rule is used up. Try again in 3595 seconds",
	        "the rate of this rule is used up, and has room for this call in 3595 seconds");
	still_on(3595);
	passes(1);
	refused(1, 5000, "Try again in 5 seconds", "5 seconds");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("waits");
	Suite *s = suite_create("waits");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_unchecked_fixture(t, once, finally);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, budgets);
	tcase_add_test(t, budgets_by_size);
	tcase_add_test(t, too_much_for_any_budget);
	tcase_add_test(t, rates);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
