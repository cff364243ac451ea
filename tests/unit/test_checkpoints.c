/* Checkpoints of a log as files: what is signed, what is never signed, what a start finds of the
 * one before, and what a list of them says about a log that lost or changed records. */
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/log_key.h"
#include "runtime/record/witnesses.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN KRUX_STR("krux/0123456789abcdef")

static struct krux_err err;
static char path[] = "/tmp/krux-checkpoints-XXXXXX";
static int dir, log_dir, trust_dir;
static struct krux_secret_key key;
static struct krux_public_key public;
static struct note_key name;
static const uint8_t epoch[EPOCH_LEN] = "sixteen octets.";

static void setup(void)
{
	err = (struct krux_err){ 0 };
	ck_assert_ptr_nonnull(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	log_dir = file_mkdir(dir, "log", 0700, &err);
	trust_dir = file_mkdir(dir, "trust", 0700, &err);
	ck_assert(!mkdirat(dir, "witness", 0700));
	ck_assert(krux_key_generate("log", false, &key, NULL));
	krux_key_public(&key, &public);
	ck_assert(log_note_key(&name, ORIGIN, public.key));
}

static int forget(const char *file, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(file);
}

static void teardown(void)
{
	close(dir);
	close(log_dir);
	close(trust_dir);
	nftw(path, forget, 16, FTW_DEPTH | FTW_PHYS);
	memcpy(path + sizeof path - 7, "XXXXXX", 6);
}

static struct checkpoints *start(void)
{
	struct checkpoints *c = checkpoints_open(log_dir, ORIGIN, &key, epoch, &err);

	ck_assert_msg(c != NULL, "%s", err.text);
	return c;
}

/* The tree of n leaves, each its number. */
static struct tree tree_of(uint64_t n)
{
	struct tree t = { 0 };

	for (uint64_t i = 0; i < n; i++) {
		uint8_t leaf[HASH_LEN];

		record_leaf((const uint8_t *)&i, sizeof i, leaf);
		tree_add(&t, leaf);
	}
	return t;
}

static int sign(struct checkpoints *c, uint64_t n)
{
	struct tree t = tree_of(n);
	uint8_t root[HASH_LEN];

	tree_root(&t, root);
	return checkpoints_write(c, n, root, &err);
}

static struct checkpoint_list list(const struct witness *w, size_t n)
{
	struct checkpoint_list l;

	ck_assert_msg(!checkpoint_list_read(log_dir, dir, &name, w, n, &l, &err), "%s", err.text);
	return l;
}

/* A file to a note; the text is kept until the next. */
static struct note note_of(int at, const char *file)
{
	static uint8_t *text;
	struct note n;
	const char *why = "";
	size_t size;

	free(text);
	text = file_read(at, file, NOTE_MAX, &size, &err);
	ck_assert_msg(text && note_parse((struct krux_str){ (char *)text, size }, &n, &why), "%s%s", err.text, why);
	return n;
}

START_TEST(two_keys_sign)
{
	struct checkpoints *c = start();
	struct record r = { .have = UINT64_MAX };        /* nothing of what was there stays */
	struct note_key keys[2] = { name };
	struct checkpoint head;
	struct note n;
	const char *why;

	ck_assert(!sign(c, 3));
	checkpoints_certify(c, &r);
	ck_assert_uint_eq(r.have, 1ull << AUDIT_KIND | 1ull << AUDIT_KEY | 1ull << AUDIT_SIGNATURE);
	record_bytes(&r, AUDIT_EPOCH, epoch, sizeof epoch);
	ck_assert(certify_check(&public, ORIGIN, &r));
	ck_assert(epoch_note_key(&keys[1], ORIGIN, (const uint8_t *)r.field[AUDIT_KEY].s.p));
	n = note_of(log_dir, "checkpoint");
	ck_assert_uint_eq(n.nlines, 2);
	ck_assert_int_eq(note_verify(&n, keys, 2), 2);
	ck_assert(checkpoint_parse(n.text, &head, &why));
	ck_assert(krux_str_eq(head.origin, ORIGIN));
	ck_assert_uint_eq(head.size, 3);
	ck_assert(krux_str_eq(n.line[1].name, KRUX_STR("krux/0123456789abcdef/epoch")));
	/* The certificate is for this origin, epoch and key. */
	ck_assert(!certify_check(&public, KRUX_STR("krux/0123456789abcdee"), &r));
	record_bytes(&r, AUDIT_EPOCH, "sixteen octets!", EPOCH_LEN);
	ck_assert(!certify_check(&public, ORIGIN, &r));
	checkpoints_close(c);
}
END_TEST

START_TEST(what_contradicts_is_never_signed)
{
	struct checkpoints *c = start();
	struct tree t = tree_of(6);
	uint8_t root[HASH_LEN];

	ck_assert(!sign(c, 5));
	ck_assert(!sign(c, 5));
	ck_assert_int_lt(sign(c, 4), 0);
	tree_root(&t, root);
	ck_assert_int_lt(checkpoints_write(c, 5, root, &err), 0);
	ck_assert_str_eq(err.text, "a checkpoint of 5 records would contradict the one of 5 that was signed before");
	checkpoints_close(c);
	/* Nor by the next start, even when one of the two files is gone. */
	ck_assert(!unlinkat(log_dir, "checkpoint", 0));
	c = start();
	ck_assert_int_lt(sign(c, 4), 0);
	ck_assert_int_lt(checkpoints_write(c, 5, root, &err), 0);
	ck_assert(!sign(c, 6));
	checkpoints_close(c);
	ck_assert(!unlinkat(log_dir, "checkpoints", 0));
	c = start();
	ck_assert_int_lt(sign(c, 5), 0);
	checkpoints_close(c);
	ck_assert_ptr_null(checkpoints_open(log_dir, KRUX_STR("no name"), &key, epoch, &err));
	ck_assert_str_eq(err.text, "checkpoints: no log may be called this: it cannot be the name of a key");
}
END_TEST

START_TEST(a_list_finds_lost_and_changed_records)
{
	struct checkpoints *c = start();
	struct checkpoint_list l;
	struct tree t = { 0 };

	for (uint64_t n = 2; n <= 20; n += 3)
		ck_assert(!sign(c, n));
	checkpoints_close(c);
	l = list(NULL, 0);
	ck_assert_uint_eq(l.n, 7);
	ck_assert_uint_eq(l.ignored, 0);
	ck_assert_uint_eq(checkpoint_list_last(&l)->size, 20);
	ck_assert_ptr_null(checkpoint_list_witnessed(&l, 1));
	for (uint64_t n = 0; n <= 25; n++) {
		t = tree_of(n);
		ck_assert(checkpoint_list_step(&l, &t));
	}
	/* From the middle on, as recovery does; with another record 10. */
	l.at = 0;
	t = tree_of(10);
	tree_add(&t, (const uint8_t[HASH_LEN]){ 1 });
	ck_assert(!checkpoint_list_step(&l, &t));
	checkpoint_list_free(&l);
	l = (struct checkpoint_list){ .n = 0 };
	ck_assert_ptr_null(checkpoint_list_last(&l));
	ck_assert(checkpoint_list_step(&l, &t));
}
END_TEST

START_TEST(what_is_none_of_ours_is_passed_over)
{
	static const char garbage[] = "\x00\x05hello\x00\x02hi";
	struct checkpoints *c = start();
	struct checkpoint_list l;
	struct krux_secret_key mine = key;
	int fd;

	ck_assert(!sign(c, 2));
	ck_assert(!sign(c, 3));
	checkpoints_close(c);
	fd = openat(log_dir, "checkpoints", O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, garbage, sizeof garbage - 1), sizeof garbage - 1);
	/* And what a crash tore. */
	ck_assert_int_eq(write(fd, "\x01\x00half", 6), 6);
	close(fd);
	l = list(NULL, 0);
	ck_assert_uint_eq(l.n, 2);
	ck_assert_uint_eq(l.ignored, 2);
	checkpoint_list_free(&l);
	/* The torn end goes, and what is written next can be read. */
	c = start();
	ck_assert(!sign(c, 4));
	checkpoints_close(c);
	l = list(NULL, 0);
	ck_assert_uint_eq(l.n, 3);
	checkpoint_list_free(&l);
	/* Another key says nothing about this log. */
	ck_assert(krux_key_generate("log", false, &key, NULL));
	c = start();
	ck_assert(!sign(c, 40));
	checkpoints_close(c);
	key = mine;
	l = list(NULL, 0);
	ck_assert_uint_eq(checkpoint_list_last(&l)->size, 4);
	ck_assert_uint_eq(l.ignored, 4);
	checkpoint_list_free(&l);
	/* A folder or link in place of the file is not followed. */
	ck_assert(!unlinkat(log_dir, "checkpoint", 0) && !symlinkat("../trust/x", log_dir, "checkpoint"));
	l = list(NULL, 0);
	ck_assert_uint_eq(l.n, 3);
	checkpoint_list_free(&l);
}
END_TEST

START_TEST(the_history_stays_short)
{
	struct checkpoints *c = start();
	uint8_t root[HASH_LEN] = { 0 };
	struct checkpoint_list l;
	struct stat st;

	for (uint64_t n = 1; n <= 1000; n++) {
		root[0] = (uint8_t)n;
		ck_assert(!checkpoints_write(c, n, root, &err));
	}
	checkpoints_close(c);
	ck_assert(!fstatat(log_dir, "checkpoints", &st, 0));
	ck_assert_int_lt(st.st_size, (128 << 10) + 1024);
	l = list(NULL, 0);
	ck_assert_uint_eq(l.ignored, 0);
	ck_assert_uint_ge(l.n, 150);
	ck_assert_uint_eq(l.seen[0].size, 1);
	for (unsigned i = 0; i < 64; i++)
		ck_assert_uint_eq(l.seen[l.n - 1 - i].size, 1000 - i);
	checkpoint_list_free(&l);
}
END_TEST

static void trust(const char *text)
{
	ck_assert(!file_replace(trust_dir, "witnesses", 0600, text, strlen(text), &err));
}

START_TEST(witnesses_of_the_operator)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "x\n", "trust/witnesses:1: a key and an address are expected" },
		{ "# one\n\nx http://127.0.0.1\n",
		  "trust/witnesses:3: the key is no verifier key: NAME+HEXID+BASE64 is expected" },
		{ "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW http://127.0.0.1\n",
		  "trust/witnesses:1: that is no key for cosignatures" },
		{ "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 \n",
		  "trust/witnesses:1: the address is none" },
		{ "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 a b\n",
		  "trust/witnesses:1: the address is none" },
		{ "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 a\n"
		  "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 b\n",
		  "trust/witnesses:2: this key stands there twice" },
	};
	struct witness w[WITNESSES_MAX];
	size_t n = 7;

	ck_assert(!witnesses_read(trust_dir, w, &n, &err));
	ck_assert_uint_eq(n, 0);
	trust("# ours\n\nremora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 https://remora.n621.de//\n");
	ck_assert_msg(!witnesses_read(trust_dir, w, &n, &err), "%s", err.text);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(w[0].url, "https://remora.n621.de");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		trust(bad[i].text);
		ck_assert_int_lt(witnesses_read(trust_dir, w, &n, &err), 0);
		ck_assert_str_eq(err.text, bad[i].why);
	}
}
END_TEST

/* The log's checkpoint, cosigned, where krux-witness puts it. */
static void cosign(const struct note_signer *w, uint64_t time)
{
	struct note n = note_of(log_dir, "checkpoint");
	char text[4096], line[NOTE_LINE], file[WITNESS_FILE];

	line[note_sign(w, n.text, time, line)] = 0;
	snprintf(text, sizeof text, "%.*s\n%.*s%s", (int)n.text.n, n.text.p, (int)n.line[0].line.n,
	         n.line[0].line.p, line);
	witness_file(&w->public, file);
	ck_assert_msg(!file_replace(dir, file, 0600, text, strlen(text), &err), "%s", err.text);
}

START_TEST(cosignatures_count)
{
	uint8_t seed[2][32] = { { 1 }, { 2 } };
	struct note_signer s[2];
	struct witness w[2] = { 0 };
	struct checkpoints *c = start();
	struct checkpoint_list l;

	for (unsigned i = 0; i < 2; i++) {
		ck_assert(note_signer_make(&s[i], KRUX_STR("witness.example"), NOTE_COSIGNATURE, seed[i]));
		w[i].key = s[i].public;
	}
	ck_assert(!sign(c, 10));
	cosign(&s[0], 1000);
	cosign(&s[1], 1001);
	ck_assert(!sign(c, 12));
	cosign(&s[1], 1002);
	ck_assert(!sign(c, 13));
	checkpoints_close(c);
	l = list(w, 2);
	ck_assert_uint_eq(l.n, 3);
	ck_assert_uint_eq(checkpoint_list_witnessed(&l, 1)->size, 12);
	ck_assert_uint_eq(checkpoint_list_witnessed(&l, 0)->size, 13);
	ck_assert_uint_eq(checkpoint_list_last(&l)->size, 13);
	checkpoint_list_free(&l);
	/* A witness whose key is not trusted does not count. */
	l = list(w, 1);
	ck_assert_uint_eq(checkpoint_list_witnessed(&l, 1)->size, 10);
	checkpoint_list_free(&l);
	/* What a witness has seen counts though the log's own files forgot it. */
	ck_assert(!unlinkat(log_dir, "checkpoint", 0) && !unlinkat(log_dir, "checkpoints", 0));
	l = list(w, 2);
	ck_assert_uint_eq(checkpoint_list_last(&l)->size, 12);
	checkpoint_list_free(&l);
}
END_TEST

START_TEST(the_key_of_the_log)
{
	int keys = file_mkdir(dir, "keys", 0700, &err);
	struct krux_secret_key made, again;

	ck_assert_int_lt(log_key_open(keys, &made, &err), 0);
	ck_assert(!file_create(keys, "log.key", 0600, "", 0, &err));
	ck_assert_msg(!log_key_open(keys, &made, &err), "%s", err.text);
	ck_assert_msg(!log_key_open(keys, &again, &err), "%s", err.text);
	ck_assert_mem_eq(made.seed, again.seed, sizeof made.seed);
	ck_assert(!fchmodat(keys, "log.key", 0640, 0));
	ck_assert_int_lt(log_key_open(keys, &again, &err), 0);
	ck_assert_str_eq(err.text, "log.key: others than its owner can use this secret key: chmod 600 it");
	ck_assert(!file_replace(keys, "log.key", 0600, "nothing\n", 8, &err));
	ck_assert_int_lt(log_key_open(keys, &again, &err), 0);
	close(keys);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("checkpoints");
	TCase *t = tcase_create("checkpoints");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, two_keys_sign);
	tcase_add_test(t, what_contradicts_is_never_signed);
	tcase_add_test(t, a_list_finds_lost_and_changed_records);
	tcase_add_test(t, what_is_none_of_ours_is_passed_over);
	tcase_add_test(t, the_history_stays_short);
	tcase_add_test(t, witnesses_of_the_operator);
	tcase_add_test(t, cosignatures_count);
	tcase_add_test(t, the_key_of_the_log);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
