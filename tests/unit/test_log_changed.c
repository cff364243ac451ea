/* Whatever is changed in a log is found where it was changed, and named once. */
#include "tests/unit/records.h"

#include "runtime/record/log.h"

#include <check.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Every bit of the log, turned over, is found, and what is found holds it. */
START_TEST(every_flip_is_found)
{
	struct bytes log;

	records_log();
	log = records_get(LOG_FILE);
	for (size_t i = 0; i < 8 * log.n; i++) {
		struct verify_report r;

		log.p[i / 8] ^= (uint8_t)(1 << i % 8);
		records_put(LOG_FILE, log.p, log.n);
		r = records_verify();
		ck_assert_msg(r.faults > 0, "bit %zu of byte %zu: nothing found", i % 8, i / 8);
		ck_assert_msg(records_covers(&r, i / 8), "bit %zu of byte %zu: %s at %llu+%llu: %s", i % 8, i / 8,
		              finding_word(r.finding[0].kind), (unsigned long long)r.finding[0].at,
		              (unsigned long long)r.finding[0].length, r.finding[0].text);
		verify_free(&r);
		log.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	free(log.p);
}
END_TEST

static void rebuild(struct bytes log, const size_t *at, const size_t *order, size_t n)
{
	uint8_t *out = malloc(4 * log.n);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(out + len, log.p + at[order[i]], at[order[i] + 1] - at[order[i]]);
		len += at[order[i] + 1] - at[order[i]];
	}
	records_put(LOG_FILE, out, len);
	free(out);
}

START_TEST(removed_records_are_found)
{
	struct bytes log;
	size_t at[32], n;

	records_log();
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	for (size_t gone = 0; gone < n; gone++) {
		size_t order[32], k = 0;
		struct verify_report r;

		for (size_t i = 0; i < n; i++)
			if (i != gone)
				order[k++] = i;
		rebuild(log, at, order, k);
		r = records_verify();
		ck_assert_uint_eq(records_count(&r, FINDING_MISSING), 1);
		for (size_t i = 0; i < r.nfindings; i++)
			if (r.finding[i].kind == FINDING_MISSING)
				ck_assert_uint_eq(r.finding[i].seq, gone);
		verify_free(&r);
		ck_assert_ptr_null(log_open(records_dir, records_blobs, NULL, &records_err));
	}
	free(log.p);
}
END_TEST

START_TEST(doubled_and_swapped_records_are_found)
{
	struct bytes log;
	size_t at[32], n;

	records_log();
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	for (size_t which = 0; which + 1 < n; which++) {
		size_t order[40], k = 0;
		struct verify_report r;

		for (size_t i = 0; i < n; i++) {
			order[k++] = i;
			if (i == which)
				order[k++] = i;
		}
		rebuild(log, at, order, k);
		r = records_verify();
		ck_assert_uint_eq(records_count(&r, FINDING_REPEATED), 1);
		ck_assert_uint_eq(records_count(&r, FINDING_MISSING), 0);
		verify_free(&r);
		for (k = 0; k < n; k++)
			order[k] = k == which ? which + 1 : k == which + 1 ? which : k;
		rebuild(log, at, order, n);
		r = records_verify();
		ck_assert_uint_eq(records_count(&r, FINDING_REPEATED), 1);
		ck_assert_uint_ge(records_count(&r, FINDING_MISSING), 1);
		verify_free(&r);
		ck_assert_ptr_null(log_open(records_dir, records_blobs, NULL, &records_err));
	}
	free(log.p);
}
END_TEST

START_TEST(inserted_bytes_are_found_once)
{
	struct bytes log;
	size_t at[32], n;
	uint8_t *out;

	records_log();
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	out = malloc(log.n + 300);
	for (size_t i = 1; i < n; i++) {
		struct verify_report r;

		memcpy(out, log.p, at[i]);
		memset(out + at[i], 0x83, 300);
		memcpy(out + at[i] + 300, log.p + at[i], log.n - at[i]);
		records_put(LOG_FILE, out, log.n + 300);
		r = records_verify();
		ck_assert_uint_eq(records_count(&r, FINDING_UNREADABLE), 1);
		ck_assert_uint_eq(r.finding[0].at, at[i]);
		ck_assert_uint_eq(r.finding[0].length, 300);
		ck_assert_uint_eq(records_count(&r, FINDING_CHANGED), 0);
		ck_assert_uint_eq(r.records, n);
		verify_free(&r);
	}
	free(out);
	free(log.p);
}
END_TEST

/* Writes a changed record where the old one stood; both are as long. */
static void reencode(const struct record *r, uint8_t *at, size_t n)
{
	uint8_t out[RECORD_MAX];

	ck_assert_uint_eq(record_encode(r, out, sizeof out), n);
	memcpy(at, out, n);
}

/* The last bytes, made zeros as those behind them are, are found where they stand. */
START_TEST(a_check_made_zeros_is_found)
{
	struct verify_report r;
	struct bytes log;

	records_log();
	log = records_get(LOG_FILE);
	for (size_t i = 1; i <= 4; i++) {
		if (!log.p[log.n - i])
			continue;
		log.p[log.n - i] = 0;
		records_put(LOG_FILE, log.p, log.n);
		r = records_verify();
		ck_assert_uint_eq(records_count(&r, FINDING_UNREADABLE), 1);
		ck_assert(records_covers(&r, log.n - i));
		verify_free(&r);
	}
	free(log.p);
}
END_TEST

/* A record that says that it has more fields than it has, or that one of its lists is longer, does not take the good
 * ones behind it with it. */
START_TEST(a_longer_record_takes_no_other)
{
	struct bytes log;
	size_t at[32], n;

	records_log();
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	for (size_t i = 0; i < n; i++)
		for (size_t k = at[i]; k < at[i + 1]; k++) {
			uint8_t old = log.p[k];

			/* The head of the map, and what may be the head of a list. */
			if (k > at[i] && (old >> 5 != 4 || (old & 31) > 4))
				continue;
			for (unsigned more = 1; more <= 3; more++) {
				struct verify_report r;

				log.p[k] = (uint8_t)(old + more);
				records_put(LOG_FILE, log.p, log.n);
				r = records_verify();
				ck_assert_msg(r.records == n - 1, "record %zu, byte %zu + %u: %llu records", i, k - at[i], more,
				              (unsigned long long)r.records);
				verify_free(&r);
			}
			log.p[k] = old;
		}
	free(log.p);
}
END_TEST

/* Makes the last record another one whose check ends in this many zeros. */
static void end_in_zeros(struct bytes log, size_t at, size_t zeros)
{
	static const uint8_t none[4];
	struct record last;
	const char *why;
	size_t used;

	ck_assert(record_decode(log.p + at, log.n - at, &last, &used, &why));
	for (uint64_t i = 0; i < 1 << 20; i++) {
		uint8_t old[RECORD_MAX];

		memcpy(old, log.p + at, used);
		last.field[AUDIT_WALL].u++;
		ck_assert_uint_eq(record_encode(&last, old, sizeof old), used);
		if (!memcmp(old + used - zeros, none, zeros)) {
			memcpy(log.p + at, old, used);
			return;
		}
	}
	ck_abort_msg("no check ends in %zu zeros", zeros);
}

/* Behind the last record there are zeros, and its check may end in some: with garbage before it, and with zeros
 * ahead or without, it is the record that it is. */
START_TEST(zeros_of_a_check_belong_to_it)
{
	struct bytes log;
	size_t at[32], n;
	uint8_t *out;

	records_log();
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	end_in_zeros(log, at[n - 1], 1 + (size_t)_i % 2);
	out = calloc(1, log.n + 300 + 4096);
	for (size_t i = 1; i < n; i++) {
		struct verify_report r;

		memcpy(out, log.p, at[i]);
		memset(out + at[i], 0x83, 300);
		memcpy(out + at[i] + 300, log.p + at[i], log.n - at[i]);
		records_put(LOG_FILE, out, log.n + 300 + (_i < 2 ? 0 : 4096));
		r = records_verify();
		ck_assert_uint_eq(records_count(&r, FINDING_UNREADABLE), 1);
		ck_assert_uint_eq(r.finding[0].length, 300);
		ck_assert_uint_eq(records_count(&r, FINDING_TORN), 0);
		ck_assert_uint_eq(records_count(&r, FINDING_MISSING), 0);
		ck_assert_uint_eq(r.records, n);
		verify_free(&r);
	}
	free(out);
	free(log.p);
}
END_TEST

/* Two faults far apart are both named. */
START_TEST(every_fault_is_named)
{
	size_t at[32], used;
	struct verify_report r;
	struct record changed;
	struct bytes log;
	const char *why;

	records_log();
	log = records_get(LOG_FILE);
	records_places(log, at, 32);
	log.p[at[3]] = 0xFF;
	/* Record 7 says something else and is a good record in itself. */
	ck_assert(record_decode(log.p + at[7], log.n - at[7], &changed, &used, &why));
	record_set(&changed, AUDIT_WALL, changed.field[AUDIT_WALL].u + 1);
	reencode(&changed, log.p + at[7], used);
	records_put(LOG_FILE, log.p, log.n);
	r = records_verify();
	ck_assert_uint_eq(records_count(&r, FINDING_UNREADABLE), 1);
	ck_assert_uint_eq(r.finding[0].seq, 3);
	ck_assert_uint_eq(r.finding[0].at, at[3]);
	ck_assert_uint_eq(records_count(&r, FINDING_CHANGED), 1);
	ck_assert(records_covers(&r, at[7]));
	ck_assert_uint_eq(r.faults, 2);
	verify_free(&r);
	free(log.p);
}
END_TEST

/* Any record forged so that it is good in itself is named by the next one, the last by the head. */
START_TEST(forged_records_are_found)
{
	size_t at[32], n, used;
	struct bytes log;
	const char *why;

	records_log();
	log = records_get(LOG_FILE);
	n = records_places(log, at, 32);
	for (size_t i = 0; i < n; i++) {
		uint8_t old[RECORD_MAX];
		struct verify_report r;
		struct record forged;

		ck_assert(record_decode(log.p + at[i], log.n - at[i], &forged, &used, &why));
		memcpy(old, log.p + at[i], used);
		record_set(&forged, AUDIT_WALL, forged.field[AUDIT_WALL].u + 1);
		reencode(&forged, log.p + at[i], used);
		records_put(LOG_FILE, log.p, log.n);
		r = records_verify();
		ck_assert_uint_eq(r.faults, 1);
		ck_assert_uint_eq(r.finding[0].seq, i);
		ck_assert_int_eq(r.finding[0].kind, i + 1 < n ? FINDING_CHANGED : FINDING_HEAD);
		verify_free(&r);
		ck_assert_ptr_null(log_open(records_dir, records_blobs, NULL, &records_err));
		memcpy(log.p + at[i], old, used);
	}
	free(log.p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log_changed");
	TCase *tc = tcase_create("log_changed");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, records_setup, records_teardown);
	tcase_add_test(tc, every_flip_is_found);
	tcase_add_test(tc, removed_records_are_found);
	tcase_add_test(tc, doubled_and_swapped_records_are_found);
	tcase_add_test(tc, inserted_bytes_are_found_once);
	tcase_add_test(tc, a_check_made_zeros_is_found);
	tcase_add_test(tc, a_longer_record_takes_no_other);
	tcase_add_loop_test(tc, zeros_of_a_check_belong_to_it, 0, 4);
	tcase_add_test(tc, every_fault_is_named);
	tcase_add_test(tc, forged_records_are_found);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
