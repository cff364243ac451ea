/* By which uids an agent may be known, and which workspaces there are to clear. */
#include "capspec/item.h"
#include "runtime/base/err.h"
#include "runtime/base/uids.h"
#include "runtime/record/carry.h"
#include "runtime/record/record.h"
#include "runtime/record/registry.h"
#include "runtime/record/tree.h"
#include "tests/unit/records.h"

#include <check.h>
#include <string.h>

enum { OPERATOR = 1000, BASE = 61500 };

static void judged(uint64_t daemon, uint64_t uid, const char *why)
{
	const struct registry_rules rules = { NULL, OPERATOR, daemon };
	struct carry *carry = carry_new();
	struct krux_err err = { 0 };
	struct record r = { 0 };

	ck_assert_ptr_nonnull(carry);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, "new");
	record_text(&r, AUDIT_ACTION, "add");
	record_set(&r, AUDIT_UID, uid);
	ck_assert_int_eq(registry_check(carry, &r, &rules, &err), why ? -1 : 0);
	ck_assert_msg(!why || strstr(err.text, why), "%s", err.text);
	carry_free(carry);
}

START_TEST(no_uid_of_the_daemon_is_an_agents)
{
	for (unsigned i = 0; i < UIDS; i++) {
		judged(BASE, BASE + i, "is the daemon's: no agent is known by it");
		judged(OPERATOR, BASE + i, NULL);
		judged(OPERATOR, OPERATOR + i, i ? NULL : "is the operator's");
	}
	judged(BASE, BASE - 1, NULL);
	judged(BASE, BASE + UIDS, NULL);
	judged(BASE, OPERATOR, "is the operator's");
	judged(BASE, 0, "is root's");
}
END_TEST

/* The first record of a log. */
static void happens(struct carry *carry, struct record r)
{
	static uint8_t bytes[RECORD_MAX];
	uint8_t leaf[HASH_LEN];
	size_t n;

	r = records_whole(r);
	record_set(&r, AUDIT_SEQ, 0);
	n = record_encode(&r, bytes, sizeof bytes);
	ck_assert_uint_gt(n, 0);
	record_leaf(bytes, n, leaf);
	ck_assert_int_eq(carry_add(carry, &r, (struct krux_str){ (char *)bytes, n }, leaf), 0);
}

static void clears(struct carry *carry, const char *workspace, bool can)
{
	const struct registry_rules rules = { NULL, OPERATOR, BASE };
	struct krux_err err = { 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_CLEAR);
	record_text(&r, AUDIT_WORKSPACE, workspace);
	ck_assert_int_eq(registry_check(carry, &r, &rules, &err), can ? 0 : -1);
	ck_assert(can || strstr(err.text, "there is no such workspace"));
}

/* Of an agent that was never registered, as in a call without a daemon. */
START_TEST(only_what_has_labels_or_an_agent_is_cleared)
{
	struct carry *carry = carry_new();

	ck_assert_ptr_nonnull(carry);
	clears(carry, "/srv/w", false);
	happens(carry, records_intent());
	clears(carry, "/srv/w", true);
	clears(carry, "/srv/w/", false);
	clears(carry, "/srv", false);
	carry_free(carry);
}
END_TEST

/* count: of the range of a writer's last start. */
static struct carry *started(uint64_t count)
{
	static const uint8_t zeros[HASH_LEN];
	uint8_t as[16];
	struct item_out o = { as, sizeof as, 0 };
	struct carry *c = carry_new();
	struct record r = { 0 };

	item_head(&o, ITEM_LIST, 2);
	item_head(&o, ITEM_UINT, 70000);
	item_head(&o, ITEM_UINT, count);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_START);
	record_bytes(&r, AUDIT_RUNS_AS, as, o.n);
	ck_assert(c && !carry_add(c, &r, KRUX_STR(""), zeros));
	return c;
}

static struct record agent(const char *name, const char *action, uint64_t uid)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(&r, AUDIT_NAME, name);
	record_text(&r, AUDIT_ACTION, action);
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_UID, uid);
	return r;
}

START_TEST(no_uid_that_calls_run_as_is_an_agents)
{
	const struct registry_rules rules = { NULL, OPERATOR, BASE };
	struct carry *c = started(3);

	for (uint64_t uid = 69999; uid < 70004; uid++) {
		struct record r = agent("new", "add", uid);
		struct krux_err err = { 0 };
		bool fits = uid < 70000 || uid > 70002;

		ck_assert_int_eq(registry_check(c, &r, &rules, &err), fits ? 0 : -1);
		ck_assert_msg(fits || strstr(err.text, "is one that calls run as: no agent is known by it"), "%s", err.text);
	}
	carry_free(c);
}
END_TEST

START_TEST(each_agent_has_a_uid)
{
	static const uint8_t zeros[HASH_LEN];
	const struct registry_rules rules = { NULL, OPERATOR, BASE };
	struct carry *c = started(1);
	struct krux_err err = { 0 };
	struct record r = agent("one", "add", 5000);

	ck_assert_int_lt(registry_check(c, &r, &rules, &err), 0);
	ck_assert_str_eq(err.text, "no uid is left for its calls: --agent-uids 70000:1 has 0 for agents, and 0 were registered in "
	                           "this log, those that were taken out among them; kruxrt serve with a larger COUNT has more");
	carry_free(c);
	c = started(2);
	ck_assert_int_eq(registry_check(c, &r, &rules, &err), 0);
	ck_assert(!carry_add(c, &r, KRUX_STR(""), zeros));
	r = agent("one", "revoke", 0);
	ck_assert(!carry_add(c, &r, KRUX_STR(""), zeros));
	r = agent("two", "add", 5001);
	ck_assert_int_lt(registry_check(c, &r, &rules, &err), 0);
	r = agent("one", "add", 5001);
	ck_assert_int_eq(registry_check(c, &r, &rules, &err), 0);
	carry_free(c);
}
END_TEST

int main(void)
{
	TCase *c = tcase_create("registry");
	Suite *s = suite_create("registry");
	SRunner *r;
	int failed;

	tcase_add_test(c, no_uid_of_the_daemon_is_an_agents);
	tcase_add_test(c, only_what_has_labels_or_an_agent_is_cleared);
	tcase_add_test(c, no_uid_that_calls_run_as_is_an_agents);
	tcase_add_test(c, each_agent_has_a_uid);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
