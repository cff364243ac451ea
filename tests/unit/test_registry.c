/* By which uids an agent may be known. */
#include "runtime/base/err.h"
#include "runtime/base/uids.h"
#include "runtime/record/carry.h"
#include "runtime/record/record.h"
#include "runtime/record/registry.h"

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

int main(void)
{
	TCase *c = tcase_create("registry");
	Suite *s = suite_create("registry");
	SRunner *r;
	int failed;

	tcase_add_test(c, no_uid_of_the_daemon_is_an_agents);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
