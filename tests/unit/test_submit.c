/* Checkpoints to witnesses: what one cosigns is kept, a fork and a rollback are found and proved, and
 * a witness that answers anything else harms nobody. */
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/tiles.h"
#include "runtime/witness/submit.h"
#include "tests/unit/fake_witness.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN KRUX_STR("krux/0123456789abcdef")

/* A log as files: tiles and checkpoints, no records. */
struct small_log {
	char path[32];
	int dir, log;
	struct tiles *tiles;
	struct checkpoints *checkpoints;
};

static struct krux_err err;
static struct krux_secret_key key;
static struct krux_public_key public;
static struct fake_witness fake;
static struct witness witness;
static struct small_log ours;

static int forget(const char *file, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(file);
}

static void log_make(struct small_log *l)
{
	static const struct tree none;

	strcpy(l->path, "/tmp/krux-submit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(l->path));
	l->dir = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l->log = file_mkdir(l->dir, "log", 0700, &err);
	ck_assert(!mkdirat(l->dir, "witness", 0700));
	l->tiles = tiles_open(l->log, &none, 0, &err);
	l->checkpoints = checkpoints_open(l->log, ORIGIN, &key, (const uint8_t[EPOCH_LEN]){ 0 }, &err);
	ck_assert_msg(l->tiles && l->checkpoints, "%s", err.text);
}

static void log_end(struct small_log *l)
{
	tiles_close(l->tiles);
	checkpoints_close(l->checkpoints);
	close(l->dir);
	close(l->log);
	nftw(l->path, forget, 16, FTW_DEPTH | FTW_PHYS);
}

/* Records 0, 1, 2 ... up to n; from `fork` on they are others. Signs. */
static void log_grow(struct small_log *l, uint64_t n, uint64_t fork)
{
	uint8_t leaf[HASH_LEN], root[HASH_LEN];

	for (uint64_t i = tiles_tree(l->tiles)->size; i < n; i++) {
		uint64_t say = i < fork ? i : ~i;

		record_leaf((const uint8_t *)&say, sizeof say, leaf);
		ck_assert(!tiles_add(l->tiles, KRUX_STR(""), leaf, &err));
	}
	tree_root(tiles_tree(l->tiles), root);
	ck_assert(!tiles_commit(l->tiles, false, &err));
	ck_assert_msg(!checkpoints_write(l->checkpoints, n, root, &err), "%s", err.text);
}

static void setup(void)
{
	struct note_key name;

	err = (struct krux_err){ 0 };
	ck_assert(krux_key_generate("log", false, &key, NULL));
	krux_key_public(&key, &public);
	ck_assert(log_note_key(&name, ORIGIN, public.key));
	fake_witness_start(&fake, "witness.example/w1", &name);
	witness.key = fake.signer.public;
	strcpy(witness.url, fake.url);
	log_make(&ours);
}

static void teardown(void)
{
	fake_witness_stop(&fake);
	log_end(&ours);
}

static struct submit_report ask(struct small_log *l)
{
	struct submit_report r = { 0 };
	struct submit s;

	ck_assert_msg(!submit_open(l->dir, l->log, public.key, &s, &err), "%s", err.text);
	ck_assert_msg(!submit(&s, &witness, &r, &err), "%s", err.text);
	submit_close(&s);
	return r;
}

static bool has(struct small_log *l, const char *ending)
{
	char name[WITNESS_FILE], path[WITNESS_FILE + 40];

	witness_file(&witness.key, name);
	snprintf(path, sizeof path, "%s%s", name, ending);
	return !faccessat(l->dir, path, R_OK, 0);
}

static void cosignature_forget(struct small_log *l)
{
	char name[WITNESS_FILE];

	witness_file(&witness.key, name);
	ck_assert(!unlinkat(l->dir, name, 0));
}

START_TEST(a_log_grows_and_is_cosigned)
{
	static const uint64_t sizes[] = { 1, 2, 3, 255, 256, 257, 700, 700, 1000 };
	struct checkpoint_list list;
	struct note_key name;
	struct submit_report r;

	ck_assert(log_note_key(&name, ORIGIN, public.key));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		fake.state->time = 1700000000 + i;
		log_grow(&ours, sizes[i], UINT64_MAX);
		r = ask(&ours);
		ck_assert_int_eq(r.end, SUBMIT_COSIGNED);
		ck_assert_uint_eq(r.size, sizes[i]);
		ck_assert_uint_eq(r.time, 1700000000 + i);
	}
	/* What it saw last is known: nothing was asked twice. */
	ck_assert_uint_eq(fake.state->asked, sizeof sizes / sizeof *sizes);
	ck_assert(!checkpoint_list_read(ours.log, ours.dir, &name, &witness, 1, &list, &err));
	ck_assert_uint_eq(checkpoint_list_witnessed(&list, 1)->size, 1000);
	checkpoint_list_free(&list);
	/* Forgotten, it is asked for. */
	cosignature_forget(&ours);
	log_grow(&ours, 1100, UINT64_MAX);
	r = ask(&ours);
	ck_assert_int_eq(r.end, SUBMIT_COSIGNED);
	ck_assert_uint_eq(fake.state->asked, sizeof sizes / sizeof *sizes + 2);
}
END_TEST

START_TEST(a_fork_of_the_same_size_is_refused)
{
	struct small_log other;
	struct submit_report r;

	log_make(&other);
	log_grow(&ours, 300, UINT64_MAX);
	log_grow(&other, 300, 290);
	ck_assert_int_eq(ask(&ours).end, SUBMIT_COSIGNED);
	/* The copy knows nothing of the cosignature: the witness says 300, then 409. */
	r = ask(&other);
	ck_assert_int_eq(r.end, SUBMIT_FORK);
	ck_assert_uint_eq(r.size, 300);
	ck_assert_str_eq(r.why, "the 300 records that it has cosigned are not those that this log starts with: the log "
	                        "was forked");
	ck_assert(has(&other, ".300.ours") && !has(&other, ".300.theirs") && !has(&other, ""));
	log_end(&other);
}
END_TEST

START_TEST(a_fork_that_grew_is_refused)
{
	struct small_log other;

	log_make(&other);
	log_grow(&ours, 300, UINT64_MAX);
	log_grow(&other, 400, 290);
	ck_assert_int_eq(ask(&ours).end, SUBMIT_COSIGNED);
	ck_assert_int_eq(ask(&other).end, SUBMIT_FORK);
	ck_assert(has(&other, ".400.ours"));
	/* It did not cosign, and goes on with the log that it knows. */
	ck_assert_uint_eq(fake.state->size, 300);
	log_grow(&ours, 500, UINT64_MAX);
	ck_assert_int_eq(ask(&ours).end, SUBMIT_COSIGNED);
	log_end(&other);
}
END_TEST

/* One file of a folder to the same in another. */
static void copy(int from, int to, const char *name)
{
	size_t n;
	uint8_t *p = file_read(from, name, NOTE_MAX, &n, &err);

	ck_assert_msg(p && !file_replace(to, name, 0600, p, n, &err), "%s", err.text);
	free(p);
}

START_TEST(a_fork_is_proved_by_both_notes)
{
	struct small_log other;
	struct submit_report r;
	char name[WITNESS_FILE];
	unsigned asked;

	log_make(&other);
	log_grow(&ours, 300, UINT64_MAX);
	log_grow(&other, 400, 290);
	ck_assert_int_eq(ask(&ours).end, SUBMIT_COSIGNED);
	witness_file(&witness.key, name);
	copy(ours.dir, other.dir, name);
	asked = fake.state->asked;
	r = ask(&other);
	ck_assert_int_eq(r.end, SUBMIT_FORK);
	/* Found before anybody is asked. */
	ck_assert_uint_eq(fake.state->asked, asked);
	ck_assert(has(&other, ".400.ours") && has(&other, ".400.theirs"));
	log_end(&other);
}
END_TEST

START_TEST(a_log_put_back_is_found)
{
	struct small_log old;
	struct submit_report r;
	char name[WITNESS_FILE];

	log_make(&old);
	log_grow(&ours, 300, UINT64_MAX);
	log_grow(&old, 200, UINT64_MAX);
	ck_assert_int_eq(ask(&ours).end, SUBMIT_COSIGNED);
	r = ask(&old);
	ck_assert_int_eq(r.end, SUBMIT_BEHIND);
	ck_assert_uint_eq(r.size, 300);
	ck_assert(has(&old, ".200.ours") && !has(&old, ".200.theirs"));
	witness_file(&witness.key, name);
	copy(ours.dir, old.dir, name);
	ck_assert_int_eq(ask(&old).end, SUBMIT_BEHIND);
	ck_assert(has(&old, ".200.theirs"));
	log_end(&old);
}
END_TEST

START_TEST(a_witness_that_does_not_know_us)
{
	struct krux_secret_key stranger;
	struct krux_public_key theirs;
	struct submit_report r;

	log_grow(&ours, 3, UINT64_MAX);
	ck_assert(krux_key_generate("log", false, &stranger, NULL));
	krux_key_public(&stranger, &theirs);
	ck_assert(log_note_key(&fake.state->log, ORIGIN, theirs.key));
	r = ask(&ours);
	ck_assert_int_eq(r.end, SUBMIT_REFUSED);
	ck_assert_str_eq(r.why, "it does not know the key of this log");
	ck_assert(log_note_key(&fake.state->log, KRUX_STR("another"), theirs.key));
	r = ask(&ours);
	ck_assert_int_eq(r.end, SUBMIT_REFUSED);
	ck_assert_str_eq(r.why, "it does not know this log");
}
END_TEST

static struct submit_report told(const char *status, const char *type, const void *body, size_t n)
{
	snprintf(fake.state->status, sizeof fake.state->status, "%s", status);
	snprintf(fake.state->type, sizeof fake.state->type, "%s", type);
	memcpy(fake.state->body, body, n);
	fake.state->nbody = n;
	return ask(&ours);
}

START_TEST(answers_that_are_none)
{
	static const struct {
		const char *status, *type, *body, *why;
	} row[] = {
		{ "200 OK", "text/plain", "", "its answer holds no good cosignature by its key" },
		{ "200 OK", "text/plain", "hello\n", "its answer holds no good cosignature by its key" },
		{ "200 OK", "text/plain", "— a AAAAAAA=\n", "its answer holds no good cosignature by its key" },
		/* Another text that ends with good lines of its own. */
		{ "200 OK", "text/plain", "\nx\n\n— a AAAAAAA=\n", "its answer holds no good cosignature by its key" },
		{ "409 Conflict", "text/x.tlog.size", "07\n", "it says 409 without the size that it holds" },
		{ "409 Conflict", "text/plain", "7\n", "it says 409 without the size that it holds" },
		{ "409 Conflict", "text/x.tlog.size", "7", "it says 409 without the size that it holds" },
		{ "409 Conflict", "text/x.tlog.size", "-1\n", "it says 409 without the size that it holds" },
		{ "409 Conflict", "text/x.tlog.size", "2\n", "it says 409 without the size that it holds" },
		{ "302 Found\r\nLocation: http://127.0.0.1:1/", "text/plain", "", "it answers with status 302" },
		{ "500 Oops", "text/html", "<b>", "it answers with status 500" },
	};
	char line[NOTE_LINE];
	struct note_signer liar;
	struct submit_report r;

	log_grow(&ours, 5, UINT64_MAX);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		r = told(row[i].status, row[i].type, row[i].body, strlen(row[i].body));
		ck_assert_msg(r.end == SUBMIT_BROKEN, "row %zu: %d %s", i, r.end, r.why);
		ck_assert_str_eq(r.why, row[i].why);
	}
	/* A good line under a key that is not trusted, and one that the key did not make. */
	ck_assert(note_signer_make(&liar, KRUX_STR("witness.example/w1"), NOTE_COSIGNATURE, (const uint8_t[32]){ 9 }));
	r = told("200 OK", "text/plain", line, note_sign(&liar, KRUX_STR("x\n"), 1, line));
	ck_assert_int_eq(r.end, SUBMIT_BROKEN);
	liar.public = witness.key;
	r = told("200 OK", "text/plain", line, note_sign(&liar, KRUX_STR("x\n"), 1, line));
	ck_assert_int_eq(r.end, SUBMIT_BROKEN);
	ck_assert(!has(&ours, ""));
}
END_TEST

START_TEST(no_answer_is_an_error)
{
	static char long_text[100 << 10];
	struct submit_report r;
	struct submit s;

	log_grow(&ours, 5, UINT64_MAX);
	ck_assert(!submit_open(ours.dir, ours.log, public.key, &s, &err));
	memset(long_text, 'a', sizeof long_text);
	strcpy(fake.state->status, "200 OK");
	memcpy(fake.state->body, long_text, sizeof long_text);
	fake.state->nbody = sizeof long_text;
	ck_assert_int_lt(submit(&s, &witness, &r, &err), 0);
	strcpy(witness.url, "http://127.0.0.1:1");
	ck_assert_int_lt(submit(&s, &witness, &r, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "http://127.0.0.1:1/add-checkpoint: "));
	strcpy(witness.url, "file:///etc");
	ck_assert_int_lt(submit(&s, &witness, &r, &err), 0);
	submit_close(&s);
}
END_TEST

START_TEST(tiles_are_never_believed)
{
	struct submit_report r;
	struct submit s;
	int fd;

	ck_assert_int_lt(submit_open(ours.dir, ours.log, public.key, &s, &err), 0);
	log_grow(&ours, 100, UINT64_MAX);
	ck_assert_int_eq(ask(&ours).end, SUBMIT_COSIGNED);
	log_grow(&ours, 300, UINT64_MAX);
	/* Not taken for a fork. */
	fd = openat(ours.log, "tile/0/000", O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "x", 1, 100), 1);
	close(fd);
	ck_assert(!submit_open(ours.dir, ours.log, public.key, &s, &err));
	ck_assert_int_lt(submit(&s, &witness, &r, &err), 0);
	ck_assert_str_eq(err.text, "log/tile/0/000 is not that of the log; kruxrt audit tiles makes tiles again");
	submit_close(&s);
	fd = openat(ours.log, "tile/0/001.p/44", O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "x", 1, 100), 1);
	close(fd);
	ck_assert_int_lt(submit_open(ours.dir, ours.log, public.key, &s, &err), 0);
	ck_assert_str_eq(err.text, "log/tile is not the tree that was signed; kruxrt audit tiles makes tiles again");
	ck_assert_int_lt(submit_open(ours.dir, ours.log, (const uint8_t[32]){ 1 }, &s, &err), 0);
	ck_assert_str_eq(err.text, "log/checkpoint is not signed with the key of this log");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("submit");
	TCase *t = tcase_create("submit");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_log_grows_and_is_cosigned);
	tcase_add_test(t, a_fork_of_the_same_size_is_refused);
	tcase_add_test(t, a_fork_that_grew_is_refused);
	tcase_add_test(t, a_fork_is_proved_by_both_notes);
	tcase_add_test(t, a_log_put_back_is_found);
	tcase_add_test(t, a_witness_that_does_not_know_us);
	tcase_add_test(t, answers_that_are_none);
	tcase_add_test(t, no_answer_is_an_error);
	tcase_add_test(t, tiles_are_never_believed);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
