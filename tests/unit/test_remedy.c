/* What agents and records are told of a call that a rate or budget has no room for: every sentence, whole. */
#include "runtime/decide/judge.h"
#include "runtime/decide/remedy.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE UINT64_C(60000000000)
#define NEVER  UINT64_MAX

static const struct krux_fact_def defs[] = {
	{ KRUX_FACT_RATE, "team", "mail", MINUTE, 10, "" },
	{ KRUX_FACT_BUDGET, "team", "mail", MINUTE, 100, "size(content)" },
	{ KRUX_FACT_RATE, "team", "none", MINUTE, 0, "" },
};
enum { RATE, BUDGET, NO_RATE, NOTHING };

static const struct {
	uint8_t verdict;
	bool tickets;
	int full;
	uint64_t amount, wait, retry;
	const char *remedy, *record;
} rows[] = {
	{ KRUX_BLOCKED, true, RATE, 1, MINUTE, 60000,
	  "The rate of this rule is used up. Try again in 60 seconds, when there is room for this call, or do without it.",
	  "the rate of this rule is used up, and has room for this call in 60 seconds" },
	/* Rounded up, so that it is not too early. */
	{ KRUX_BLOCKED, false, BUDGET, 7, 1, 1,
	  "The budget of this rule is used up. Try again in 1 second, when there is room for this call, or do without it.",
	  "the budget of this rule is used up, and has room for this call in 1 second" },
	{ KRUX_BLOCKED, true, BUDGET, 101, NEVER, 0,
	  "Waiting does not help: size(content) of this call is 101, and the budget of this rule is at most 100, so that a "
	  "call of this size can never pass. Do without this call, or make one that fits.",
	  "size(content) of this call is 101, and the budget of this rule is at most 100, so that a call of this size can "
	  "never pass" },
	{ KRUX_BLOCKED, true, NO_RATE, 1, NEVER, 0,
	  "Waiting does not help: the rate of this rule has room for no call at all. Do without this call, or make one that "
	  "fits.",
	  "the rate of this rule has room for no call at all" },
	{ KRUX_BLOCKED, true, BUDGET, 100, NEVER, 0,
	  "Waiting does not help: the budget of this rule is used up for good. Do without this call, or make one that fits.",
	  "the budget of this rule is used up for good" },
	{ KRUX_BLOCKED, true, NOTHING, 0, 0, 0,
	  "Do without this call, or choose arguments that the rule does not match. Only the operator can change the rule.",
	  "" },
	{ KRUX_APPROVAL, true, RATE, 1, MINUTE + 1, 60001,
	  "The rate of this rule is used up, so a person has to approve this call. Wait for the ticket, or ask for it again "
	  "later; or withdraw it and try again in 61 seconds, when there is room and no approval is needed.",
	  "the rate of this rule is used up, and has room for this call in 61 seconds" },
	{ KRUX_APPROVAL, true, BUDGET, 101, NEVER, 0,
	  "A person has to approve this call: size(content) of this call is 101, and the budget of this rule is at most 100, "
	  "so that a call of this size can never pass without that. Wait for the ticket, ask for it again later, or withdraw "
	  "it and make a call that fits.",
	  "size(content) of this call is 101, and the budget of this rule is at most 100, so that a call of this size can "
	  "never pass" },
	{ KRUX_APPROVAL, true, NOTHING, 0, 0, 0,
	  "A person has to approve this call. Wait for the ticket, ask for it again later, or withdraw it; making the same "
	  "call again changes nothing.",
	  "" },
	{ KRUX_APPROVAL, false, RATE, 1, MINUTE, 60000,
	  "The rate of this rule is used up. Try again in 60 seconds, when there is room for this call; or make it through "
	  "kruxrt serve, where a person can approve it now.",
	  "the rate of this rule is used up, and has room for this call in 60 seconds" },
	{ KRUX_APPROVAL, false, BUDGET, 101, NEVER, 0,
	  "A person has to approve this call: size(content) of this call is 101, and the budget of this rule is at most 100, "
	  "so that a call of this size can never pass without that. Make it through kruxrt serve, where a person can; or make "
	  "a call that fits.",
	  "size(content) of this call is 101, and the budget of this rule is at most 100, so that a call of this size can "
	  "never pass" },
};

static void is_text(struct krux_str s, const char *text)
{
	ck_assert_msg(s.n == strlen(text) && !memcmp(s.n ? s.p : "", text, s.n), "%.*s\n%s", (int)s.n, s.n ? s.p : "", text);
}

START_TEST(every_way_out)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct judgement j = {
		.verdict = rows[_i].verdict,
		.voice = { .policy = "team", .rule = "mail", .file = "team.yaml", .reason = "" },
		.reason = "",
		.full = { rows[_i].full == NOTHING ? NULL : &defs[rows[_i].full], rows[_i].amount, rows[_i].wait },
	};

	is_text(remedy_text(pool, &j, rows[_i].tickets), rows[_i].remedy);
	is_text(remedy_record(pool, &j), rows[_i].record);
	ck_assert_uint_eq(remedy_retry(&j), rows[_i].retry);
	krux_pool_free(pool);
}
END_TEST

START_TEST(no_rule)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct judgement j = { .voice = { .policy = "team", .rule = "", .file = "", .reason = "" }, .reason = "" };

	is_text(remedy_text(pool, &j, true),
	        "No rule allows this call. Do without it, or ask the operator for one that does.");
	krux_pool_free(pool);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("remedy");
	Suite *s = suite_create("remedy");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(c, every_way_out, 0, sizeof rows / sizeof *rows);
	tcase_add_test(c, no_rule);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
