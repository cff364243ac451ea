/* kruxrt audit prove, prove --check and tiles: what they print can be checked elsewhere, and nothing
 * else passes. */
#include "tests/unit/audited.h"

#include "runtime/base/file.h"
#include "runtime/record/expected.h"
#include "runtime/record/log.h"
#include "runtime/record/proof.h"
#include "runtime/record/tiles_follow.h"
#include "runtime/record/witnesses.h"
#include "tests/unit/records.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_record_is_proved)
{
	const uint64_t seqs[] = { 0, 1, 255, 256, 499 };

	audited_grow(500);
	audited_sign(true);
	audited_grow(510);
	for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
		unsigned long long seq = seqs[i];

		ck_assert_msg(!audited_run("prove %llu --state @ -o @/p%llu --record @/r%llu", seq, seq, seq), "%s", audited_out);
		ck_assert_msg(!audited_run("prove --check @/p%llu --record @/r%llu --key %s", seq, seq, audited_vkey), "%s",
		              audited_out);
		audited_says("the path leads to the root");
		audited_says("checkpoint of 500 records of krux/0123456789abcdef, signed");
		audited_says("good        krux/0123456789abcdef\n");
		audited_says("not checked krux/0123456789abcdef/epoch\n");
		audited_says("\nproved\n");
		ck_assert_int_eq(audited_run("prove --check @/p%llu --state @", seq), 0);
	}
	/* Another record, another key, no key. */
	ck_assert_int_eq(audited_run("prove --check @/p1 --record @/r0 --key %s", audited_vkey), 1);
	audited_says("NOT under this checkpoint");
	audited_says("\nNOT proved\n");
	ck_assert_int_eq(audited_run("prove --check @/p1 --record @/r1 --key "
	                     "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"), 1);
	audited_says("no good signature by a key of this log that is known");
	ck_assert_int_eq(audited_run("prove --check @/p1 --record @/r1"), 2);
	ck_assert_int_eq(audited_run("prove --check @/p1 --key %s", audited_vkey), 2);
	ck_assert_int_eq(audited_run("prove --check @/r1 --state @"), 2);
	ck_assert_int_eq(audited_run("prove --check @/p1 --state @ --witnesses 1"), 1);
	audited_says("0 of 1 witnesses");
	ck_assert_int_eq(audited_run("prove 500 --state @"), 1);
	audited_says("no checkpoint of this log holds 501 records yet");
	ck_assert_int_eq(audited_run("prove -1 --state @"), 2);
	ck_assert_int_eq(audited_run("prove 1 --state @ -o @/p1"), 3);
}
END_TEST

START_TEST(without_tiles_the_records_are_read)
{
	struct stat st;

	audited_grow(300);
	audited_sign(false);
	ck_assert_int_eq(audited_run("prove 123 --state @ -o @/p --record @/r"), 0);
	ck_assert_int_eq(audited_run("prove --check @/p --record @/r --key %s", audited_vkey), 0);
	ck_assert(fstatat(audited.log, "tile", &st, 0));
	/* A tile that says something else is not believed, and does not matter. */
	audited_grow(400);
	audited_sign(true);
	ck_assert(!file_replace(audited.log, "tile/0/000", 0600, "x", 1, &audited_err));
	ck_assert_int_eq(audited_run("prove 123 --state @ -o @/p2"), 0);
	ck_assert_int_eq(audited_run("prove --check @/p2 --record @/r --key %s", audited_vkey), 0);
	audited_says("checkpoint of 400 records");
}
END_TEST

START_TEST(growth_is_proved)
{
	size_t n;
	char *text;

	audited_grow(200);
	audited_sign(true);
	text = audited_file("log/checkpoint", &n);
	ck_assert(!file_create(audited.fd, "old", 0600, text, n, &audited_err));
	free(text);
	audited_grow(700);
	audited_sign(true);
	ck_assert_msg(!audited_run("prove --since 200 --state @ -o @/p"), "%s", audited_out);
	ck_assert_int_eq(audited_run("prove --check @/p --old @/old --key %s", audited_vkey), 0);
	audited_says("the first 200 records: the log goes on from them");
	audited_says("checkpoint of 200 records");
	audited_says("checkpoint of 700 records");
	ck_assert_int_eq(audited_run("prove --check @/p --key %s", audited_vkey), 2);
	ck_assert_int_eq(audited_run("prove --check @/p --old @/log/checkpoint --key %s", audited_vkey), 1);
	audited_says("NOT those of the older checkpoint");
	ck_assert_int_eq(audited_run("prove --since 100 --state @ -o @/p100"), 0);
	ck_assert_int_eq(audited_run("prove --check @/p100 --old @/old --state @"), 1);
	ck_assert_int_eq(audited_run("prove --since 701 --state @"), 1);
	ck_assert_int_eq(audited_run("prove 3 --since 100 --state @"), 2);
}
END_TEST

START_TEST(no_changed_proof_passes)
{
	size_t n;
	char *text;

	audited_grow(300);
	audited_sign(true);
	ck_assert_int_eq(audited_run("prove 7 --state @ -o @/p --record @/r"), 0);
	text = audited_file("p", &n);
	for (size_t i = 0; i < n; i += 13) {
		struct proof p;
		const char *why;

		text[i] ^= 1;
		ck_assert(!file_replace(audited.fd, "q", 0600, text, n, &audited_err));
		/* What is left unchecked may change: the line of the epoch's key. */
		if (proof_parse((struct krux_str){ text, n }, &p, &why) && p.note.nlines == 2 &&
		    text + i >= p.note.line[1].line.p)
			ck_assert_int_eq(audited_run("prove --check @/q --record @/r --key %s", audited_vkey), 0);
		else
			ck_assert_msg(audited_run("prove --check @/q --record @/r --key %s", audited_vkey) > 0, "byte %zu: %s", i,
			              audited_out);
		text[i] ^= 1;
	}
	free(text);
}
END_TEST

START_TEST(cosignatures_go_into_the_proof)
{
	struct note_signer w;
	char text[4096], lines[NOTE_LINE], file[WITNESS_FILE], vkey[NOTE_KEY_TEXT + 1];
	size_t n, k, m;
	struct note note;
	const char *why;
	char *bytes;

	ck_assert(note_signer_make(&w, KRUX_STR("witness.example/w1"), NOTE_COSIGNATURE, (const uint8_t[32]){ 5 }));
	vkey[note_key_text(&w.public, vkey)] = 0;
	k = (size_t)snprintf(text, sizeof text, "%s http://127.0.0.1:1\n", vkey);
	ck_assert(!file_create(audited.trust, "witnesses", 0600, text, k, &audited_err));
	audited_grow(100);
	audited_sign(true);
	bytes = audited_file("log/checkpoint", &n);
	ck_assert(note_parse((struct krux_str){ bytes, n }, &note, &why));
	memcpy(text, bytes, n);
	m = note_sign(&w, note.text, 1700000000, lines);
	memcpy(text + n, lines, m);
	witness_file(&w.public, file);
	ck_assert(!file_replace(audited.fd, file, 0600, text, n + m, &audited_err));
	free(bytes);
	audited_grow(120);
	audited_sign(true);
	/* The older one, since a witness saw it; the newer one for what only that holds. */
	ck_assert_int_eq(audited_run("prove 50 --state @ -o @/p --record @/r"), 0);
	ck_assert_int_eq(audited_run("prove --check @/p --record @/r --key %s --key %s --witnesses 1", audited_vkey, vkey), 0);
	audited_says("checkpoint of 100 records");
	audited_says("good        witness.example/w1, at 2023-11-14T22:13:20Z");
	ck_assert_int_eq(audited_run("prove 110 --state @ -o @/p2"), 0);
	ck_assert_int_eq(audited_run("prove --check @/p2 --state @"), 0);
	audited_says("checkpoint of 120 records");
}
END_TEST

START_TEST(tiles_are_made_again)
{
	struct stat st;

	audited_grow(300);
	audited_sign(false);
	audited_grow(600);
	audited_sign(false);
	ck_assert_msg(!audited_run("tiles --state @"), "%s", audited_out);
	audited_says("600 records, the trees of 2 checkpoints\n");
	ck_assert(!fstatat(audited.log, "tile/0/001", &st, 0) && st.st_size == 8192);
	ck_assert(!fstatat(audited.log, "tile/0/002.p/88", &st, 0) && st.st_size == 88 * 32);
	ck_assert(!fstatat(audited.log, "tile/entries/001", &st, 0));
	ck_assert(!fstatat(audited.log, "tile/entries/002.p/88", &st, 0));
	ck_assert(!fstatat(audited.log, "tile/1/000.p/2", &st, 0) && st.st_size == 64);
	ck_assert_int_eq(audited_run("tiles --state @"), 0);
	ck_assert_int_eq(audited_run("tiles"), 2);
}
END_TEST

START_TEST(tiles_follow_the_checkpoints)
{
	struct checkpoint_list list;
	struct note_key name;
	struct stat st;

	ck_assert(log_note_key(&name, KRUX_STR("krux/0123456789abcdef"), audited_key.key));
	audited_grow(300);
	audited_sign(false);
	audited_grow(600);
	audited_sign(false);
	audited_grow(700);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(!checkpoint_list_read(audited.log, -1, &name, NULL, 0, &list, &audited_err));
		ck_assert_msg(!tiles_follow(audited.log, &list, &audited_err), "%s", audited_err.text);
		ck_assert_msg(!audited_run("prove 299 --state @ -o @/p%u --record @/r%u", i, i), "%s", audited_out);
		ck_assert_int_eq(audited_run("prove --check @/p%u --record @/r%u --key %s", i, i, audited_vkey), 0);
		for (size_t k = 0; k < list.n; k++) {
			struct tile_reader *r = tile_reader_open(audited.log, list.seen[k].size, list.seen[k].root, &audited_err);

			ck_assert_msg(r || list.seen[k].size == 300, "%s", audited_err.text);
			tile_reader_close(r);
		}
		checkpoint_list_free(&list);
		audited_grow(900 + 400 * i);
		audited_sign(false);
	}
	/* A tile that was lost at the edge: from the checkpoint before. */
	ck_assert(!checkpoint_list_read(audited.log, -1, &name, NULL, 0, &list, &audited_err));
	ck_assert_msg(!tiles_follow(audited.log, &list, &audited_err), "%s", audited_err.text);
	ck_assert(!fstatat(audited.log, "tile/0/006.p/164", &st, 0));
	ck_assert(!unlinkat(audited.log, "tile/0/006.p/164", 0));
	ck_assert_msg(!tiles_follow(audited.log, &list, &audited_err), "%s", audited_err.text);
	ck_assert(!fstatat(audited.log, "tile/0/006.p/164", &st, 0));
	/* More was signed than the log has. */
	list.seen[list.n - 1].size = 5000;
	ck_assert_int_lt(tiles_follow(audited.log, &list, &audited_err), 0);
	ck_assert_str_eq(audited_err.text, "the log cannot be read behind record 1699, and its key has signed 5000");
	checkpoint_list_free(&list);
}
END_TEST

/* ---- verify ---- */

START_TEST(verify_says_what_is_signed)
{
	size_t n;
	char *text;

	ck_assert_int_eq(audited_run("verify --state @"), 0);
	audited_says("nothing is signed yet");
	audited_says("a whole older folder put in place of this one looks the same");
	audited_grow(200);
	audited_sign(false);
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("1 signed checkpoints up to record 200, by 1 certified starts");
	audited_says("no witness has cosigned");
	ck_assert_int_eq(audited_run("verify --state @ --require-witness"), 1);
	text = audited_file("log/checkpoint", &n);
	ck_assert(!file_create(audited.fd, "copy", 0600, text, n, &audited_err));
	free(text);
	audited_grow(300);
	audited_sign(false);
	ck_assert_int_eq(audited_run("verify --state @ --checkpoint @/copy"), 0);
	ck_assert_ptr_null(strstr(audited_out, "older folder"));
	ck_assert_int_eq(audited_run("verify --state @ --checkpoint @/trust/logs/log.pub"), 3);
	ck_assert_int_eq(audited_run("verify --state @ --json"), 0);
	audited_says("\"signed\":{\"checkpoints\":2,\"acknowledged\":0,\"last\":300,\"epochs\":1,\"witnesses\":0,\"witnessed\":0,\"faults\":[]}");
	/* An entry that somebody put there. */
	ck_assert(!file_replace(audited.log, "checkpoint", 0600, "x", 1, &audited_err));
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: 1 entries of the files of checkpoints are none of this log");
	audited_says("FAULT signed: log/checkpoint is none that the log's key has signed");
	/* Another key than that of the log. */
	ck_assert(!unlinkat(audited.trust, "logs/log.pub", 0));
	ck_assert_int_eq(audited_run("verify --state @"), 0);
	audited_says("trust/logs holds no key of this log");
}
END_TEST

START_TEST(verify_reads_what_nobody_can_write)
{
	audited_grow(100);
	audited_sign(false);
	log_close(audited_log);
	audited_log = NULL;
	audited_read_only = true;
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("whole, as far as it was checked");
	ck_assert_msg(!audited_run("query --state @"), "%s", audited_out);
	audited_read_only = false;
}
END_TEST

START_TEST(verify_says_what_is_missing)
{
	char *last;
	size_t n;

	audited_grow(100);
	audited_sign(false);
	audited_grow(200);
	audited_sign(false);
	last = audited_file("log/checkpoint", &n);
	ck_assert(!unlinkat(audited.log, "checkpoint", 0));
	ck_assert_int_eq(audited_run("verify --state @"), 0);
	audited_says("log/checkpoint is gone: what was signed last is known from log/checkpoints");
	ck_assert(!unlinkat(audited.log, "checkpoints", 0));
	ck_assert_int_eq(audited_run("verify --state @"), 0);
	audited_says("log/checkpoint and log/checkpoints are gone, though a start was certified to sign them");
	ck_assert(!file_create(audited.log, "checkpoint", 0600, last, n, &audited_err));
	ck_assert_int_eq(audited_run("verify --state @"), 0);
	audited_says("log/checkpoints is gone: nothing is compared");
	ck_assert(!unlinkat(audited.log, "head", 0));
	ck_assert_int_eq(audited_run("verify --state @ --json"), 3);
	audited_says("{\"whole\":false,\"faults\":0,");
	audited_says("\"head\":0,");
	audited_says("log/head is missing or damaged: records that are missing at the end would not be noticed");
	audited_says_not("the last record is the one that was written last");
	free(last);
}
END_TEST

/* A bit of every `step`th byte of it: is that said, with this exit code. */
static void bits_found(const char *name, size_t step, int code, const char *said)
{
	char path[64];
	size_t n;
	uint8_t *p = (uint8_t *)audited_file(name, &n);

	snprintf(path, sizeof path, "%s", strchr(name, '/') + 1);
	for (size_t i = 0; i < n; i += step) {
		p[i] ^= (uint8_t)(1 << i % 8);
		ck_assert(!file_replace(audited.log, path, 0600, p, n, &audited_err));
		ck_assert_msg(audited_run("verify --state @") == code && strstr(audited_out, said), "byte %zu of %s: %s", i, name,
		              audited_out);
		p[i] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert(!file_replace(audited.log, path, 0600, p, n, &audited_err));
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	free(p);
}

START_TEST(verify_finds_bits_of_its_own_files)
{
	audited_grow(20);
	audited_sign(false);
	audited_stop();
	audited_start();
	audited_grow(40);
	audited_sign(false);
	audited_stop();
	bits_found("log/head", 1, 3, "CANNOT BE TOLD: log/head is not whole");
	bits_found("log/checkpoints", 5, 1, "FAULT signed: ");
	bits_found("log/checkpoint", 5, 1, "FAULT signed: ");
}
END_TEST

/* A hole of 16 GiB behind the records, then with a byte at its end. */
START_TEST(verify_passes_over_holes)
{
	const off_t far = (off_t)1 << 34;
	int fd;

	audited_grow(100);
	fd = file_open(audited.log, "00000000.seg", O_WRONLY, 0, &audited_err);
	ck_assert(fd >= 0 && !ftruncate(fd, far));
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	log_close(audited_log);
	audited_log = NULL;
	ck_assert_int_eq(pwrite(fd, "x", 1, far - 1), 1);
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("no whole record, as a crash leaves it");
	close(fd);
}
END_TEST

START_TEST(what_was_signed_is_expected)
{
	struct expected is;

	ck_assert(!expected_check(audited_log, audited.log, audited.blobs, -1, &audited_key, &is, &audited_err));
	ck_assert(!is.records && !is.other);
	audited_grow(500);
	audited_sign(false);
	/* At its end, behind it in the same segment, and in one that is sealed. */
	for (uint64_t n = 500; n < 8000; n = n < 700 ? n + 100 : 8000) {
		audited_grow(n);
		ck_assert_msg(!expected_check(audited_log, audited.log, audited.blobs, audited.fd, &audited_key, &is,
		                              &audited_err), "%s", audited_err.text);
		ck_assert(is.records == 500 && !is.other && !log_alarm(audited_log));
	}
	audited_grow(8000);
	ck_assert(!expected_check(audited_log, audited.log, audited.blobs, -1, &audited_key, &is, &audited_err));
	ck_assert(!is.other && !log_alarm(audited_log));
}
END_TEST

START_TEST(another_log_than_was_signed_is_an_alarm)
{
	struct record r = records_intent();
	struct expected is;

	audited_grow(500);
	audited_sign_other();
	for (uint64_t n = 500; n <= 8000; n += 7500) {
		audited_grow(n);
		ck_assert(!expected_check(audited_log, audited.log, audited.blobs, -1, &audited_key, &is, &audited_err));
		ck_assert(is.other && is.records == 500);
		ck_assert_uint_eq(log_alarm(audited_log), 500);
		ck_assert_int_eq(log_add(audited_log, &r, NULL, &audited_err), LOG_REFUSED);
		if (n == 8000)
			break;
		/* The next daemon would open it again; nothing else forgets the alarm. */
		log_close(audited_log);
		audited_log = log_open(audited.log, audited.blobs, NULL, &audited_err);
		ck_assert_ptr_nonnull(audited_log);
	}
}
END_TEST

START_TEST(verify_finds_a_log_that_was_put_back)
{
	char *log, *head, *check, *history;
	size_t nlog, nhead, ncheck, nhistory;

	audited_grow(100);
	audited_sign(false);
	log = audited_file("log/00000000.seg", &nlog);
	head = audited_file("log/head", &nhead);
	check = audited_file("log/checkpoint", &ncheck);
	history = audited_file("log/checkpoints", &nhistory);
	audited_grow(200);
	audited_sign(false);
	ck_assert(!file_create(audited.fd, "copy", 0600, "", 0, &audited_err));
	free(check);
	check = audited_file("log/checkpoint", &ncheck);
	ck_assert(!file_replace(audited.fd, "copy", 0600, check, ncheck, &audited_err));
	/* Records and head of before, the checkpoints of now. */
	ck_assert(!file_replace(audited.log, "00000000.seg", 0600, log, nlog, &audited_err));
	ck_assert(!file_replace(audited.log, "head", 0600, head, nhead, &audited_err));
	ck_assert_int_eq(audited_run("verify --state @"), 1);
	audited_says("FAULT signed: 200 records were signed, and 100 can be read: records are lost");
	/* All of it of before: only what was held elsewhere tells. */
	ck_assert(!unlinkat(audited.log, "checkpoint", 0));
	ck_assert(!file_replace(audited.log, "checkpoints", 0600, history, nhistory, &audited_err));
	ck_assert_msg(!audited_run("verify --state @"), "%s", audited_out);
	audited_says("a whole older folder put in place of this one looks the same");
	ck_assert_int_eq(audited_run("verify --state @ --checkpoint @/copy"), 1);
	audited_says("FAULT signed: 200 records were signed, and 100 can be read: records are lost");
	free(log), free(head), free(check), free(history);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("prove");
	TCase *t = tcase_create("prove");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, audited_setup, audited_teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_record_is_proved);
	tcase_add_test(t, without_tiles_the_records_are_read);
	tcase_add_test(t, growth_is_proved);
	tcase_add_test(t, no_changed_proof_passes);
	tcase_add_test(t, cosignatures_go_into_the_proof);
	tcase_add_test(t, tiles_are_made_again);
	tcase_add_test(t, tiles_follow_the_checkpoints);
	tcase_add_test(t, verify_says_what_is_signed);
	tcase_add_test(t, verify_reads_what_nobody_can_write);
	tcase_add_test(t, verify_says_what_is_missing);
	tcase_add_test(t, verify_finds_bits_of_its_own_files);
	tcase_add_test(t, verify_passes_over_holes);
	tcase_add_test(t, what_was_signed_is_expected);
	tcase_add_test(t, another_log_than_was_signed_is_an_alarm);
	tcase_add_test(t, verify_finds_a_log_that_was_put_back);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
