/* A disk that is full, that fails to write, that fails to keep: what was acknowledged stays, what was
 * not is not there, and the log says what happened. The program runs itself again under
 * tests/shim/fault.c. */
#include "tests/unit/faulty.h"
#include "tests/unit/recording.h"
#include "tests/unit/records.h"

#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct log_options small = { .segment = 96 << 10 };

static void none(void)
{
	faulty_set("pwrite", 0, 0, 0);
	faulty_set("fdatasync", 0, 0, 0);
	faulty_set("fsync", 0, 0, 0);
	faulty_set("fallocate", 0, 0, 0);
	faulty_set("room", 0, 0, 0);
}

static void setup(void)
{
	struct log *log;

	records_setup();
	none();
	ck_assert_msg(!log_create(records_dir, "krux.test/1", "krux 0", &records_err), "%s", records_err.text);
	log = log_open(records_dir, records_blobs, &small, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	for (int i = 0; i < 3100; i++) {
		struct record d = records_denied();

		ck_assert(!log_add(log, &d, NULL, &records_err));
	}
	ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
	log_close(log);
}

static void whole(uint64_t at_least)
{
	struct verify_report r;

	none();
	r = records_verify();
	ck_assert_msg(!r.faults, "%s", r.nfindings ? r.finding[0].text : "");
	ck_assert_uint_ge(r.records, at_least);
	verify_free(&r);
}

struct told {
	uint64_t next;           /* records below it are said to be on disk */
	uint64_t lost;           /* commits that failed */
};

/* A writer's life: batches, each either on disk or told to have failed; in the second case it goes on. */
static struct told live(struct log *log, int batches)
{
	struct told t = { 0, 0 };

	for (int b = 0; b < batches; b++) {
		uint64_t seq[4] = { 0 };
		bool ok = true;

		for (int i = 0; i < 4 && ok; i++) {
			struct record r = records_denied();
			struct log_added added;

			ok = !log_add(log, &r, &added, &records_err);
			seq[i] = added.seq;
		}
		if (ok && !log_commit(log, &records_err)) {
			ck_assert_uint_ge(seq[0], t.next);
			t.next = seq[3] + 1;
			continue;
		}
		t.lost++;
		if (log_again(log, &records_err))
			return t;
		ck_assert_uint_ge(carry_next(log_carry(log)), t.next);
	}
	return t;
}

static const struct {
	const char *call;
	int no;
} kinds[] = {
	{ "fdatasync", EIO }, { "pwrite", EIO }, { "pwrite", ENOSPC }, { "pwrite", 0 }, { "fsync", EIO },
};

/* The k-th call fails, for every k of a life that begins two segments. */
START_TEST(any_one_failure_is_survived)
{
	struct log *log = log_open(records_dir, records_blobs, &small, &records_err);
	int calls;

	none();
	live(log, 160);
	calls = faulty_calls(kinds[_i].call);
	log_close(log);
	for (int k = 0; k < calls + 4; k += calls < 40 ? 1 : 1 + k / 6) {
		struct told t;

		log = log_open(records_dir, records_blobs, &small, &records_err);
		ck_assert_msg(log != NULL, "%s", records_err.text);
		faulty_set(kinds[_i].call, k, 1, kinds[_i].no);
		t = live(log, 100);
		log_close(log);
		whole(t.next);
		/* A call that does half is made again, no more. */
		if (!kinds[_i].no)
			ck_assert_uint_eq(t.lost, 0);
	}
}
END_TEST

static int recovered_count(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	(void)err;
	*(int *)ctx += item->record->field[AUDIT_KIND].u == AUDIT_KIND_RECOVERED;
	return 0;
}

START_TEST(a_failed_sync_is_said)
{
	struct log *log = log_open(records_dir, records_blobs, &small, &records_err);
	struct record r = records_denied();
	uint64_t before = carry_next(log_carry(log));
	int n = 0;

	faulty_set("fdatasync", 0, 1, EIO);
	ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_OK);
	ck_assert_int_eq(log_commit(log, &records_err), LOG_FAILED);
	/* Nothing more is taken, and its pages are not tried again. */
	r = records_denied();
	ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_FAILED);
	ck_assert_int_eq(log_commit(log, &records_err), LOG_FAILED);
	ck_assert_msg(!log_again(log, &records_err), "%s", records_err.text);
	/* The state and the word of it, instead of what was lost. */
	ck_assert_uint_eq(carry_next(log_carry(log)), before + 2);
	r = records_denied();
	ck_assert(!log_append(log, &r, NULL, NULL, &records_err));
	log_close(log);
	ck_assert(!reader_each(records_dir, recovered_count, &n, &records_err));
	ck_assert_int_eq(n, 1);
	whole(before + 3);
}
END_TEST

/* When nothing can be written any more, the writer says so and the log stays what it was. */
START_TEST(a_dead_disk_ends_the_writer)
{
	struct log *log = log_open(records_dir, records_blobs, &small, &records_err);
	uint64_t before = carry_next(log_carry(log));
	struct record r = records_denied();

	faulty_set("pwrite", 0, INT_MAX, EIO);
	ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_OK);
	ck_assert_int_eq(log_commit(log, &records_err), LOG_FAILED);
	ck_assert_int_eq(log_again(log, &records_err), LOG_FAILED);
	log_close(log);
	whole(before);
	log = log_open(records_dir, records_blobs, &small, &records_err);
	ck_assert_msg(log != NULL, "%s", records_err.text);
	ck_assert(!log_append(log, &r, NULL, NULL, &records_err));
	log_close(log);
	whole(before + 1);
}
END_TEST

static int full_count(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	(void)err;
	*(int *)ctx += item->record->field[AUDIT_KIND].u == AUDIT_KIND_FULL;
	return 0;
}

static int fulls(void)
{
	int n = 0;

	ck_assert(!reader_each(records_dir, full_count, &n, &records_err));
	return n;
}

/* Denied calls until they are not taken any more. */
static enum log_result fill(struct log *log)
{
	enum log_result rc = LOG_OK;

	for (int i = 0; i < 3000 && !rc; i++) {
		struct record d = records_denied();

		rc = log_append(log, &d, NULL, NULL, &records_err) ? LOG_FAILED : LOG_OK;
	}
	return rc;
}

/* No room for the next segment: the reserve says so, and serves what ends things. Then there is room. */
START_TEST(a_full_disk_is_recorded)
{
	struct log *log = log_open(records_dir, records_blobs, &small, &records_err);
	const struct timespec pause = { 1, 100000000 };
	struct record r = records_intent();
	uint64_t seq;

	ck_assert(!log_append(log, &r, &seq, NULL, &records_err));
	faulty_set("room", 50000, 1, 0);
	ck_assert_int_eq(fill(log), LOG_FAILED);
	r = records_denied();
	ck_assert_int_eq(log_add(log, &r, NULL, &records_err), LOG_FULL);
	r = records_outcome(seq);
	ck_assert_msg(!log_append(log, &r, NULL, NULL, &records_err), "%s", records_err.text);
	ck_assert_int_eq(fulls(), 1);
	ck_assert_int_ne(faccessat(records_dir, "reserve", F_OK, 0), 0);
	/* Not before it looks again. */
	faulty_set("room", 0, 0, 0);
	nanosleep(&pause, NULL);
	r = records_denied();
	ck_assert_msg(!log_append(log, &r, NULL, NULL, &records_err), "%s", records_err.text);
	ck_assert_int_eq(fulls(), 2);
	ck_assert_int_eq(faccessat(records_dir, "reserve", F_OK, 0), 0);
	log_close(log);
	whole(1);
}
END_TEST

/* The recorder: what could not be kept is told to have failed, and the next is served again. */
START_TEST(the_recorder_goes_on_after_a_failure)
{
	struct message_ack ack;
	struct side s;
	struct record r;
	int failed = 0;

	none();
	recording_setup();
	recording_start();
	side_open(&s, 1);
	builder_add(&s);
	for (int i = 0; i < 30; i++) {
		if (i % 5 == 4)
			faulty_set(i % 10 == 4 ? "fdatasync" : "pwrite", 0, 1, EIO);
		r = intent_record();
		if (side_append(&s.gate, &r, 0, &ack) == ACK_FAILED) {
			failed++;
			continue;
		}
		ck_assert_int_eq(ack.status, ACK_OK);
		r = records_outcome(ack.seq);
		side_append(&s.spawner, &r, 0, &ack);
		ck_assert(ack.status == ACK_OK || ack.status == ACK_FAILED);
	}
	ck_assert_int_ge(failed, 1);
	none();
	side_gone(&s);
	ck_assert_int_eq(recording_stop(), 0);
	recording_verify();
	recording_teardown();
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("faults");
	SRunner *runner;
	int failed;

	(void)argc;
	faulty_load(argv);
	if (sodium_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, setup, records_teardown);
	tcase_add_loop_test(tc, any_one_failure_is_survived, 0, (int)(sizeof kinds / sizeof *kinds));
	tcase_add_test(tc, a_failed_sync_is_said);
	tcase_add_test(tc, a_dead_disk_ends_the_writer);
	tcase_add_test(tc, a_full_disk_is_recorded);
	tcase_add_test(tc, the_recorder_goes_on_after_a_failure);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
