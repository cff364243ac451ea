/* Facts: counted exactly, at the edges of windows too; and local time. */
#include "runtime/base/err.h"
#include "runtime/decide/facts.h"
#include "runtime/decide/tally.h"
#include "runtime/decide/zone.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second = 1000000000, hour = 3600 * 1000000000ull;

static const struct krux_fact_def defs[] = {
	{ KRUX_FACT_TIME, "", "", 0, 0, "" },
	{ KRUX_FACT_WEEKDAY, "", "", 0, 0, "" },
	{ KRUX_FACT_LABEL, "", "file-content", 0, 0, "" },
	{ KRUX_FACT_LABEL, "", "secret", 0, 0, "" },
	{ KRUX_FACT_CALLS, "", "files.read", 0, 0, "" },
	{ KRUX_FACT_RATE, "team", "mail", 3600 * 1000000000ull, 10, "" },
	{ KRUX_FACT_RATE, "other", "mail", 3600 * 1000000000ull, 10, "" },
	{ KRUX_FACT_BUDGET, "team", "mail", 60 * 1000000000ull, 10, "size" },
};
enum { TIME, WEEKDAY, CONTENT, SECRET, READS, RATE, OTHER, BUDGET, FACTS };
static const struct krux_abi abi = { .version = KRUX_ABI_VERSION, .nfacts = FACTS, .facts = defs };

static struct facts *facts;
static struct tally *tally;
static struct tally_agent *agent;
static struct tally_place *place;
static const uint64_t now = 1769860800 * 1000000000ull;    /* 2026-01-31T12:00:00Z, a Saturday */

static void setup(void)
{
	struct krux_err err;

	ck_assert_int_eq(zone_set("UTC", &err), 0);
	facts = facts_new(&abi);
	tally = tally_new(&abi);
	ck_assert(facts && tally);
	agent = tally_agent(tally, KRUX_STR("builder"));
	place = tally_place(tally, KRUX_STR("/srv/builder"));
	facts_begin(facts, tally, agent, place, now);
}

static void teardown(void)
{
	facts_free(facts);
	tally_free(tally);
}

static uint64_t answer(uint32_t id)
{
	uint64_t v = 12345;

	ck_assert(facts_answer(facts, id, &v));
	return v;
}

/* What a record holds is all that is known, and a list that is none is refused. */
START_TEST(only_what_is_given_is_known)
{
	static const uint8_t list[] = { 0x82, 0x85, 0, 0x60, 0x60, 0, 0x19, 0x10, 0x00,
		                        0x85, 2, 0x60, 0x66, 's', 'e', 'c', 'r', 'e', 't', 0, 1 };
	struct krux_str given = { (const char *)list, sizeof list };
	struct krux_err err;
	uint64_t v;

	ck_assert(!facts_given(facts, given, &err));
	ck_assert_uint_eq(answer(TIME), 4096);
	ck_assert_uint_eq(answer(SECRET), 1);
	for (uint32_t i = WEEKDAY; i < FACTS; i++)
		ck_assert(i == SECRET || !facts_answer(facts, i, &v));
	for (size_t n = 1; n < sizeof list; n++) {
		teardown();
		setup();
		given.n = n;
		ck_assert_int_lt(facts_given(facts, given, &err), 0);
	}
}
END_TEST

START_TEST(nothing_happened)
{
	struct facts *alone = facts_new(&abi);
	uint64_t v;

	for (uint32_t i = CONTENT; i < FACTS; i++) {
		ck_assert(!facts_asked(facts, i));
		ck_assert_uint_eq(answer(i), 0);
		ck_assert(facts_asked(facts, i));
	}
	ck_assert(!facts_answer(facts, FACTS, &(uint64_t){ 0 }));
	ck_assert(!facts_answer(facts, UINT32_MAX, &(uint64_t){ 0 }));
	/* Without a tally nothing has either, and when there is room is not known. */
	for (uint32_t i = CONTENT; i < FACTS; i++)
		ck_assert(facts_answer(alone, i, &v) && v == 0);
	ck_assert_ptr_null(facts_full(alone, KRUX_STR("team"), KRUX_STR("mail"), NULL).def);
	facts_free(alone);
}
END_TEST

START_TEST(labels_and_calls)
{
	tally_label(tally, place, KRUX_STR("file-content"));
	tally_label(tally, place, KRUX_STR("file-content"));
	tally_label(tally, place, KRUX_STR("file-conten"));
	tally_label(tally, place, KRUX_STR("nobody-asks"));
	tally_calls(tally, place, KRUX_STR("files.read"), 1);
	tally_calls(tally, place, KRUX_STR("files.read"), 1);
	tally_calls(tally, place, KRUX_STR("files.reads"), 1);
	tally_calls(tally, place, KRUX_STR(""), 1);
	ck_assert_uint_eq(answer(CONTENT), 1);
	ck_assert_uint_eq(answer(SECRET), 0);
	ck_assert_uint_eq(answer(READS), 2);
}
END_TEST

/* The window is (now - per, now]; what a clock that went back put after now counts too. */
START_TEST(windows_have_exact_edges)
{
	struct krux_str team = KRUX_STR("team"), mail = KRUX_STR("mail");

	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now - hour + 1, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now - hour, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now - hour - 1, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now + hour, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, 0, 1);
	ck_assert_uint_eq(answer(RATE), 3);
	ck_assert_uint_eq(answer(OTHER), 0);
	ck_assert_uint_eq(answer(BUDGET), 0);
	facts_begin(facts, tally, agent, place, now);
	tally_count(tally, agent, KRUX_FACT_BUDGET, team, mail, now - 60 * second + 1, 7);
	tally_count(tally, agent, KRUX_FACT_BUDGET, team, mail, now - 60 * second, 1000);
	tally_count(tally, agent, KRUX_FACT_BUDGET, team, KRUX_STR("mails"), now, 1000);
	tally_count(tally, agent, KRUX_FACT_CALLS, KRUX_STR(""), KRUX_STR("files.read"), now, 9);
	ck_assert_uint_eq(answer(BUDGET), 7);
	ck_assert_uint_eq(answer(READS), 0);
}
END_TEST

static uint64_t wait(const char *policy, const char *rule, const struct krux_value *args)
{
	struct facts_full full = facts_full(facts, (struct krux_str){ policy, strlen(policy) },
	                                    (struct krux_str){ rule, strlen(rule) }, args);

	return full.def ? full.wait : 0;
}

/* Until the oldest that counts is over; only where the rate is used up, and only of that rule. */
START_TEST(used_up_rates_say_when_they_are_not)
{
	struct krux_str team = KRUX_STR("team"), mail = KRUX_STR("mail");

	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now - hour, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now - 10 * second, 1);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now - 30 * second, 1);
	for (unsigned i = 0; i < 7; i++)
		tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now, 1);
	ck_assert_uint_eq(wait("team", "mail", NULL), 0);
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now + hour, 1);
	ck_assert_uint_eq(wait("team", "mail", NULL), hour - 30 * second);
	/* More than the rate lets through, as under a policy that let more: two have to go. */
	tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now, 1);
	ck_assert_uint_eq(wait("team", "mail", NULL), hour - 10 * second);
	ck_assert_uint_eq(wait("other", "mail", NULL), 0);
	ck_assert_uint_eq(wait("team", "mails", NULL), 0);
	ck_assert_uint_eq(wait("zzz", "mail", NULL), 0);
	ck_assert(!facts_asked(facts, RATE));
}
END_TEST

/* Until enough has left for what this call adds; never, where it alone is more than the most. */
START_TEST(used_up_budgets_say_when_they_are_not)
{
	struct krux_str team = KRUX_STR("team"), mail = KRUX_STR("mail");
	struct krux_member m = { KRUX_STR("size"), { .kind = KRUX_V_UINT, .u = 3 } };
	struct krux_value args = { .kind = KRUX_V_MAP, .map = { &m, 1 } };
	struct facts_full full;

	tally_count(tally, agent, KRUX_FACT_BUDGET, team, mail, now - 60 * second, 100);
	tally_count(tally, agent, KRUX_FACT_BUDGET, team, mail, now - 50 * second, 4);
	tally_count(tally, agent, KRUX_FACT_BUDGET, team, mail, now - 20 * second, 3);
	ck_assert_uint_eq(wait("team", "mail", &args), 0);
	m.value.u = 4;
	ck_assert_uint_eq(wait("team", "mail", &args), 10 * second);
	ck_assert_uint_eq(wait("team", "mail", NULL), 0);
	m.value.u = 8;
	ck_assert_uint_eq(wait("team", "mail", &args), 40 * second);
	m.value.u = 11;
	full = facts_full(facts, team, mail, &args);
	ck_assert_ptr_eq(full.def, &defs[BUDGET]);
	ck_assert_uint_eq(full.amount, 11);
	ck_assert_uint_eq(full.wait, UINT64_MAX);
	/* The one that has room later. */
	for (unsigned i = 0; i < 10; i++)
		tally_count(tally, agent, KRUX_FACT_RATE, team, mail, now, 1);
	m.value.u = 4;
	ck_assert_uint_eq(wait("team", "mail", &args), hour);
}
END_TEST

START_TEST(sums_do_not_wrap)
{
	tally_count(tally, agent, KRUX_FACT_BUDGET, KRUX_STR("team"), KRUX_STR("mail"), now, UINT64_MAX - 1);
	tally_count(tally, agent, KRUX_FACT_BUDGET, KRUX_STR("team"), KRUX_STR("mail"), now, 5);
	ck_assert_uint_eq(answer(BUDGET), UINT64_MAX);
}
END_TEST

/* A moment so early that no window has an end before it. */
START_TEST(early_moments)
{
	facts_moment(facts, 5);
	tally_count(tally, agent, KRUX_FACT_RATE, KRUX_STR("team"), KRUX_STR("mail"), 0, 1);
	ck_assert_uint_eq(answer(RATE), 1);
}
END_TEST

START_TEST(quiet_leaves_no_trace)
{
	uint64_t v;

	ck_assert(facts_quiet(facts, RATE, &v));
	ck_assert(!facts_asked(facts, RATE));
}
END_TEST

START_TEST(local_time)
{
	struct krux_err err;

	ck_assert_uint_eq(answer(TIME), 12 * 3600);
	ck_assert_uint_eq(answer(WEEKDAY), 5);
	ck_assert_int_eq(zone_set("Asia/Kolkata", &err), 0);
	facts_moment(facts, now);
	ck_assert_uint_eq(answer(TIME), 17 * 3600 + 1800);
	ck_assert_int_eq(zone_set("America/New_York", &err), 0);
	facts_moment(facts, now - 12 * hour);
	ck_assert_uint_eq(answer(TIME), 19 * 3600);
	ck_assert_uint_eq(answer(WEEKDAY), 4);
	/* The hour that summer time skips, and the one that it repeats. */
	ck_assert_int_eq(zone_set("Europe/London", &err), 0);
	facts_moment(facts, 1774746000 * second);
	ck_assert_uint_eq(answer(TIME), 2 * 3600);
	facts_moment(facts, 1774746000 * second - 1);
	ck_assert_uint_eq(answer(TIME), 3599);
	facts_moment(facts, 1792890000 * second - 1);
	ck_assert_uint_eq(answer(TIME), 2 * 3600 - 1);
	facts_moment(facts, 1792890000 * second);
	ck_assert_uint_eq(answer(TIME), 3600);
}
END_TEST

START_TEST(no_zone_no_time)
{
	static const char *const names[] = { "Mars/Olympus", "../etc/passwd", "/etc/localtime", "", "Europe/", "UTC0", "zone.tab",
	                                     "Europe/London\n", "iso3166.tab" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct krux_err err = { 0 };
		uint64_t v;

		ck_assert_int_lt(zone_set(names[i], &err), 0);
		ck_assert_uint_gt(strlen(err.text), 0);
		facts_moment(facts, now);
		ck_assert(!facts_answer(facts, TIME, &v));
		ck_assert(!facts_answer(facts, WEEKDAY, &v));
		ck_assert(!facts_asked(facts, TIME));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("facts");
	TCase *tc = tcase_create("facts");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, only_what_is_given_is_known);
	tcase_add_test(tc, nothing_happened);
	tcase_add_test(tc, labels_and_calls);
	tcase_add_test(tc, windows_have_exact_edges);
	tcase_add_test(tc, used_up_rates_say_when_they_are_not);
	tcase_add_test(tc, used_up_budgets_say_when_they_are_not);
	tcase_add_test(tc, sums_do_not_wrap);
	tcase_add_test(tc, early_moments);
	tcase_add_test(tc, quiet_leaves_no_trace);
	tcase_add_test(tc, local_time);
	tcase_add_test(tc, no_zone_no_time);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
