/* The log beside SQLite (write-ahead log) on the same disk in the same run: records a second, many to
 * a commit or transaction; then how fast it is read back by recovery and by verify. Loads of one and of the
 * other take turns, and each turn's ratio counts. */
#include "bench/measure.h"

#include "runtime/base/err.h"
#include "runtime/record/carry.h"
#include "runtime/record/log.h"
#include "runtime/record/record_known.h"
#include "runtime/record/verify.h"

#include "capspec/digest.h"
#include "capspec/item.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<sqlite3.h>)
#define HAVE_SQLITE
#include <sqlite3.h>
#endif

enum { TURNS = 7 };

static char root[] = "/tmp/krux-bench-XXXXXX";
static int dir, blobs;
static struct krux_err err;

static void die(const char *what)
{
	fprintf(stderr, "bench/log: %s: %s\n", what, err.text);
	exit(3);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void clean(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- what is recorded: a call of filesystem.read that was let through, and its end ---- */

static uint8_t bundle[HASH_LEN] = { 1 }, nonce[16], version[8], facts[128], layers[64], usage[64];
static const uint8_t args[] = { 0xA1, 0x64, 'p', 'a', 't', 'h', 0x72, '/', 'w', 'o', 'r', 'k', 's', 'p',
	                        'a', 'c', 'e', '/', 'r', 'e', 'a', 'd', 'm', 'e', '1' };

static struct krux_str item(const struct item_out *o)
{
	return (struct krux_str){ (char *)o->p, o->n };
}

static struct record intent(void)
{
	struct item_out v = { version, sizeof version, 0 }, f = { facts, sizeof facts, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_INTENT);
	record_text(&r, AUDIT_AGENT, "builder");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_PEER);
	record_set(&r, AUDIT_UID, 1000);
	record_text(&r, AUDIT_WORKSPACE, "/srv/agents/builder");
	record_text(&r, AUDIT_CAPABILITY, "filesystem.read");
	item_head(&v, ITEM_LIST, 2);
	item_head(&v, ITEM_UINT, 1);
	item_head(&v, ITEM_UINT, 0);
	record_str(&r, AUDIT_VERSION, item(&v));
	record_bytes(&r, AUDIT_ARGS, args, sizeof args);
	record_bytes(&r, AUDIT_BUNDLE, bundle, sizeof bundle);
	record_set(&r, AUDIT_VERDICT, 3);
	record_set(&r, AUDIT_WOULD, 3);
	record_text(&r, AUDIT_RULE, "team/read-anything-in-the-workspace");
	record_text(&r, AUDIT_SOURCE, "team.yaml:12");
	item_head(&f, ITEM_LIST, 1);
	item_head(&f, ITEM_LIST, 5);
	item_head(&f, ITEM_UINT, 4);
	item_text(&f, "team");
	item_text(&f, "read-anything-in-the-workspace");
	item_head(&f, ITEM_UINT, 3600000000000);
	item_head(&f, ITEM_UINT, 7);
	record_str(&r, AUDIT_FACTS, item(&f));
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	return r;
}

static struct record outcome(uint64_t about)
{
	struct item_out l = { layers, sizeof layers, 0 }, u = { usage, sizeof usage, 0 };
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_OUTCOME);
	record_set(&r, AUDIT_ABOUT, about);
	record_set(&r, AUDIT_END, 1);
	record_bytes(&r, AUDIT_RESULT, args, sizeof args);
	item_head(&l, ITEM_LIST, 3);
	item_text(&l, "namespaces");
	item_text(&l, "landlock");
	item_text(&l, "seccomp");
	record_str(&r, AUDIT_LAYERS, item(&l));
	item_head(&u, ITEM_LIST, 3);
	item_head(&u, ITEM_UINT, 1234567);
	item_head(&u, ITEM_UINT, 2345678);
	item_head(&u, ITEM_UINT, 3456789);
	record_str(&r, AUDIT_USAGE, item(&u));
	return r;
}

/* The bodies as they come from a gate; each is checked as the recorder does. */
static uint8_t intent_body[1024], outcome_body[1024];
static size_t nintent;

static uint64_t pair_add(struct log *log)
{
	static struct record_known known;
	struct log_added added;
	struct record r;
	const char *why;
	size_t n;

	if (!record_body_known(intent_body, nintent, &known, &r, &why) ||
	    log_add_body(log, (struct krux_str){ (char *)intent_body, nintent }, &r, &added, &err))
		die("intent");
	r = outcome(added.seq);
	n = record_encode_body(&r, outcome_body, sizeof outcome_body);
	if (!record_body_known(outcome_body, n, &known, &r, &why) ||
	    log_add_body(log, (struct krux_str){ (char *)outcome_body, n }, &r, NULL, &err))
		die("outcome");
	return nintent + n;
}

static double log_batches(struct log *log, unsigned batch, unsigned batches, bool await)
{
	uint64_t start = now_ns();

	for (unsigned b = 0; b < batches; b++) {
		for (unsigned i = 0; i < batch; i += 2)
			pair_add(log);
		if (await ? log_commit(log, &err) : log_write(log, &err))
			die("commit");
	}
	return (double)batch * batches / ((double)(now_ns() - start) / 1e9);
}

/* ---- the same bytes into SQLite ---- */

#ifdef HAVE_SQLITE

static sqlite3 *database(const char *name, const char *synchronous)
{
	char path[128], pragma[128];
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/%s", root, name);
	snprintf(pragma, sizeof pragma, "PRAGMA journal_mode=WAL; PRAGMA synchronous=%s;"
	         "CREATE TABLE record (seq INTEGER PRIMARY KEY, body BLOB)", synchronous);
	if (sqlite3_open(path, &db) || sqlite3_exec(db, pragma, NULL, NULL, NULL))
		die("sqlite");
	return db;
}

static double sqlite_batches(sqlite3 *db, unsigned batch, unsigned batches)
{
	static uint8_t row[2048];
	sqlite3_stmt *insert;
	uint64_t start;

	if (sqlite3_prepare_v2(db, "INSERT INTO record (body) VALUES (?)", -1, &insert, NULL))
		die("sqlite");
	start = now_ns();
	for (unsigned b = 0; b < batches; b++) {
		sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		for (unsigned i = 0; i < batch; i++) {
			/* As long as the record that the log makes of it. */
			sqlite3_bind_blob(insert, 1, row, (int)(i & 1 ? 260 : 430), SQLITE_STATIC);
			if (sqlite3_step(insert) != SQLITE_DONE)
				die("sqlite insert");
			sqlite3_reset(insert);
		}
		if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
			die("sqlite commit");
	}
	start = now_ns() - start;
	sqlite3_finalize(insert);
	return (double)batch * batches / ((double)start / 1e9);
}

static void compare(struct log *log, const char *what, const char *synchronous, unsigned batch,
                    unsigned batches, bool await, double bar)
{
	struct times ratio = { 0 }, ours = { 0 }, theirs = { 0 };
	sqlite3 *db = database(what, synchronous);
	char line[128];

	for (int i = 0; i < TURNS; i++) {
		double a = log_batches(log, batch, batches, await), b = sqlite_batches(db, batch, batches);

		times_add(&ratio, a / b);
		times_add(&ours, a);
		times_add(&theirs, b);
	}
	sqlite3_close(db);
	printf("%s: %.0f records a second, SQLite %s %.0f\n", what, times_quantile(&ours, 0.5), synchronous,
	       times_quantile(&theirs, 0.5));
	snprintf(line, sizeof line, "%s / SQLite %s", what, synchronous);
	figure_least(line, times_quantile(&ratio, 0.5), "times", bar);
	times_free(&ratio);
	times_free(&ours);
	times_free(&theirs);
}

#else

static void compare(struct log *log, const char *what, const char *synchronous, unsigned batch,
                    unsigned batches, bool await, double bar)
{
	(void)bar;
	printf("%s: %.0f records a second; SQLite %s: libsqlite3-dev was not there when this was built\n", what,
	       log_batches(log, batch, batches, await), synchronous);
}

#endif

/* ---- without a disk ---- */

/* What the state makes of an intent and its end. */
static void carry_cpu(size_t n)
{
	struct carry *c = carry_new();
	uint8_t bytes[RECORD_MAX];
	struct record a = intent(), b, r;
	struct record_moment m;
	struct record_head h = { 1, bundle, &m };
	enum { N = 200000 };
	const char *why;
	uint64_t t;

	(void)n;
	record_moment(&m, nonce, nonce, 1, 1);
	record_body(intent_body, nintent, &a, &why);
	record_whole(&h, intent_body, nintent, &a, bytes, sizeof bytes);
	b = outcome(0);
	t = cpu_ns();
	for (uint64_t i = 0; i < N; i++) {
		r = a;
		record_set(&r, AUDIT_SEQ, 2 * i);
		carry_add(c, &r, (struct krux_str){ (char *)bytes, 1 }, bundle);
		record_set(&b, AUDIT_SEQ, 2 * i + 1);
		record_set(&b, AUDIT_WALL, i);
		record_set(&b, AUDIT_ABOUT, 2 * i);
		carry_add(c, &b, (struct krux_str){ (char *)bytes, 1 }, bundle);
	}
	printf("the state, intent and outcome: %.0f ns\n", (double)(cpu_ns() - t) / N);
	carry_free(c);
}

static void cpu(void)
{
	uint8_t out[RECORD_MAX];
	struct record r = intent(), back;
	struct record_moment m;
	struct record_head h = { 1, bundle, &m };
	enum { N = 200000 };
	const char *why;
	size_t n = 0, used;
	uint64_t t;

	record_moment(&m, nonce, nonce, log_wall(), log_mono());
	t = cpu_ns();
	for (int i = 0; i < N; i++)
		record_body(intent_body, nintent, &r, &why);
	printf("check a body of %zu bytes: %.0f ns\n", nintent, (double)(cpu_ns() - t) / N);
	t = cpu_ns();
	for (int i = 0; i < N; i++) {
		record_body(intent_body, nintent, &r, &why);
		n = record_whole(&h, intent_body, nintent, &r, out, sizeof out);
	}
	printf("check it and make the record of %zu bytes: %.0f ns\n", n, (double)(cpu_ns() - t) / N);
	t = cpu_ns();
	for (int i = 0; i < N; i++)
		record_decode(out, n, &back, &used, &why);
	printf("decode the record: %.0f ns\n", (double)(cpu_ns() - t) / N);
	t = cpu_ns();
	for (int i = 0; i < N; i++)
		record_decode_hashed(out, n, NULL, &back, &used, &why);
	printf("decode it without its own check: %.0f ns\n", (double)(cpu_ns() - t) / N);
	t = cpu_ns();
	for (int i = 0; i < N; i++)
		record_leaf(out, n, bundle);
	printf("its leaf: %.0f ns (%s)\n", (double)(cpu_ns() - t) / N, krux_sha256_engine());
	carry_cpu(n);
}

static void read_back(void)
{
	struct verify_options one = { .threads = 1 };
	struct verify_report r;
	double ms[5], sum = 0;
	uint64_t bytes;
	struct log *log;
	struct stat st;

	/* A last segment that is full, as bad as it gets. */
	for (int i = 0; i < 5; i++) {
		uint64_t t = cpu_ns();

		log = log_open(dir, blobs, NULL, &err);
		if (!log)
			die("open");
		ms[i] = (double)(cpu_ns() - t) / 1e6;
		log_close(log);
		sum += ms[i];
	}
	bytes = 0;
	for (unsigned n = 0; n < 64; n++) {
		char name[32];

		snprintf(name, sizeof name, "%08x.seg", n);
		if (!fstatat(dir, name, &st, 0))
			bytes = (uint64_t)st.st_size;
	}
	for (int i = 1; i < 5; i++)
		if (ms[i] < ms[0])
			ms[0] = ms[i];
	printf("recovery of a segment of %.1f MiB: %.1f ms of processor at best, %.1f in the mean\n", (double)bytes / 1048576, ms[0], sum / 5);
	for (unsigned threads = 1; threads <= 2; threads++) {
		uint64_t t = now_ns();

		/* The first is a core's figure: what other programs took of it does not count. */
		if (threads == 1)
			t = cpu_ns();
		one.threads = threads;
		if (verify_log(dir, blobs, &one, &r, &err))
			die("verify");
		t = (threads == 1 ? cpu_ns() : now_ns()) - t;
		printf("verify with %u thread%s: %.0f MiB/s, %llu records, %llu faults\n", threads,
		       threads == 1 ? "" : "s", (double)r.bytes / 1048576 / ((double)t / 1e9),
		       (unsigned long long)r.records, (unsigned long long)r.faults);
		verify_free(&r);
	}
}

int main(void)
{
	struct record r = intent();
	struct log *log = NULL;

	if (sodium_init() < 0 || !mkdtemp(root) || atexit(clean))
		return 3;
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(dir, "blobs", 0700))
		return 3;
	blobs = openat(dir, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nintent = record_encode_body(&r, intent_body, sizeof intent_body);
	cpu();
	if (log_create(dir, "krux.bench/1", "bench", &err) || !(log = log_open(dir, blobs, NULL, &err)))
		die("make the log");
	compare(log, "64 to a commit", "FULL", 64, 60, true, 1.3);
	compare(log, "512 to a commit", "FULL", 512, 20, true, 2);
	compare(log, "not awaited", "NORMAL", 64, 160, false, 4);
	while (log_batches(log, 512, 4, false) > 0 && carry_next(log_carry(log)) < 700000)
		;
	if (log_commit(log, &err))
		die("commit");
	log_close(log);
	read_back();
	return figures_beyond() ? 1 : 0;
}
