/* The log: what is written is read, what a crash leaves is put right, and what a crash does not leave is an alarm. */
#include "tests/unit/records.h"
#include "tests/unit/still.h"

#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"

#include "capspec/krux_abi.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(written_is_read)
{
	struct verify_report r;

	records_log();
	r = records_verify();
	ck_assert_uint_eq(r.records, 13);
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(r.notes, 0);
	ck_assert_uint_eq(r.kinds[AUDIT_KIND_INTENT], 3);
	ck_assert(krux_str_eq(r.origin, KRUX_STR("krux.test/1")));
	ck_assert(r.head);
	verify_free(&r);
}
END_TEST

/* A writer never goes on after a changed byte. */
START_TEST(writer_refuses_changes)
{
	struct bytes log;

	records_log();
	log = records_get(LOG_FILE);
	for (size_t i = 0; i < log.n; i += 17) {
		struct bytes after;

		log.p[i] ^= 0x10;
		records_put(LOG_FILE, log.p, log.n);
		ck_assert_ptr_null(log_open(records_dir, records_blobs, NULL, &records_err));
		after = records_get(LOG_FILE);
		/* Its last byte may be a zero, which is then cut: it holds the whole file. */
		ck_assert_uint_le(after.n, log.n);
		ck_assert_mem_eq(after.p, log.p, log.n);
		free(after.p);
		log.p[i] ^= 0x10;
	}
	free(log.p);
}
END_TEST

/* Bytes before zeros to the end: those are no different from what was never written. */
static size_t content(const uint8_t *p, size_t n)
{
	while (n && !p[n - 1])
		n--;
	return n;
}

/* A crash in the middle of the last append leaves any prefix of it; the head knows nothing of it. */
START_TEST(every_cut_of_the_last_append_recovers)
{
	struct bytes head, log;
	size_t at[32], n, begin;
	struct log *l;

	records_log();
	head = records_get("head");
	l = log_open(records_dir, records_blobs, NULL, &records_err);
	records_append(l, records_denied());
	log_close(l);
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	begin = at[n - 1];
	for (size_t cut = begin; cut <= log.n; cut++) {
		struct verify_report r;

		records_first();
		records_put(LOG_FILE, log.p, cut);
		records_put("head", head.p, head.n);
		r = records_verify();
		ck_assert_uint_eq(r.faults, cut > begin && cut < log.n);
		if (r.faults)
			ck_assert_int_eq(r.finding[0].kind, FINDING_TORN);
		verify_free(&r);
		l = log_open(records_dir, records_blobs, NULL, &records_err);
		ck_assert_msg(l != NULL, "cut at %zu: %s", cut, records_err.text);
		ck_assert_uint_eq(log_dropped(l), cut < log.n ? content(log.p + begin, cut - begin) : 0);
		records_append(l, records_denied());
		log_close(l);
		r = records_verify();
		ck_assert_uint_eq(r.faults, 0);
		ck_assert_uint_eq(r.kinds[AUDIT_KIND_RECOVERED], cut > begin && cut < log.n);
		verify_free(&r);
	}
	free(log.p);
	free(head.p);
}
END_TEST

/* The same with zeros to the full length, as file systems fill what was not written. */
START_TEST(zeros_of_a_torn_append_recover)
{
	struct bytes head, log;
	size_t at[32], n;
	struct log *l;

	records_log();
	head = records_get("head");
	l = log_open(records_dir, records_blobs, NULL, &records_err);
	records_append(l, records_denied());
	log_close(l);
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	for (size_t cut = log.n - 1; cut-- > at[n - 1];) {
		memset(log.p + cut, 0, log.n - cut);
		records_first();
		records_put(LOG_FILE, log.p, log.n);
		records_put("head", head.p, head.n);
		l = log_open(records_dir, records_blobs, NULL, &records_err);
		ck_assert_msg(l != NULL, "zeros from %zu: %s", cut, records_err.text);
		ck_assert_uint_eq(log_dropped(l), content(log.p + at[n - 1], log.n - at[n - 1]));
		log_close(l);
	}
	free(log.p);
	free(head.p);
}
END_TEST

/* What the head knows to be on disk is no crash when it is gone: nothing is repaired. */
START_TEST(a_cut_log_is_an_alarm)
{
	struct bytes log;

	records_log();
	log = records_get(LOG_FILE);
	for (size_t cut = 0; cut < log.n; cut++) {
		struct verify_report r;

		records_put(LOG_FILE, log.p, cut);
		r = records_verify();
		ck_assert_msg(r.faults > 0, "cut at %zu: nothing found", cut);
		verify_free(&r);
		ck_assert_msg(!log_open(records_dir, records_blobs, NULL, &records_err), "cut at %zu: accepted", cut);
	}
	free(log.p);
}
END_TEST

START_TEST(head_file_tells)
{
	struct verify_report r;

	records_log();
	ck_assert_int_eq(unlinkat(records_dir, "head", 0), 0);
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(records_count(&r, FINDING_UNHEADED), 1);
	verify_free(&r);
	ck_assert_ptr_null(log_open(records_dir, records_blobs, NULL, &records_err));
	ck_assert_msg(strstr(records_err.text, "kruxrt audit acknowledge --state DIR --key KEY --reason TEXT"), "%s",
	              records_err.text);
}
END_TEST

/* One slot of the head torn by a crash: the other one still serves. */
START_TEST(head_survives_a_torn_slot)
{
	struct bytes head;

	records_log();
	head = records_get("head");
	for (size_t i = 0; i < 128; i += 5) {
		struct verify_report r;

		head.p[128 + i] ^= 0x55;
		records_put("head", head.p, head.n);
		r = records_verify();
		ck_assert_uint_eq(r.faults, 0);
		ck_assert(r.head);
		verify_free(&r);
		head.p[128 + i] ^= 0x55;
	}
	free(head.p);
}
END_TEST

/* A program that ends between intent and outcome leaves an intent that the next one closes. */
START_TEST(intent_without_outcome_becomes_unknown)
{
	struct verify_report r;
	struct log *log;
	uint64_t unknown;
	pid_t pid;
	int status;

	records_log();
	pid = fork();
	if (!pid) {
		log = log_open(records_dir, records_blobs, NULL, &records_err);
		if (log) {
			struct record i = records_intent();

			log_append(log, &i, NULL, NULL, &records_err);
		}
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(records_count(&r, FINDING_OPEN), 1);
	ck_assert_uint_eq(r.finding[0].seq, 13);
	verify_free(&r);
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	ck_assert_int_eq(log_settle(log, &unknown, &records_err), LOG_OK);
	ck_assert_uint_eq(unknown, 1);
	log_close(log);
	r = records_verify();
	ck_assert_uint_eq(r.kinds[AUDIT_KIND_UNKNOWN], 1);
	ck_assert_uint_eq(r.faults + r.notes, 0);
	verify_free(&r);
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_int_eq(log_settle(log, &unknown, &records_err), LOG_OK);
	ck_assert_uint_eq(unknown, 0);
	log_close(log);
}
END_TEST

START_TEST(outcome_needs_its_intent)
{
	struct record r = records_outcome(1);
	struct verify_report report;
	struct log *log;

	records_log();
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_REFUSED);
	records_append(log, records_denied());
	log_close(log);
	report = records_verify();
	ck_assert_uint_eq(report.faults, 0);
	verify_free(&report);
}
END_TEST

START_TEST(blobs_are_verified)
{
	uint8_t name[HASH_LEN], field[64];
	struct item_out o = { field, sizeof field, 0 };
	struct verify_report report;
	char path[80] = "blobs/";
	struct record r;
	struct log *log;

	records_log();
	r = records_intent();
	ck_assert_int_eq(blob_put(records_blobs, KRUX_STR("much"), name, &records_err), 0);
	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)name, HASH_LEN });
	item_head(&o, ITEM_UINT, 4);
	r.have &= ~(1ull << AUDIT_ARGS);
	record_str(&r, AUDIT_ARGS_BLOB, records_item(&o));
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	records_append(log, r);
	records_append(log, records_outcome(13));
	log_close(log);
	report = records_verify();
	ck_assert_uint_eq(report.blobs, 1);
	ck_assert_uint_eq(report.faults + report.notes, 0);
	verify_free(&report);
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(path + 6 + 2 * i, 3, "%02x", name[i]);
	ck_assert_int_eq(unlinkat(records_dir, path, 0), 0);
	report = records_verify();
	ck_assert_uint_eq(report.faults, 0);
	ck_assert_uint_eq(records_count(&report, FINDING_GONE), 1);
	verify_free(&report);
}
END_TEST

/* Two writers: the second waits for the first. */
START_TEST(one_writer_at_a_time)
{
	struct verify_report r;
	pid_t pid[4];
	int status;

	records_log();
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		for (int k = 0; k < 5; k++) {
			struct log *log = log_open(records_dir, records_blobs, NULL, &records_err);
			struct record d = records_denied();

			if (!log || log_append(log, &d, NULL, NULL, &records_err))
				_exit(1);
			log_close(log);
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	r = records_verify();
	ck_assert_uint_eq(r.records, 13 + 20);
	ck_assert_uint_eq(r.faults + r.notes, 0);
	verify_free(&r);
}
END_TEST

/* ---- a clock that is set back ---- */

static struct record counting(void)
{
	static uint8_t bytes[64];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct record r = records_intent();

	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 4);
	item_head(&o, ITEM_UINT, KRUX_FACT_RATE);
	item_text(&o, "team");
	item_text(&o, "read");
	item_head(&o, ITEM_UINT, 1);
	record_str(&r, AUDIT_COUNTERS, records_item(&o));
	return r;
}

static struct record hourly(void)
{
	static const uint8_t hash[HASH_LEN] = { 5 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_BUNDLE);
	record_text(&r, AUDIT_ENGINE, "krux 0");
	record_text(&r, AUDIT_POLICY, "team");
	record_set(&r, AUDIT_SERIAL, 1);
	record_set(&r, AUDIT_DEV, 0);
	record_bytes(&r, AUDIT_BUNDLE, hash, sizeof hash);
	record_bytes(&r, AUDIT_KEY, hash, sizeof hash);
	record_set(&r, AUDIT_HORIZON, 3600000000000);
	return r;
}

/* Intents that count in the last minute, by the clock as it is now. */
static uint64_t counted(const struct log *log)
{
	struct record r = records_intent();
	uint64_t oldest;

	return carry_sum(log_carry(log), r.field[AUDIT_AGENT].s, KRUX_FACT_RATE, KRUX_STR("team"), KRUX_STR("read"),
	                 log_wall(), 60000000000, &oldest);
}

/* Whoever sets the clock back gains no calls by it, neither then nor after the next start; the log goes on,
 * and verify notes it once. */
START_TEST(a_clock_that_is_set_back_forgets_nothing)
{
	struct verify_report r;
	struct log *log;

	records_log();
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	records_append(log, hourly());
	for (unsigned i = 0; i < 3; i++)
		records_append(log, counting());
	ck_assert_uint_eq(counted(log), 3);
	still_now();
	still_on(-600);
	ck_assert_uint_eq(counted(log), 3);
	for (unsigned i = 0; i < 2; i++)
		records_append(log, counting());
	ck_assert_uint_eq(counted(log), 5);
	log_close(log);
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	ck_assert_uint_eq(counted(log), 5);
	log_close(log);
	still_end();
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(records_count(&r, FINDING_CLOCK), 1);
	verify_free(&r);
}
END_TEST

/* Whoever sets it forward opens the windows: a limit that docs/security.md names. verify notes it, once. */
START_TEST(a_clock_that_is_set_forward_is_noted)
{
	struct verify_report r;
	struct log *log;

	records_log();
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	records_append(log, hourly());
	records_append(log, counting());
	still_now();
	records_append(log, counting());
	ck_assert_uint_eq(counted(log), 2);
	still_on(7200);
	ck_assert_uint_eq(counted(log), 0);
	records_append(log, counting());
	records_append(log, counting());
	log_close(log);
	still_end();
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(records_count(&r, FINDING_CLOCK), 1);
	verify_free(&r);
}
END_TEST

/* Before a bundle that looks further back is taken, what was added goes to the system: what comes behind it does
 * not, and what was handed out stays where it is. */
START_TEST(a_bundle_amid_records_loses_none)
{
	static char why[60000];
	struct record much = records_denied();
	enum { BEFORE = 40, BEHIND = 40 };
	struct verify_report report;
	struct log_added first;
	struct record decoded;
	const char *refused;
	struct log *log;
	uint64_t records;
	size_t used;

	memset(why, 'x', sizeof why - 1);
	record_text(&much, AUDIT_WHY, why);
	records_log();
	log = log_open(records_dir, records_blobs, NULL, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	for (unsigned i = 0; i < BEFORE; i++) {
		struct record r = much;

		ck_assert_int_eq(log_add(log, &r, i ? NULL : &first, &records_err), LOG_OK);
	}
	for (unsigned i = 0; i < BEHIND; i++) {
		struct record r = i ? much : hourly();

		ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_OK);
		if (i == 1)
			ck_assert(record_decode((const uint8_t *)first.bytes.p, first.bytes.n, &decoded, &used, &refused) &&
			          decoded.field[AUDIT_SEQ].u == first.seq);
	}
	ck_assert_int_eq(log_commit(log, &records_err), LOG_OK);
	records = carry_next(log_carry(log));
	ck_assert_uint_ge(records, first.seq + BEFORE + BEHIND);
	log_close(log);
	report = records_verify();
	ck_assert_uint_eq(report.faults, 0);
	ck_assert_uint_eq(report.records, records);
	verify_free(&report);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, records_setup, records_teardown);
	tcase_add_test(tc, written_is_read);
	tcase_add_test(tc, writer_refuses_changes);
	tcase_add_test(tc, every_cut_of_the_last_append_recovers);
	tcase_add_test(tc, zeros_of_a_torn_append_recover);
	tcase_add_test(tc, a_cut_log_is_an_alarm);
	tcase_add_test(tc, head_file_tells);
	tcase_add_test(tc, head_survives_a_torn_slot);
	tcase_add_test(tc, intent_without_outcome_becomes_unknown);
	tcase_add_test(tc, outcome_needs_its_intent);
	tcase_add_test(tc, blobs_are_verified);
	tcase_add_test(tc, one_writer_at_a_time);
	tcase_add_test(tc, a_clock_that_is_set_back_forgets_nothing);
	tcase_add_test(tc, a_clock_that_is_set_forward_is_noted);
	tcase_add_test(tc, a_bundle_amid_records_loses_none);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
