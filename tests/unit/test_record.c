/* The audit log: what is written can be read, whatever is changed is found where it was
 * changed, and whatever a crash leaves is put right. */
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/record/blob.h"
#include "runtime/record/head.h"
#include "runtime/record/item.h"
#include "runtime/record/log.h"
#include "runtime/record/verify.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char root[64];
static int dir, blobs;
static struct krux_err err;

static void setup(void)
{
	strcpy(root, "/tmp/krux-record-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
	ck_assert_int_eq(mkdirat(dir, "blobs", 0700), 0);
	blobs = openat(dir, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = (struct krux_err){ 0 };
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	close(dir);
	close(blobs);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- records to write ---- */

static uint8_t bundle[HASH_LEN] = { 1, 2, 3 }, nonce[16] = { 9 };
static const uint8_t args[] = { 0xA1, 0x61, 'a', 0x01 };

static void caller(struct record *r)
{
	record_text(r, AUDIT_AGENT, "builder");
	record_set(r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	record_set(r, AUDIT_UID, 1000);
	record_text(r, AUDIT_WORKSPACE, "/srv/w");
	record_bytes(r, AUDIT_BUNDLE, bundle, sizeof bundle);
}

static uint8_t version[16], list[256], facts[512], usage[64], digest[64];

static struct krux_str item(struct item_out *o)
{
	ck_assert_uint_le(o->n, o->cap);
	return (struct krux_str){ (char *)o->p, o->n };
}

static void request(struct record *r)
{
	struct item_out v = { version, sizeof version, 0 }, f = { facts, sizeof facts, 0 };

	caller(r);
	record_text(r, AUDIT_CAPABILITY, "filesystem.read");
	item_head(&v, ITEM_LIST, 2);
	item_head(&v, ITEM_UINT, 1);
	item_head(&v, ITEM_UINT, 0);
	record_str(r, AUDIT_VERSION, item(&v));
	record_bytes(r, AUDIT_ARGS, args, sizeof args);
	record_set(r, AUDIT_VERDICT, 3);
	record_set(r, AUDIT_WOULD, 2);
	record_text(r, AUDIT_RULE, "team/read");
	record_text(r, AUDIT_SOURCE, "team.yaml:12");
	item_head(&f, ITEM_LIST, 1);
	item_head(&f, ITEM_LIST, 5);
	item_head(&f, ITEM_UINT, 4);
	item_text(&f, "team");
	item_text(&f, "read");
	item_head(&f, ITEM_UINT, 3600);
	item_head(&f, ITEM_UINT, 7);
	record_str(r, AUDIT_FACTS, item(&f));
}

static struct record intent(void)
{
	struct item_out l = { list, sizeof list, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_INTENT);
	request(&r);
	item_head(&l, ITEM_LIST, 1);
	item_text(&l, "file-content");
	record_str(&r, AUDIT_LABELS, item(&l));
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	return r;
}

static struct record outcome(uint64_t about)
{
	struct item_out l = { list, sizeof list, 0 }, u = { usage, sizeof usage, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_OUTCOME);
	record_set(&r, AUDIT_ABOUT, about);
	record_set(&r, AUDIT_END, 1);
	record_bytes(&r, AUDIT_RESULT, args, sizeof args);
	item_head(&l, ITEM_LIST, 0);
	record_str(&r, AUDIT_LAYERS, item(&l));
	item_head(&u, ITEM_LIST, 3);
	for (unsigned i = 0; i < 3; i++)
		item_head(&u, ITEM_UINT, 1000 + i);
	record_str(&r, AUDIT_USAGE, item(&u));
	return r;
}

static struct record denied(void)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_DENIED);
	request(&r);
	record_set(&r, AUDIT_VERDICT, 0);
	record_text(&r, AUDIT_REASON, "Not there");
	return r;
}

static struct record invalid(void)
{
	struct item_out d = { digest, sizeof digest, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_INVALID);
	caller(&r);
	record_text(&r, AUDIT_ASKED, "filesystem.raed");
	record_text(&r, AUDIT_WHY, "there is no such capability");
	item_head(&d, ITEM_LIST, 2);
	item_str(&d, ITEM_BYTES, (struct krux_str){ (char *)bundle, HASH_LEN });
	item_head(&d, ITEM_UINT, 17);
	record_str(&r, AUDIT_INPUT, item(&d));
	return r;
}

static void append(struct log *log, struct record r)
{
	ck_assert_msg(!log_append(log, &r, NULL, NULL, &err), "%s", err.text);
}

/* Origin, then intent, outcome, denied, invalid, three times: 13 records. */
static void make_log(void)
{
	struct log *log;

	ck_assert_msg(!log_create(dir, "krux.test/1", "krux 0", &err), "%s", err.text);
	log = log_open(dir, NULL, NULL, &err);
	ck_assert_msg(log != NULL, "%s", err.text);
	for (unsigned i = 0; i < 3; i++) {
		append(log, intent());
		append(log, outcome(1 + 4 * i));
		append(log, denied());
		append(log, invalid());
	}
	log_close(log);
}

/* ---- files as bytes ---- */

struct bytes {
	uint8_t *p;
	size_t n;
};

static struct bytes get(const char *name)
{
	struct bytes b;

	b.p = file_read(dir, name, 1 << 24, &b.n, &err);
	ck_assert_msg(b.p != NULL, "%s", err.text);
	return b;
}

static void put(const char *name, const uint8_t *p, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

/* Offsets of the records, and of the end. */
static size_t places(struct bytes log, size_t *at, size_t max)
{
	size_t n = 0, pos = 0, used;
	struct record r;
	const char *why;

	while (pos < log.n) {
		ck_assert_uint_lt(n, max);
		at[n++] = pos;
		ck_assert_msg(record_decode(log.p + pos, log.n - pos, &r, &used, &why), "%s", why);
		pos += used;
	}
	at[n] = pos;
	return n;
}

static struct verify_report check(void)
{
	struct verify_report report;

	ck_assert_msg(!verify_log(dir, blobs, &report, &err), "%s", err.text);
	return report;
}

static bool covers(const struct verify_report *r, uint64_t at)
{
	for (size_t i = 0; i < r->nfindings; i++) {
		const struct finding *f = &r->finding[i];

		if (finding_is_fault(f->kind) && at >= f->at && at < f->at + f->length)
			return true;
	}
	return false;
}

/* ---- tests ---- */

START_TEST(written_is_read)
{
	struct verify_report r;

	make_log();
	r = check();
	ck_assert_uint_eq(r.records, 13);
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(r.notes, 0);
	ck_assert_uint_eq(r.kinds[AUDIT_KIND_INTENT], 3);
	ck_assert(krux_str_eq(r.origin, KRUX_STR("krux.test/1")));
	ck_assert(r.head);
	verify_free(&r);
}
END_TEST

/* Every byte of the log, changed in three ways, is found, and what is found holds that byte. */
START_TEST(every_flip_is_found)
{
	static const uint8_t flips[] = { 0x01, 0x20, 0xFF };
	struct bytes log;

	make_log();
	log = get(LOG_FILE);
	for (size_t i = 0; i < log.n; i++)
		for (size_t k = 0; k < sizeof flips; k++) {
			struct verify_report r;

			log.p[i] ^= flips[k];
			put(LOG_FILE, log.p, log.n);
			r = check();
			ck_assert_msg(r.faults > 0, "byte %zu ^ %02x: nothing found", i, flips[k]);
			ck_assert_msg(covers(&r, i), "byte %zu ^ %02x: %s at %llu+%llu: %s", i, flips[k],
			              finding_word(r.finding[0].kind), (unsigned long long)r.finding[0].at,
			              (unsigned long long)r.finding[0].length, r.finding[0].text);
			verify_free(&r);
			log.p[i] ^= flips[k];
		}
	free(log.p);
}
END_TEST

/* A writer never goes on after a changed byte. */
START_TEST(writer_refuses_changes)
{
	struct bytes log;

	make_log();
	log = get(LOG_FILE);
	for (size_t i = 0; i < log.n; i += 7) {
		struct bytes after;

		log.p[i] ^= 0x10;
		put(LOG_FILE, log.p, log.n);
		ck_assert_ptr_null(log_open(dir, NULL, NULL, &err));
		after = get(LOG_FILE);
		ck_assert_uint_eq(after.n, log.n);
		ck_assert_mem_eq(after.p, log.p, log.n);
		free(after.p);
		log.p[i] ^= 0x10;
	}
	free(log.p);
}
END_TEST

/* A crash in the middle of the last append leaves any prefix of it; the head knows nothing of it. */
START_TEST(every_cut_of_the_last_append_recovers)
{
	struct bytes head, log;
	size_t at[32], n, begin;
	struct log *l;

	make_log();
	head = get("head");
	l = log_open(dir, NULL, NULL, &err);
	append(l, denied());
	log_close(l);
	log = get(LOG_FILE);
	n = places(log, at, 32);
	begin = at[n - 1];
	for (size_t cut = begin; cut <= log.n; cut++) {
		struct verify_report r;

		put(LOG_FILE, log.p, cut);
		put("head", head.p, head.n);
		r = check();
		ck_assert_uint_eq(r.faults, cut > begin && cut < log.n);
		if (r.faults)
			ck_assert_int_eq(r.finding[0].kind, FINDING_TORN);
		verify_free(&r);
		l = log_open(dir, NULL, NULL, &err);
		ck_assert_msg(l != NULL, "cut at %zu: %s", cut, err.text);
		ck_assert_uint_eq(log_repaired(l).dropped, cut < log.n ? cut - begin : 0);
		append(l, denied());
		log_close(l);
		r = check();
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

	make_log();
	head = get("head");
	l = log_open(dir, NULL, NULL, &err);
	append(l, denied());
	log_close(l);
	log = get(LOG_FILE);
	n = places(log, at, 32);
	for (size_t cut = log.n - 1; cut-- > at[n - 1];) {
		memset(log.p + cut, 0, log.n - cut);
		put(LOG_FILE, log.p, log.n);
		put("head", head.p, head.n);
		l = log_open(dir, NULL, NULL, &err);
		ck_assert_msg(l != NULL, "zeros from %zu: %s", cut, err.text);
		ck_assert_uint_eq(log_repaired(l).dropped, log.n - at[n - 1]);
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

	make_log();
	log = get(LOG_FILE);
	for (size_t cut = 0; cut < log.n; cut++) {
		struct verify_report r;

		put(LOG_FILE, log.p, cut);
		r = check();
		ck_assert_msg(r.faults > 0, "cut at %zu: nothing found", cut);
		verify_free(&r);
		ck_assert_msg(!log_open(dir, NULL, NULL, &err), "cut at %zu: accepted", cut);
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
	put(LOG_FILE, out, len);
	free(out);
}

static size_t count(const struct verify_report *r, enum finding_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nfindings; i++)
		n += r->finding[i].kind == kind;
	return n;
}

START_TEST(removed_records_are_found)
{
	struct bytes log;
	size_t at[32], n;

	make_log();
	log = get(LOG_FILE);
	n = places(log, at, 32);
	for (size_t gone = 0; gone < n; gone++) {
		size_t order[32], k = 0;
		struct verify_report r;

		for (size_t i = 0; i < n; i++)
			if (i != gone)
				order[k++] = i;
		rebuild(log, at, order, k);
		r = check();
		ck_assert_uint_eq(count(&r, FINDING_MISSING), 1);
		for (size_t i = 0; i < r.nfindings; i++)
			if (r.finding[i].kind == FINDING_MISSING)
				ck_assert_uint_eq(r.finding[i].seq, gone);
		verify_free(&r);
		ck_assert_ptr_null(log_open(dir, NULL, NULL, &err));
	}
	free(log.p);
}
END_TEST

START_TEST(doubled_and_swapped_records_are_found)
{
	struct bytes log;
	size_t at[32], n;

	make_log();
	log = get(LOG_FILE);
	n = places(log, at, 32);
	for (size_t which = 0; which + 1 < n; which++) {
		size_t order[40], k = 0;
		struct verify_report r;

		for (size_t i = 0; i < n; i++) {
			order[k++] = i;
			if (i == which)
				order[k++] = i;
		}
		rebuild(log, at, order, k);
		r = check();
		ck_assert_uint_eq(count(&r, FINDING_REPEATED), 1);
		ck_assert_uint_eq(count(&r, FINDING_MISSING), 0);
		verify_free(&r);
		for (k = 0; k < n; k++)
			order[k] = k == which ? which + 1 : k == which + 1 ? which : k;
		rebuild(log, at, order, n);
		r = check();
		ck_assert_uint_eq(count(&r, FINDING_REPEATED), 1);
		ck_assert_uint_ge(count(&r, FINDING_MISSING), 1);
		verify_free(&r);
		ck_assert_ptr_null(log_open(dir, NULL, NULL, &err));
	}
	free(log.p);
}
END_TEST

START_TEST(inserted_bytes_are_found_once)
{
	struct bytes log;
	size_t at[32], n;
	uint8_t *out;

	make_log();
	log = get(LOG_FILE);
	n = places(log, at, 32);
	out = malloc(log.n + 300);
	for (size_t i = 1; i < n; i++) {
		struct verify_report r;

		memcpy(out, log.p, at[i]);
		memset(out + at[i], 0x83, 300);
		memcpy(out + at[i] + 300, log.p + at[i], log.n - at[i]);
		put(LOG_FILE, out, log.n + 300);
		r = check();
		ck_assert_uint_eq(count(&r, FINDING_UNREADABLE), 1);
		ck_assert_uint_eq(r.finding[0].at, at[i]);
		ck_assert_uint_eq(r.finding[0].length, 300);
		ck_assert_uint_eq(count(&r, FINDING_CHANGED), 0);
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

/* Two faults far apart are both named. */
START_TEST(every_fault_is_named)
{
	size_t at[32], used;
	struct verify_report r;
	struct record changed;
	struct bytes log;
	const char *why;

	make_log();
	log = get(LOG_FILE);
	places(log, at, 32);
	log.p[at[3]] = 0xFF;
	/* Record 7 says something else and is a good record in itself. */
	ck_assert(record_decode(log.p + at[7], log.n - at[7], &changed, &used, &why));
	record_set(&changed, AUDIT_WALL, changed.field[AUDIT_WALL].u + 1);
	reencode(&changed, log.p + at[7], used);
	put(LOG_FILE, log.p, log.n);
	r = check();
	ck_assert_uint_eq(count(&r, FINDING_UNREADABLE), 1);
	ck_assert_uint_eq(r.finding[0].seq, 3);
	ck_assert_uint_eq(r.finding[0].at, at[3]);
	ck_assert_uint_eq(count(&r, FINDING_CHANGED), 1);
	ck_assert(covers(&r, at[7]));
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

	make_log();
	log = get(LOG_FILE);
	n = places(log, at, 32);
	for (size_t i = 0; i < n; i++) {
		uint8_t old[RECORD_MAX];
		struct verify_report r;
		struct record forged;

		ck_assert(record_decode(log.p + at[i], log.n - at[i], &forged, &used, &why));
		memcpy(old, log.p + at[i], used);
		record_set(&forged, AUDIT_WALL, forged.field[AUDIT_WALL].u + 1);
		reencode(&forged, log.p + at[i], used);
		put(LOG_FILE, log.p, log.n);
		r = check();
		ck_assert_uint_eq(r.faults, 1);
		ck_assert_uint_eq(r.finding[0].seq, i);
		ck_assert_int_eq(r.finding[0].kind, i + 1 < n ? FINDING_CHANGED : FINDING_HEAD);
		verify_free(&r);
		ck_assert_ptr_null(log_open(dir, NULL, NULL, &err));
		memcpy(log.p + at[i], old, used);
	}
	free(log.p);
}
END_TEST

START_TEST(head_file_tells)
{
	struct verify_report r;

	make_log();
	ck_assert_int_eq(unlinkat(dir, "head", 0), 0);
	r = check();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(count(&r, FINDING_UNHEADED), 1);
	verify_free(&r);
	ck_assert_ptr_null(log_open(dir, NULL, NULL, &err));
}
END_TEST

/* One slot of the head torn by a crash: the other one still serves. */
START_TEST(head_survives_a_torn_slot)
{
	struct bytes head;

	make_log();
	head = get("head");
	for (size_t i = 0; i < 128; i += 5) {
		struct verify_report r;

		head.p[128 + i] ^= 0x55;
		put("head", head.p, head.n);
		r = check();
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
	pid_t pid;
	int status;

	make_log();
	pid = fork();
	if (!pid) {
		log = log_open(dir, NULL, NULL, &err);
		if (log) {
			struct record i = intent();

			log_append(log, &i, NULL, NULL, &err);
		}
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	r = check();
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_uint_eq(count(&r, FINDING_OPEN), 1);
	ck_assert_uint_eq(r.finding[0].seq, 13);
	verify_free(&r);
	log = log_open(dir, NULL, NULL, &err);
	ck_assert_msg(log != NULL, "%s", err.text);
	ck_assert_uint_eq(log_repaired(log).unknown, 1);
	log_close(log);
	r = check();
	ck_assert_uint_eq(r.kinds[AUDIT_KIND_UNKNOWN], 1);
	ck_assert_uint_eq(r.faults + r.notes, 0);
	verify_free(&r);
	log = log_open(dir, NULL, NULL, &err);
	ck_assert_uint_eq(log_repaired(log).unknown, 0);
	log_close(log);
}
END_TEST

START_TEST(outcome_needs_its_intent)
{
	struct verify_report r;
	struct log *log;

	make_log();
	log = log_open(dir, NULL, NULL, &err);
	append(log, outcome(1));
	log_close(log);
	r = check();
	ck_assert_uint_eq(count(&r, FINDING_REFERENCE), 1);
	verify_free(&r);
	ck_assert_ptr_null(log_open(dir, NULL, NULL, &err));
}
END_TEST

static struct record whole(struct record r)
{
	static const uint8_t zeros[HASH_LEN];

	record_set(&r, AUDIT_SEQ, 5);
	record_bytes(&r, AUDIT_PREV, zeros, HASH_LEN);
	record_bytes(&r, AUDIT_EPOCH, zeros, 16);
	record_bytes(&r, AUDIT_BOOT, zeros, 16);
	record_set(&r, AUDIT_WALL, 1);
	record_set(&r, AUDIT_MONO, 1);
	return r;
}

/* Whatever the decoder accepts, the encoder writes again byte for byte. */
START_TEST(decoder_accepts_only_what_encoder_writes)
{
	uint8_t bytes[RECORD_MAX], again[RECORD_MAX];
	struct record r = whole(intent()), back;
	size_t n = record_encode(&r, bytes, sizeof bytes), used;
	const char *why;

	ck_assert_uint_gt(n, 0);
	for (size_t i = 0; i < n; i++)
		for (unsigned v = 0; v < 256; v++) {
			uint8_t old = bytes[i];

			bytes[i] = (uint8_t)v;
			if (record_decode(bytes, n, &back, &used, &why)) {
				ck_assert_uint_eq(record_encode(&back, again, sizeof again), used);
				ck_assert_mem_eq(again, bytes, used);
			} else {
				ck_assert_uint_le(used, n);
				ck_assert_uint_gt(strlen(why), 0);
			}
			bytes[i] = old;
		}
	for (size_t i = 0; i < n; i++)
		ck_assert(!record_decode(bytes, i, &back, &used, &why));
}
END_TEST

START_TEST(kinds_have_their_fields)
{
	uint8_t bytes[RECORD_MAX];
	struct record r;

	r = whole(outcome(1));
	ck_assert_uint_gt(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(outcome(1));
	record_set(&r, AUDIT_END, 5);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(outcome(1));
	record_set(&r, AUDIT_END, 2);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(outcome(1));
	record_text(&r, AUDIT_AGENT, "x");
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(intent());
	record_set(&r, AUDIT_VERDICT, 4);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(intent());
	r.have &= ~(1ull << AUDIT_ARGS);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(intent());
	r.have &= ~(1ull << AUDIT_NONCE);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(intent());
	record_set(&r, AUDIT_KIND, 14);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(intent());
	record_str(&r, AUDIT_REASON, (struct krux_str){ "", 0 });
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
	r = whole(intent());
	record_bytes(&r, AUDIT_REASON, "\xFF", 1);
	ck_assert_uint_eq(record_encode(&r, bytes, sizeof bytes), 0);
}
END_TEST

START_TEST(a_record_has_a_limit)
{
	char *text = malloc(RECORD_MAX + 1);
	uint8_t *bytes = malloc(2 * RECORD_MAX);
	struct record r = whole(intent());
	struct log *log;

	memset(text, 'x', RECORD_MAX);
	text[RECORD_MAX] = 0;
	record_text(&r, AUDIT_REASON, text);
	ck_assert_uint_eq(record_encode(&r, bytes, 2 * RECORD_MAX), 0);
	make_log();
	log = log_open(dir, NULL, NULL, &err);
	ck_assert_int_lt(log_append(log, &r, NULL, NULL, &err), 0);
	append(log, denied());
	log_close(log);
	free(text);
	free(bytes);
}
END_TEST

START_TEST(blobs_keep_their_content)
{
	uint8_t name[HASH_LEN], again[HASH_LEN];
	char path[80] = "blobs/";
	struct bytes b;

	ck_assert_int_eq(blob_put(blobs, KRUX_STR("content"), name, &err), 0);
	ck_assert_int_eq(blob_put(blobs, KRUX_STR("content"), again, &err), 0);
	ck_assert_mem_ne(name, again, HASH_LEN);
	ck_assert_int_eq(blob_check(blobs, name, 7, &err), BLOB_WHOLE);
	ck_assert_int_eq(blob_check(blobs, name, 8, &err), BLOB_CHANGED);
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(path + 6 + 2 * i, 3, "%02x", name[i]);
	b = get(path);
	b.p[b.n - 1] ^= 1;
	put(path, b.p, b.n);
	free(b.p);
	ck_assert_int_eq(blob_check(blobs, name, 7, &err), BLOB_CHANGED);
	ck_assert_int_eq(unlinkat(dir, path, 0), 0);
	ck_assert_int_eq(blob_check(blobs, name, 7, &err), BLOB_GONE);
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

	make_log();
	r = intent();
	ck_assert_int_eq(blob_put(blobs, KRUX_STR("much"), name, &err), 0);
	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)name, HASH_LEN });
	item_head(&o, ITEM_UINT, 4);
	r.have &= ~(1ull << AUDIT_ARGS);
	record_str(&r, AUDIT_ARGS_BLOB, item(&o));
	log = log_open(dir, NULL, NULL, &err);
	append(log, r);
	append(log, outcome(13));
	log_close(log);
	report = check();
	ck_assert_uint_eq(report.blobs, 1);
	ck_assert_uint_eq(report.faults + report.notes, 0);
	verify_free(&report);
	for (size_t i = 0; i < HASH_LEN; i++)
		snprintf(path + 6 + 2 * i, 3, "%02x", name[i]);
	ck_assert_int_eq(unlinkat(dir, path, 0), 0);
	report = check();
	ck_assert_uint_eq(report.faults, 0);
	ck_assert_uint_eq(count(&report, FINDING_GONE), 1);
	verify_free(&report);
}
END_TEST

/* Two writers: the second waits for the first. */
START_TEST(one_writer_at_a_time)
{
	struct verify_report r;
	pid_t pid[4];
	int status;

	make_log();
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		for (int k = 0; k < 5; k++) {
			struct log *log = log_open(dir, NULL, NULL, &err);
			struct record d = denied();

			if (!log || log_append(log, &d, NULL, NULL, &err))
				_exit(1);
			log_close(log);
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	r = check();
	ck_assert_uint_eq(r.records, 13 + 20);
	ck_assert_uint_eq(r.faults + r.notes, 0);
	verify_free(&r);
}
END_TEST

/* capspec/audit.cddl names every key and kind of capspec/audit.def. */
START_TEST(cddl_has_every_key_and_kind)
{
	size_t n;
	char *text = (char *)file_read_path("capspec/audit.cddl", 1 << 20, &n, &err), want[64];

	ck_assert_msg(text != NULL, "%s", err.text);
	for (unsigned f = 1; f < AUDIT_FIELDS; f++) {
		if (!record_field_schema(f) || f == AUDIT_KIND)
			continue;
		snprintf(want, sizeof want, "%u: ", f);
		ck_assert_msg(strstr(text, want), "no key %u (%s)", f, record_field_word(f));
	}
	for (unsigned k = 0; k < 64; k++) {
		if (!record_kind_word(k))
			continue;
		snprintf(want, sizeof want, "head, 3: %u,", k);
		ck_assert_msg(strstr(text, want), "no kind %u", k);
		snprintf(want, sizeof want, "\n%s = {", record_kind_word(k));
		ck_assert_msg(strstr(text, want), "no rule %s", record_kind_word(k));
	}
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("record");
	TCase *tc = tcase_create("record");
	SRunner *runner;
	int failed;

	if (sodium_init() < 0)
		return 1;
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, written_is_read);
	tcase_add_test(tc, every_flip_is_found);
	tcase_add_test(tc, writer_refuses_changes);
	tcase_add_test(tc, every_cut_of_the_last_append_recovers);
	tcase_add_test(tc, zeros_of_a_torn_append_recover);
	tcase_add_test(tc, a_cut_log_is_an_alarm);
	tcase_add_test(tc, removed_records_are_found);
	tcase_add_test(tc, doubled_and_swapped_records_are_found);
	tcase_add_test(tc, inserted_bytes_are_found_once);
	tcase_add_test(tc, every_fault_is_named);
	tcase_add_test(tc, forged_records_are_found);
	tcase_add_test(tc, head_file_tells);
	tcase_add_test(tc, head_survives_a_torn_slot);
	tcase_add_test(tc, intent_without_outcome_becomes_unknown);
	tcase_add_test(tc, outcome_needs_its_intent);
	tcase_add_test(tc, decoder_accepts_only_what_encoder_writes);
	tcase_add_test(tc, kinds_have_their_fields);
	tcase_add_test(tc, a_record_has_a_limit);
	tcase_add_test(tc, blobs_keep_their_content);
	tcase_add_test(tc, blobs_are_verified);
	tcase_add_test(tc, one_writer_at_a_time);
	tcase_add_test(tc, cddl_has_every_key_and_kind);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
