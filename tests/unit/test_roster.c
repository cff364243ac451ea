/* Who is registered is what the log says, in whichever segment, and whatever a crash left behind it. */
#include "tests/unit/records.h"

#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/roster.h"
#include "runtime/record/segment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct log_options small = { .segment = 96 << 10 };

static struct log *begin(void)
{
	struct log *log;

	ck_assert_msg(!log_create(records_dir, "krux.test/1", "krux 0", &records_err), "%s", records_err.text);
	log = log_open(records_dir, records_blobs, &small, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	return log;
}

static void agent(struct log *log, const char *name, const char *workspace)
{
	records_append(log, records_agent(name, workspace));
}

static void segments(struct log *log, uint64_t more)
{
	uint64_t from, n;

	ck_assert_int_eq(segment_last(records_dir, &from, &records_err), 1);
	for (n = from; n < from + more;) {
		for (unsigned i = 0; i < 32; i++) {
			struct record r = records_denied();

			ck_assert_msg(!log_add(log, &r, NULL, &records_err), "%s", records_err.text);
		}
		ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
		ck_assert_int_eq(segment_last(records_dir, &n, &records_err), 1);
	}
}

static struct carry *roster(void)
{
	struct carry *c = roster_read(records_dir, records_blobs, &records_err);

	ck_assert_msg(c != NULL, "%s", records_err.text);
	return c;
}

static bool has(const struct carry *c, const char *name, const char *workspace)
{
	const struct carry_agent *a = carry_agent_find(c, (struct krux_str){ name, strlen(name) });

	return a && !a->revoked && krux_str_eq(a->workspace, (struct krux_str){ workspace, strlen(workspace) });
}

/* Beside the writer, who holds the lock. */
START_TEST(it_is_what_the_log_says)
{
	struct log *log = begin();
	struct carry *c = roster();

	ck_assert_uint_eq(carry_agents(c), 0);
	carry_free(c);
	agent(log, "ann", "/srv/ann");
	agent(log, "bob", "/srv/bob");
	segments(log, 2);
	agent(log, "cid", "/srv/cid");
	agent(log, "bob", NULL);
	agent(log, "ann", "/srv/other");
	c = roster();
	ck_assert_uint_eq(carry_agents(c), 3);
	ck_assert(has(c, "ann", "/srv/other") && has(c, "cid", "/srv/cid") && !has(c, "bob", "/srv/bob"));
	carry_free(c);
	segments(log, 1);
	c = roster();
	ck_assert(has(c, "ann", "/srv/other") && has(c, "cid", "/srv/cid") && !has(c, "bob", "/srv/bob"));
	carry_free(c);
	log_close(log);
}
END_TEST

/* What is no whole record ends it, and nothing is written. */
START_TEST(a_torn_end_is_the_end)
{
	struct log *log = begin();
	struct bytes whole, after;
	size_t at[16], n;
	struct carry *c;

	agent(log, "ann", "/srv/ann");
	agent(log, "bob", "/srv/bob");
	log_close(log);
	whole = records_get(LOG_FILE);
	n = records_places(whole, at, 16);
	for (size_t cut = at[n - 1] + 1; cut < at[n]; cut += 7) {
		uint8_t *torn = calloc(1, whole.n);

		ck_assert_ptr_nonnull(torn);
		memcpy(torn, whole.p, cut);
		records_put(LOG_FILE, torn, whole.n);
		c = roster();
		ck_assert(has(c, "ann", "/srv/ann") && !has(c, "bob", "/srv/bob"));
		carry_free(c);
		after = records_get(LOG_FILE);
		ck_assert_uint_le(after.n, cut);
		ck_assert_mem_eq(after.p, torn, after.n);
		free(after.p);
		free(torn);
	}
	free(whole.p);
}
END_TEST

/* A segment that was made and has nothing yet: the one before it says who is registered. */
START_TEST(an_empty_last_segment_is_passed_over)
{
	static const uint8_t zeros[4096];
	struct log *log = begin();
	struct carry *c;

	agent(log, "ann", "/srv/ann");
	log_close(log);
	records_put("00000001.seg", zeros, sizeof zeros);
	c = roster();
	ck_assert(has(c, "ann", "/srv/ann"));
	carry_free(c);
}
END_TEST

START_TEST(without_a_record_there_is_none)
{
	static const uint8_t zeros[4096];

	ck_assert_ptr_null(roster_read(records_dir, records_blobs, &records_err));
	ck_assert_str_eq(records_err.text, "the log has no records");
	records_put(LOG_FILE, zeros, sizeof zeros);
	ck_assert_ptr_null(roster_read(records_dir, records_blobs, &records_err));
	ck_assert_str_eq(records_err.text, "the log has no records");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("roster");
	TCase *tc = tcase_create("roster");
	SRunner *r;
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(tc, records_setup, records_teardown);
	tcase_add_test(tc, it_is_what_the_log_says);
	tcase_add_test(tc, a_torn_end_is_the_end);
	tcase_add_test(tc, an_empty_last_segment_is_passed_over);
	tcase_add_test(tc, without_a_record_there_is_none);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
