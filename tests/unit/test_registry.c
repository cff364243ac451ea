/* By which uids an agent may be known, and which workspaces there are to clear. */
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

int main(void)
{
	TCase *c = tcase_create("registry");
	Suite *s = suite_create("registry");
	SRunner *r;
	int failed;

	tcase_add_test(c, no_uid_of_the_daemon_is_an_agents);
	tcase_add_test(c, only_what_has_labels_or_an_agent_is_cleared);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
