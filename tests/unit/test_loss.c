/* kruxrt audit acknowledge on a log that was signed: what the operator's word excuses in verify, and what nothing
 * excuses. */
#include "runtime/record/record.h"
#include "tests/unit/audited.h"

#include "capspec/item.h"
#include "runtime/base/file.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/expected.h"
#include "runtime/record/log.h"
#include "tests/unit/records.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { OPERATORS = 3 };

static struct krux_secret_key operator_key[OPERATORS];
static struct bytes segment, head;

static void operator_trust(int i, bool trusted)
{
	struct krux_public_key public;

	krux_key_public(&operator_key[i], &public);
	ck_assert(!(trusted ? trust_add(audited.trust, TRUST_OPERATOR, &public, &audited_err) :
	                      trust_remove(audited.trust, TRUST_OPERATOR, public.name, &audited_err)));
}

static void setup(void)
{
	audited_setup();
	audited_key_keep();
	for (int i = 0; i < OPERATORS; i++) {
		char name[24], stem[128];

		snprintf(name, sizeof name, "operator%d", i);
		snprintf(stem, sizeof stem, "%s/keys/%s", audited_path, name);
		ck_assert(krux_key_generate(name, false, &operator_key[i], NULL));
		ck_assert(krux_key_files_write(stem, &operator_key[i], NULL));
		if (i < 2)
			operator_trust(i, true);
	}
}

static void teardown(void)
{
	audited_teardown();
	free(segment.p), free(head.p);
	segment.p = head.p = NULL;
}

static void copy_keep(void)
{
	segment.p = (uint8_t *)audited_file("log/00000000.seg", &segment.n);
	head.p = (uint8_t *)audited_file("log/head", &head.n);
}

/* Records and head of before, with the checkpoints of now. */
static void copy_put_back(void)
{
	audited_stop();
	ck_assert(!file_replace(audited.log, "00000000.seg", 0600, segment.p, segment.n, &audited_err));
	ck_assert(!file_replace(audited.log, "head", 0600, head.p, head.n, &audited_err));
}

/* Without the zeros ahead of its records. */
static void segment_trim(void)
{
	size_t end = 0, used;
	struct record r;
	const char *why;

	while (end < segment.n && record_decode(segment.p + end, segment.n - end, &r, &used, &why))
		end += used;
	segment.n = end;
}

/* Without its last n-th part. */
static void segment_cut(size_t n)
{
	segment_trim();
	segment.n -= segment.n / n;
}

/* 100 records signed and kept, 200 signed, the 100 put back. */
static void records_lose(void)
{
	audited_grow(100);
	audited_sign(false);
	copy_keep();
	audited_grow(200);
	audited_sign(false);
	copy_put_back();
}

/* What a start would say. */
static uint64_t start_alarm(void)
{
	struct log *log = log_open(audited.log, audited.blobs, NULL, &audited_err);
	struct expected is;
	uint64_t n;

	if (!log)
		return UINT64_MAX;
	ck_assert(!expected_check(log, audited.log, audited.blobs, -1, &audited_key, &is, &audited_err));
	n = log_alarm(log);
	log_close(log);
	return n;
}

static int acknowledge(int operator)
{
	return audited_run("acknowledge --state @ --key @/keys/operator%d.key --reason disk", operator);
}

START_TEST(an_older_copy_is_acknowledged)
{
	records_lose();
	ck_assert_uint_eq(start_alarm(), 200);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: 200 records were signed");
	ck_assert_int_eq(acknowledge(2), 3);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says("the log had at least 200 records and ends after 10");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("1 of records whose loss an operator acknowledged, which the log need not have");
	audited_says("nothing was signed since an operator acknowledged a loss");
	ck_assert_int_eq(acknowledge(0), 1);
	/* The log goes on, and is signed again. */
	audited_start();
	audited_grow(300);
	audited_sign(false);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("2 signed checkpoints up to record 300");
	audited_says_not("nothing was signed since");
	ck_assert_msg(!audited_run("verify --state @ --json"), "%s", audited_out);
	audited_says("\"signed\":{\"checkpoints\":2,\"acknowledged\":1,\"last\":300,");
}
END_TEST

START_TEST(a_cut_is_acknowledged)
{
	audited_grow(100);
	audited_sign(false);
	audited_grow(200);
	audited_sign(false);
	copy_keep();
	segment_cut(4);
	copy_put_back();
	ck_assert_uint_eq(start_alarm(), UINT64_MAX);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("of records whose loss an operator acknowledged");
}
END_TEST

START_TEST(another_log_is_acknowledged)
{
	audited_grow(100);
	audited_sign(false);
	audited_grow(200);
	audited_sign_other();
	audited_grow(250);
	audited_stop();
	ck_assert_uint_eq(start_alarm(), 200);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: the first 200 records are not those that the log's key has signed");
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says("the first 200 records are not those that were signed");
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("1 signed checkpoints up to record 100");
	audited_says("1 of records whose loss");
}
END_TEST

START_TEST(another_log_that_was_cut_is_acknowledged)
{
	audited_grow(100);
	audited_sign(false);
	audited_grow(200);
	audited_sign_other();
	audited_grow(300);
	copy_keep();
	segment_cut(6);
	copy_put_back();
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says("the first 200 records are not those that were signed");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("1 signed checkpoints up to record 100");
	audited_says("1 of records whose loss");
}
END_TEST

START_TEST(what_was_kept_has_to_be_what_was_signed)
{
	audited_grow(80);
	audited_sign_other();
	records_lose();
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: the first 80 records are not those that the log's key has signed");
	audited_says_not("the first 200 records");
}
END_TEST

START_TEST(what_was_signed_later_has_to_match)
{
	records_lose();
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_start();
	audited_grow(300);
	audited_sign_other();
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: the first 300 records are not those that the log's key has signed");
}
END_TEST

/* ---- without log/head ---- */

static void head_lose(bool damaged)
{
	audited_stop();
	ck_assert(damaged ? !file_replace(audited.log, "head", 0600, "junk", 4, &audited_err)
	                  : !unlinkat(audited.log, "head", 0));
	ck_assert_uint_eq(start_alarm(), UINT64_MAX);
	ck_assert_msg(strstr(audited_err.text, "log/head is missing or damaged") &&
	              strstr(audited_err.text, "kruxrt audit acknowledge --state DIR"), "%s", audited_err.text);
}

/* Nothing is excused by it: what was signed has to be there. */
START_TEST(a_lost_head_is_acknowledged)
{
	const bool damaged = _i;

	audited_grow(100);
	audited_sign(false);
	audited_grow(150);
	head_lose(damaged);
	ck_assert_int_eq(audited_run("verify --state @"), 3);
	audited_says("CANNOT BE TOLD: log/head is not whole, so that whether records followed record 149 is not known");
	audited_says_not("\nwhole");
	ck_assert_int_eq(acknowledge(2), 3);
	ck_assert_int_eq(audited_run("verify --state @"), 3);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says("the log ends after 150 records; log/head is lost, so that whether more followed is not known: nothing is "
	             "missing up to record 99, which its key has signed last");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_int_eq(acknowledge(0), 1);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("an operator acknowledged that log/head was lost: whether records before it are missing is not known");
	audited_says_not("of records whose loss");
	audited_start();
	audited_grow(300);
	audited_sign_other();
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: the first 300 records are not those that the log's key has signed");
}
END_TEST

/* What else is known to be lost is named as ever. */
START_TEST(a_lost_head_and_records_are_acknowledged)
{
	records_lose();
	ck_assert(!unlinkat(audited.log, "head", 0));
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says("the log had at least 200 records and ends after 10");
	audited_says("; log/head is lost, so that whether more followed is not known\n");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("1 of records whose loss an operator acknowledged");
	audited_says("records were lost before it, and log/head, so that how many is not known");
}
END_TEST

START_TEST(a_lost_head_and_another_log_are_acknowledged)
{
	audited_grow(200);
	audited_sign_other();
	audited_grow(250);
	head_lose(false);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says("the first 200 records are not those that were signed; log/head is lost");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
}
END_TEST

/* Bytes that are no record behind it, as a crash leaves them, and more than it does. */
START_TEST(a_lost_head_and_a_torn_end_are_acknowledged)
{
	const size_t more = _i ? (size_t)21 << 20 : 100;
	char *junk = malloc(more);
	int fd;

	ck_assert_ptr_nonnull(junk);
	memset(junk, 'x', more);
	audited_grow(100);
	copy_keep();
	segment_trim();
	head_lose(true);
	fd = file_open(audited.log, "00000000.seg", O_WRONLY, 0, &audited_err);
	ck_assert(fd >= 0 && pwrite(fd, junk, more, (off_t)segment.n) == (ssize_t)more);
	close(fd);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	audited_says(_i ? "the log had at least 101 records and ends after 100; log/head" : "the log ends after 100 records; log/head");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	free(junk);
}
END_TEST

/* A daemon that writes on into the file that is gone. */
START_TEST(a_served_state_is_not_acknowledged)
{
	int fd = open(audited_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	audited_grow(100);
	head_lose(false);
	ck_assert(fd >= 0 && !flock(fd, LOCK_EX));
	ck_assert_int_eq(acknowledge(0), 3);
	audited_says("a daemon serves this state: end it first");
	ck_assert(faccessat(audited.log, "head", F_OK, 0));
	close(fd);
}
END_TEST

/* Half of it is enough to go on, and is mended. */
START_TEST(half_a_head_is_mended)
{
	size_t n;
	char *p;

	audited_grow(100);
	audited_stop();
	p = audited_file("log/head", &n);
	p[20] ^= 1;
	ck_assert(!file_replace(audited.log, "head", 0600, p, n, &audited_err));
	ck_assert_int_eq(audited_run("verify --state @"), 3);
	audited_says("one half of log/head is damaged");
	ck_assert_uint_eq(start_alarm(), 0);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	free(p);
}
END_TEST

/* More than the operator knew of. */
START_TEST(what_was_held_elsewhere_is_not_excused)
{
	char *last, *check, *history;
	size_t n, ncheck, nhistory;

	audited_grow(100);
	audited_sign(false);
	copy_keep();
	audited_grow(200);
	audited_sign(false);
	check = audited_file("log/checkpoint", &ncheck);
	history = audited_file("log/checkpoints", &nhistory);
	audited_grow(250);
	audited_sign(false);
	last = audited_file("log/checkpoint", &n);
	ck_assert(!file_create(audited.fd, "elsewhere", 0600, last, n, &audited_err));
	copy_put_back();
	ck_assert(!file_replace(audited.log, "checkpoint", 0600, check, ncheck, &audited_err));
	ck_assert(!file_replace(audited.log, "checkpoints", 0600, history, nhistory, &audited_err));
	ck_assert_msg(!acknowledge(0), "%s", audited_out);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	ck_assert_int_eq(audited_run("verify --state @ --checkpoint @/elsewhere"), 1);
	audited_says("FAULT signed: 250 records were signed");
	free(last), free(check), free(history);
}
END_TEST

/* A record of an operator's, as `kruxrt keys revoke` has it made. */
static void operator_revoke(int whom, int by)
{
	uint8_t body[1024], list[256], signature[KRUX_SIGNATURE], nonce[16] = { (uint8_t)whom, (uint8_t)by };
	struct item_out o = { list, sizeof list, 0 };
	struct krux_public_key public, signer;
	struct record r = { 0 };
	size_t n;

	krux_key_public(&operator_key[whom], &public);
	krux_key_public(&operator_key[by], &signer);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_KEY);
	record_text(&r, AUDIT_ACTION, "revoke");
	record_text(&r, AUDIT_ROLE, "operator");
	record_text(&r, AUDIT_NAME, public.name);
	record_bytes(&r, AUDIT_KEY, public.key, sizeof public.key);
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	n = record_encode_body(&r, body, sizeof body);
	ck_assert(n && krux_key_sign(&operator_key[by], "krux/operator/1", (struct krux_str){ (char *)body, n }, signature));
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, signer.name);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)signer.key, sizeof signer.key });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)signature, sizeof signature });
	record_bytes(&r, AUDIT_SIGNERS, list, o.n);
	ck_assert_msg(!log_append(audited_log, &r, NULL, NULL, &audited_err), "%s", audited_err.text);
}

/* A record that says `acknowledged` excuses nothing without the word of an operator. */
START_TEST(a_stranger_excuses_nothing)
{
	records_lose();
	operator_trust(2, true);
	ck_assert_msg(!acknowledge(2), "%s", audited_out);
	operator_trust(2, false);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: 200 records were signed");
	audited_says_not("whose loss");
	/* Nor when it was signed since, nor with a stranger that another stranger takes back. */
	audited_start();
	operator_revoke(2, 2);
	audited_grow(300);
	audited_sign(false);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: the first 200 records are not those that the log's key has signed");
}
END_TEST

/* Operators come and go. */
START_TEST(an_operator_of_before_has_acknowledged)
{
	records_lose();
	operator_trust(2, true);
	ck_assert_msg(!acknowledge(2), "%s", audited_out);
	audited_start();
	operator_revoke(2, 1);
	operator_trust(2, false);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: 200 records were signed");
	/* That this was done here is known once it is signed. */
	audited_grow(300);
	audited_sign(false);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("1 of records whose loss an operator acknowledged");
	operator_revoke(1, 0);
	operator_trust(1, false);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_grow(400);
	audited_sign(false);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says_not("nothing was signed since");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loss");
	TCase *t = tcase_create("loss");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_older_copy_is_acknowledged);
	tcase_add_test(t, a_cut_is_acknowledged);
	tcase_add_test(t, another_log_is_acknowledged);
	tcase_add_loop_test(t, a_lost_head_is_acknowledged, 0, 2);
	tcase_add_test(t, a_lost_head_and_records_are_acknowledged);
	tcase_add_test(t, a_lost_head_and_another_log_are_acknowledged);
	tcase_add_loop_test(t, a_lost_head_and_a_torn_end_are_acknowledged, 0, 2);
	tcase_add_test(t, a_served_state_is_not_acknowledged);
	tcase_add_test(t, half_a_head_is_mended);
	tcase_add_test(t, another_log_that_was_cut_is_acknowledged);
	tcase_add_test(t, what_was_kept_has_to_be_what_was_signed);
	tcase_add_test(t, what_was_signed_later_has_to_match);
	tcase_add_test(t, what_was_held_elsewhere_is_not_excused);
	tcase_add_test(t, a_stranger_excuses_nothing);
	tcase_add_test(t, an_operator_of_before_has_acknowledged);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
