/* Many segments: they are read as one log, recovery reads the last one, and what is done to any of
 * them is named. */
#include "tests/unit/records.h"

#include "runtime/base/file.h"
#include "runtime/record/carry.h"
#include "runtime/record/head.h"
#include "runtime/record/log.h"
#include "runtime/record/reader.h"
#include "runtime/record/segment.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct log_options small = { .segment = 96 << 10 }, alarming = { .segment = 96 << 10, .alarm = true };

static struct log *reopen(const struct log_options *options)
{
	struct log *log = log_open(records_dir, records_blobs, options, &records_err);

	ck_assert_msg(log != NULL, "%s", records_err.text);
	return log;
}

/* n intents with their outcomes, some to a commit. */
static void fill(struct log *log, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct record in = records_intent(), out;
		struct log_added added;

		ck_assert_msg(!log_add(log, &in, &added, &records_err), "%s", records_err.text);
		out = records_outcome(added.seq);
		ck_assert_msg(!log_add(log, &out, NULL, &records_err), "%s", records_err.text);
		if (i % 16 == 15)
			ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
	}
	ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
}

static uint64_t last_segment(void)
{
	uint64_t n;

	ck_assert_int_eq(segment_last(records_dir, &n, &records_err), 1);
	return n;
}

/* Segments of some 32 KiB of records each; an intent stays open all the time. */
static void many(void)
{
	struct record first = records_intent();
	struct log *log;

	ck_assert_msg(!log_create(records_dir, "krux.test/1", "krux 0", &records_err), "%s", records_err.text);
	log = reopen(&small);
	/* The first segment was made before anybody said how large they are to be. */
	records_append(log, first);
	fill(log, 2600);
	log_close(log);
	ck_assert_uint_ge(last_segment(), 3);
}

static size_t count(const struct verify_report *r, enum finding_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nfindings; i++)
		n += r->finding[i].kind == kind;
	return n;
}

static int number_each(void *ctx, const struct scan_item *item, struct krux_err *err)
{
	uint64_t *n = ctx;

	(void)err;
	ck_assert_uint_eq(item->record->field[AUDIT_SEQ].u, (*n)++);
	return 0;
}

START_TEST(segments_are_one_log)
{
	struct verify_report r;
	struct stat st;
	struct log *log;
	uint64_t n = 0;

	many();
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(r.notes, 1);
	ck_assert_uint_eq(count(&r, FINDING_OPEN), 1);
	ck_assert_uint_eq(r.finding[0].seq, 1);
	ck_assert_uint_eq(r.segments, last_segment() + 1);
	ck_assert_uint_eq(r.states, last_segment());
	ck_assert_uint_eq(r.kinds[AUDIT_KIND_CARRY], last_segment());
	ck_assert_msg(!reader_each(records_dir, number_each, &n, &records_err), "%s", records_err.text);
	ck_assert_uint_eq(n, r.records);
	verify_free(&r);
	/* A sealed one has no zeros, and the next calls go on where the last one ended. */
	n = last_segment();
	ck_assert_int_eq(fstatat(records_dir, "00000001.seg", &st, 0), 0);
	ck_assert_int_lt(st.st_size, 96 << 10);
	log = reopen(&small);
	ck_assert_uint_eq(carry_intents(log_carry(log)), 1);
	ck_assert_uint_eq(carry_calls_of(log_carry(log), KRUX_STR("/srv/w"), KRUX_STR("filesystem.read")), 2601);
	records_append(log, records_denied());
	log_close(log);
	ck_assert_uint_eq(last_segment(), n);
}
END_TEST

/* The same log is checked by one thread and by many with the same result. */
START_TEST(threads_agree)
{
	struct verify_report a, b;

	many();
	for (unsigned n = 1; n < 5; n++) {
		const struct verify_options options = { .threads = n };

		ck_assert(!verify_log(records_dir, records_blobs, &options, &a, &records_err));
		b = records_verify();
		ck_assert_uint_eq(a.records, b.records);
		ck_assert_mem_eq(a.leaf, b.leaf, HASH_LEN);
		ck_assert_mem_eq(a.root, b.root, HASH_LEN);
		ck_assert_uint_eq(a.states, b.states);
		verify_free(&a);
		verify_free(&b);
	}
}
END_TEST

static void copy(const char *from, const char *to)
{
	size_t n;
	uint8_t *p = file_read(records_dir, from, 1 << 24, &n, &records_err);

	ck_assert_ptr_nonnull(p);
	records_put(to, p, n);
	free(p);
}

START_TEST(a_missing_segment_is_named)
{
	struct verify_report r;
	char name[SEGMENT_NAME];

	many();
	for (uint64_t n = 0; n <= last_segment(); n++) {
		segment_name(n, name);
		copy(name, "kept");
		ck_assert_int_eq(unlinkat(records_dir, name, 0), 0);
		r = records_verify();
		ck_assert_uint_gt(r.faults, 0);
		ck_assert_uint_ge(count(&r, FINDING_MISSING), 1);
		verify_free(&r);
		copy("kept", name);
	}
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	verify_free(&r);
}
END_TEST

/* An older state of the open segment, put back: the head knows of more. */
START_TEST(an_old_copy_of_a_segment_is_named)
{
	struct verify_report r;
	struct log *log;
	char name[SEGMENT_NAME], before[SEGMENT_NAME];

	many();
	segment_name(last_segment(), name);
	copy(name, "kept");
	log = reopen(&small);
	fill(log, 5);
	log_close(log);
	copy(name, "new");
	copy("kept", name);
	r = records_verify();
	ck_assert_uint_eq(r.faults, 1);
	ck_assert_int_eq(r.finding[r.nfindings - 1].kind == FINDING_MISSING || r.finding[0].kind == FINDING_MISSING, 1);
	verify_free(&r);
	ck_assert_ptr_null(log_open(records_dir, records_blobs, &small, &records_err));
	copy("new", name);
	/* One sealed segment in another's place. */
	segment_name(1, before);
	copy(before, "kept");
	copy("00000002.seg", before);
	r = records_verify();
	ck_assert_uint_gt(r.faults, 0);
	ck_assert_uint_ge(count(&r, FINDING_MISSING) + count(&r, FINDING_REPEATED), 1);
	verify_free(&r);
	copy("kept", before);
}
END_TEST

/* Two histories from the same beginning: the one does not continue the other. */
START_TEST(a_fork_is_named)
{
	struct verify_report r;
	char last[SEGMENT_NAME], next[SEGMENT_NAME];
	struct log *log;
	uint64_t n;

	many();
	n = last_segment();
	segment_name(n, last);
	segment_name(n + 1, next);
	copy(last, "before");
	copy("head", "head-before");
	log = reopen(&small);
	fill(log, 200);
	log_close(log);
	copy(last, "one");
	copy(next, "one-next");
	unlinkat(records_dir, next, 0);
	unlinkat(records_dir, "00000005.seg", 0);
	unlinkat(records_dir, "00000006.seg", 0);
	copy("before", last);
	copy("head-before", "head");
	log = reopen(&small);
	fill(log, 200);
	log_close(log);
	ck_assert_uint_gt(last_segment(), n);
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	verify_free(&r);
	copy("one-next", next);
	r = records_verify();
	ck_assert_uint_gt(r.faults, 0);
	ck_assert_uint_ge(count(&r, FINDING_CHANGED) + count(&r, FINDING_STATE), 1);
	verify_free(&r);
}
END_TEST

/* A state that says something else, in a record that is good in itself, is derived again. */
START_TEST(a_forged_state_is_named)
{
	uint8_t out[RECORD_MAX];
	struct record changed;
	struct verify_report r;
	struct bytes b;
	struct carry *c;
	const char *why;
	size_t used, n;
	uint8_t *state;

	many();
	b = records_get("00000002.seg");
	ck_assert(record_decode(b.p, b.n, &changed, &used, &why));
	c = log_state(records_blobs, &changed, &why);
	ck_assert_ptr_nonnull(c);
	carry_recount(c, carry_horizon(c) + 1);
	state = carry_encode(c, &n);
	record_str(&changed, AUDIT_STATE, (struct krux_str){ (char *)state, n });
	n = record_encode(&changed, out, sizeof out);
	ck_assert_uint_gt(n, 0);
	if (n == used) {
		memcpy(b.p, out, n);
		records_put("00000002.seg", b.p, b.n);
		r = records_verify();
		ck_assert_uint_ge(count(&r, FINDING_STATE), 1);
		ck_assert_uint_eq(r.finding[0].segment, 2);
		verify_free(&r);
	}
	free(state);
	free(b.p);
	carry_free(c);
}
END_TEST

/* Recovery cuts the last segment at any byte behind the head, and takes nothing from beyond. */
START_TEST(every_cut_of_a_commit_recovers)
{
	struct bytes before, after;
	char name[SEGMENT_NAME];
	struct log *log;
	uint64_t n;

	many();
	n = last_segment();
	segment_name(n, name);
	before = records_get(name);
	copy("head", "head-before");
	log = reopen(&small);
	fill(log, 3);
	log_close(log);
	after = records_get(name);
	ck_assert_uint_gt(after.n, before.n);
	for (size_t cut = before.n; cut < after.n; cut += 7) {
		struct verify_report r;
		char next[SEGMENT_NAME];

		/* The page at the cut was not written, what lies behind it was. */
		memset(after.p + cut, 0, 1);
		records_put(name, after.p, after.n);
		copy("head-before", "head");
		segment_name(n + 1, next);
		unlinkat(records_dir, next, 0);
		log = reopen(&small);
		records_append(log, records_denied());
		log_close(log);
		r = records_verify();
		ck_assert_uint_eq(r.faults, 0);
		verify_free(&r);
		free(after.p);
		after = records_get(name);
		ck_assert_uint_le(after.n, cut);
		/* Again from the start. */
		records_put(name, before.p, before.n);
		copy("head-before", "head");
		unlinkat(records_dir, next, 0);
		log = reopen(&small);
		fill(log, 3);
		log_close(log);
		free(after.p);
		after = records_get(name);
	}
	free(before.p);
	free(after.p);
}
END_TEST

/* The next segment was begun, and its first record never came. */
START_TEST(a_begun_segment_is_taken_back)
{
	static const uint8_t zeros[4096];
	struct verify_report r;
	char name[SEGMENT_NAME];
	struct log *log;
	uint64_t n;

	many();
	n = last_segment();
	segment_name(n + 1, name);
	records_put(name, zeros, sizeof zeros);
	log = reopen(&small);
	records_append(log, records_denied());
	log_close(log);
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	verify_free(&r);
}
END_TEST

static struct record acknowledged(uint64_t tree)
{
	static uint8_t bytes[128], nonce[16], hash[HASH_LEN], signature[64];
	struct item_out o = { bytes, sizeof bytes, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_ACKNOWLEDGED);
	record_text(&r, AUDIT_WHY, "the disk was replaced");
	record_set(&r, AUDIT_TREE, tree);
	record_bytes(&r, AUDIT_ROOT, hash, HASH_LEN);
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, "operator");
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)hash, HASH_LEN });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)signature, 64 });
	record_str(&r, AUDIT_SIGNERS, records_item(&o));
	record_bytes(&r, AUDIT_NONCE, nonce, 16);
	return r;
}

/* Lost records stop everything until an operator says that they are known to be lost. */
START_TEST(lost_records_are_an_alarm)
{
	struct record denied, ack;
	struct bytes b;
	char name[SEGMENT_NAME];
	struct log *log;
	uint64_t known;

	many();
	segment_name(last_segment(), name);
	b = records_get(name);
	records_put(name, b.p, b.n - 100);
	ck_assert_ptr_null(log_open(records_dir, records_blobs, &small, &records_err));
	log = reopen(&alarming);
	known = log_alarm(log);
	ck_assert_uint_gt(known, 0);
	denied = records_denied();
	ck_assert_int_eq(log_add(log, &denied, NULL, &records_err), LOG_REFUSED);
	ack = acknowledged(known - 1);
	ck_assert_int_eq(log_add(log, &ack, NULL, &records_err), LOG_REFUSED);
	log_close(log);
	ck_assert_ptr_null(log_open(records_dir, records_blobs, &small, &records_err));
	log = reopen(&alarming);
	ack = acknowledged(known);
	ck_assert_msg(!log_append(log, &ack, NULL, NULL, &records_err), "%s", records_err.text);
	ck_assert_uint_eq(log_alarm(log), 0);
	records_append(log, records_denied());
	log_expect(log, known);
	ck_assert_uint_eq(log_alarm(log), 0);
	log_close(log);
	log = reopen(&small);
	log_close(log);
	free(b.p);
}
END_TEST

/* A checkpoint that knows more than the log. */
START_TEST(an_expected_record_is_an_alarm)
{
	struct record denied = records_denied();
	struct log *log;

	many();
	log = reopen(&small);
	log_expect(log, carry_next(log_carry(log)));
	ck_assert_uint_eq(log_alarm(log), 0);
	log_expect(log, carry_next(log_carry(log)) + 1);
	ck_assert_int_eq(log_add(log, &denied, NULL, &records_err), LOG_REFUSED);
	log_close(log);
}
END_TEST

START_TEST(two_writers_are_refused)
{
	struct log *log, *other;

	many();
	log = reopen(&small);
	other = log_open(records_dir, records_blobs, &small, &records_err);
	ck_assert_ptr_null(other);
	ck_assert_ptr_nonnull(strstr(records_err.text, "another program"));
	log_close(log);
	log = reopen(&small);
	log_close(log);
}
END_TEST

/* While it is written, a log is checked up to what is on disk. */
START_TEST(a_live_log_is_verified)
{
	struct verify_report r;
	struct log *log;

	many();
	log = reopen(&small);
	for (int i = 0; i < 20; i++) {
		fill(log, 10);
		r = records_verify();
		ck_assert_uint_eq(r.faults, 0);
		ck_assert(r.live);
		verify_free(&r);
	}
	log_close(log);
}
END_TEST

/* A state too large for a record goes to a blob. */
START_TEST(a_large_state_is_a_blob)
{
	struct verify_report r;
	struct log *log;
	uint64_t n;

	many();
	log = reopen(&small);
	n = last_segment();
	while (last_segment() == n) {
		for (int i = 0; i < 50; i++) {
			struct record d = records_deferred();

			record_set(&d, AUDIT_TTL, UINT64_MAX);
			ck_assert(!log_add(log, &d, NULL, &records_err));
		}
		ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
	}
	for (int i = 0; i < 200; i++) {
		struct record d = records_deferred();

		record_set(&d, AUDIT_TTL, UINT64_MAX);
		ck_assert(!log_add(log, &d, NULL, &records_err));
	}
	ck_assert_msg(!log_commit(log, &records_err), "%s", records_err.text);
	for (n = last_segment(); last_segment() == n;)
		fill(log, 10);
	n = carry_tickets(log_carry(log));
	log_close(log);
	r = records_verify();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_ge(r.blobs, 1);
	verify_free(&r);
	log = reopen(&small);
	ck_assert_uint_eq(carry_tickets(log_carry(log)), n);
	log_close(log);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("segments");
	TCase *tc = tcase_create("segments");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, records_setup, records_teardown);
	tcase_add_test(tc, segments_are_one_log);
	tcase_add_test(tc, threads_agree);
	tcase_add_test(tc, a_missing_segment_is_named);
	tcase_add_test(tc, an_old_copy_of_a_segment_is_named);
	tcase_add_test(tc, a_fork_is_named);
	tcase_add_test(tc, a_forged_state_is_named);
	tcase_add_test(tc, every_cut_of_a_commit_recovers);
	tcase_add_test(tc, a_begun_segment_is_taken_back);
	tcase_add_test(tc, lost_records_are_an_alarm);
	tcase_add_test(tc, an_expected_record_is_an_alarm);
	tcase_add_test(tc, two_writers_are_refused);
	tcase_add_test(tc, a_live_log_is_verified);
	tcase_add_test(tc, a_large_state_is_a_blob);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
