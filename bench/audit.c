/* How fast the audit log is, beside SQLite, Redis and OpenSSL in the same run, on the same disk, with
 * values of the same size. Times are medians; rounds of all stores alternate, so that a slow moment
 * of the disk meets each of them. What a core does is measured in its own time.
 *
 *   awaited      n records, then one commit: all of them on disk
 *   not awaited  records handed to the system, never waited for
 *   verify       chain and tree: every record decoded, hashed, held against the one before
 *   recovery     a log whose open segment holds 64 MiB of records is opened after a crash
 *
 * A record is an intent or its outcome, as the gate asks for them, decoded and checked as the recorder
 * does it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/peers.h"
#include "capspec/digest.h"
#include "capspec/item.h"
#include "runtime/base/err.h"
#include "runtime/record/log.h"
#include "runtime/record/record_known.h"
#include "runtime/record/tree.h"
#include "runtime/record/verify.h"

enum { BATCHES = 3, ROUNDS_MOST = 200, MIB = 1 << 20, BODY = 1024, STORES = 5 };

static const unsigned batch[BATCHES] = { 1, 64, 512 };
static char folder[256];
static struct krux_err err;

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "bench/audit: %s: %s\n", what, err.text[0] ? err.text : strerror(errno));
	exit(1);
}

/* ---- records ---- */

/* The bodies of an intent and of its outcome; the outcome's `about` is set each time. */
static uint8_t intent[BODY];
static size_t nintent;

static size_t list_two(uint8_t *p, size_t cap, uint64_t a, uint64_t b)
{
	struct item_out o = { p, cap, 0 };

	item_head(&o, ITEM_LIST, 2);
	item_head(&o, ITEM_UINT, a);
	item_head(&o, ITEM_UINT, b);
	return o.n;
}

static void intent_make(void)
{
	static const uint8_t bundle[HASH_LEN] = { 1, 2, 3 }, nonce[16] = { 9 };
	struct record r = { 0 };
	uint8_t version[16], args[128], facts[128];
	struct item_out a = { args, sizeof args, 0 }, f = { facts, sizeof facts, 0 };

	item_head(&a, ITEM_MAP, 1);
	item_text(&a, "path");
	item_text(&a, "/workspace/notes/a-file-of-usual-length.txt");
	item_head(&f, ITEM_LIST, 1);
	item_head(&f, ITEM_LIST, 5);
	item_head(&f, ITEM_UINT, 4);
	item_text(&f, "team-moderate");
	item_text(&f, "read-workspace");
	item_head(&f, ITEM_UINT, 3600000000000);
	item_head(&f, ITEM_UINT, 7);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_INTENT);
	record_text(&r, AUDIT_AGENT, "builder");
	record_set(&r, AUDIT_AUTH, AUDIT_AUTH_CLAIMED);
	record_set(&r, AUDIT_UID, 1000);
	record_text(&r, AUDIT_WORKSPACE, "/srv/krux/workspaces/builder");
	record_bytes(&r, AUDIT_BUNDLE, bundle, sizeof bundle);
	record_text(&r, AUDIT_CAPABILITY, "filesystem.read");
	record_bytes(&r, AUDIT_VERSION, version, list_two(version, sizeof version, 1, 0));
	record_bytes(&r, AUDIT_ARGS, args, a.n);
	record_set(&r, AUDIT_VERDICT, 3);
	record_set(&r, AUDIT_WOULD, 3);
	record_text(&r, AUDIT_RULE, "team-moderate/read-workspace");
	record_text(&r, AUDIT_SOURCE, "team-moderate.yaml:12");
	record_bytes(&r, AUDIT_FACTS, facts, f.n);
	record_bytes(&r, AUDIT_NONCE, nonce, sizeof nonce);
	nintent = record_encode_body(&r, intent, sizeof intent);
}

static size_t outcome_make(uint64_t about, uint8_t out[static BODY])
{
	struct record r = { 0 };
	uint8_t usage[32], layers[64], result[96];
	struct item_out u = { usage, sizeof usage, 0 }, l = { layers, sizeof layers, 0 }, v = { result, sizeof result, 0 };

	item_head(&u, ITEM_LIST, 3);
	for (unsigned i = 0; i < 3; i++)
		item_head(&u, ITEM_UINT, 1234567 + i);
	item_head(&l, ITEM_LIST, 4);
	item_text(&l, "namespaces");
	item_text(&l, "landlock 2");
	item_text(&l, "seccomp");
	item_text(&l, "rlimits");
	item_head(&v, ITEM_MAP, 1);
	item_text(&v, "content");
	item_text(&v, "what stands in a file of usual length, some sixty bytes\n");
	record_set(&r, AUDIT_KIND, AUDIT_KIND_OUTCOME);
	record_set(&r, AUDIT_ABOUT, about);
	record_set(&r, AUDIT_END, 1);
	record_bytes(&r, AUDIT_RESULT, result, v.n);
	record_bytes(&r, AUDIT_LAYERS, layers, l.n);
	record_bytes(&r, AUDIT_USAGE, usage, u.n);
	return record_encode_body(&r, out, BODY);
}

/* ---- the log ---- */

struct ours {
	int dir, log, blobs;
	struct log *open;
	uint64_t about, records, bytes;
	bool end;                    /* the next one is an outcome */
};

static int folder_make(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (mkdir(path, 0700))
		fail(path);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct ours ours_make(const char *name)
{
	struct ours o = { .dir = folder_make(name) };

	if (mkdirat(o.dir, "log", 0700) || mkdirat(o.dir, "blobs", 0700))
		fail(name);
	o.log = openat(o.dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	o.blobs = openat(o.dir, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log_create(o.log, "krux/bench", "bench", &err) || !(o.open = log_open(o.log, o.blobs, NULL, &err)) ||
	    log_zeros_start(o.open, &err))
		fail(name);
	return o;
}

static void ours_close(struct ours *o)
{
	log_close(o->open);
	close(o->dir);
	close(o->log);
	close(o->blobs);
}

static void ours_add(struct ours *o, unsigned n)
{
	/* As the recorder keeps one. */
	static struct record_known known;

	for (; n; n--, o->end = !o->end) {
		uint8_t outcome[BODY];
		struct log_added added;
		const char *why = "";
		const uint8_t *p = o->end ? outcome : intent;
		size_t k = o->end ? outcome_make(o->about, outcome) : nintent;
		struct record r;

		if (!record_body_known(p, k, &known, &r, &why)) {
			err_set(&err, 0, "%s", why);
			fail("a body");
		}
		if (log_add_body(o->open, (struct krux_str){ (const char *)p, k }, &r, &added, &err) != LOG_OK)
			fail("append");
		o->about = added.seq;
		o->records++;
		o->bytes += added.bytes.n;
	}
}

/* ---- awaited ---- */

struct store {
	const char *name;
	struct peer peer;            /* put NULL: the log */
	bool there;
	double us[BATCHES];          /* of a commit, median */
};

static void commit(struct store *s, struct ours *o, const void *value, size_t size, unsigned n)
{
	if (s->peer.put) {
		s->peer.put(&s->peer, value, size, n);
		return;
	}
	ours_add(o, n);
	if (log_commit(o->open, &err) != LOG_OK)
		fail("commit");
}

static void awaited(struct store *store, struct ours *o, const void *value, size_t size)
{
	for (unsigned b = 0; b < BATCHES; b++) {
		unsigned rounds = batch[b] == 1 ? ROUNDS_MOST : ROUNDS_MOST / 2;
		struct times t[STORES] = { { 0 } };

		for (unsigned i = 0; i < rounds + 10; i++)
			for (unsigned s = 0; s < STORES; s++) {
				uint64_t from = now_ns();

				if (!store[s].there)
					continue;
				commit(&store[s], o, value, size, batch[b]);
				/* The first ones find files and caches cold. */
				if (i >= 10)
					times_add(&t[s], (double)(now_ns() - from) / 1000);
			}
		for (unsigned s = 0; s < STORES; s++) {
			store[s].us[b] = times_quantile(&t[s], 0.5);
			times_free(&t[s]);
		}
	}
}

static void awaited_print(const struct store *store)
{
	printf("\n%-28s %12s %12s %12s   us a commit, median\n", "records to a commit", "1", "64", "512");
	for (unsigned s = 0; s < STORES; s++) {
		printf("  %-26s", store[s].name);
		for (unsigned b = 0; store[s].there && b < BATCHES; b++)
			printf(" %12.1f", store[s].us[b]);
		puts(store[s].there ? "" : "  absent");
	}
}

/* ---- not awaited ---- */

/* Records a second, of rounds of 512; the peer's best batch is its largest. */
static double rate(struct store *s, struct ours *o, const void *value, size_t size, unsigned n, unsigned rounds)
{
	struct times t = { 0 };
	double p50;

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t from = now_ns();

		if (s) {
			s->peer.put(&s->peer, value, size, n);
		} else {
			ours_add(o, n);
			if (log_write(o->open, &err) != LOG_OK)
				fail("write");
		}
		times_add(&t, (double)(now_ns() - from));
	}
	p50 = times_quantile(&t, 0.5);
	times_free(&t);
	return (double)n / p50 * 1e9;
}

/* ---- hashes ---- */

static double hash_ns(const uint8_t *data, size_t size, size_t total)
{
	uint8_t out[KRUX_SHA256];
	uint64_t from = cpu_ns();

	for (size_t at = 0; at + size <= total; at += size)
		krux_sha256((struct krux_str){ (const char *)data + at, size }, out);
	return (double)(cpu_ns() - from);
}

/* MiB a second: leaves of `size` bytes, and the tree over them. */
static double tree_ns(const uint8_t *data, size_t size, size_t total)
{
	struct tree t = { 0 };
	uint8_t leaf[HASH_LEN];
	uint64_t from = cpu_ns();

	for (size_t at = 0; at + size <= total; at += size) {
		record_leaf(data + at, size, leaf);
		tree_add(&t, leaf);
	}
	return (double)(cpu_ns() - from);
}

static double best(double (*f)(const uint8_t *, size_t, size_t), const uint8_t *data, size_t size, size_t total)
{
	double least = 0;

	for (unsigned i = 0; i < 40; i++) {
		double ns = f(data, size, total);

		if (!i || ns < least)
			least = ns;
	}
	return (double)total / MIB / least * 1e9;
}

/* ---- verify and recovery ---- */

/* MiB a second of time as `clock` has it. */
static double verify_rate(struct ours *o, unsigned threads, uint64_t (*clock)(void))
{
	const struct verify_options options = { .threads = threads };
	struct verify_report report;
	double seconds = 0, bytes = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t from = clock();
		double s;

		if (verify_log(o->log, -1, &options, &report, &err))
			fail("verify");
		s = (double)(clock() - from) / 1e9;
		bytes = (double)report.bytes;
		if (report.faults) {
			fprintf(stderr, "bench/audit: verify finds: %s\n", report.finding[0].text);
			exit(1);
		}
		verify_free(&report);
		if (!i || s < seconds)
			seconds = s;
	}
	return bytes / MIB / seconds;
}

/* Milliseconds, and those of them that are a core's. */
static double recovery_ms(struct ours *o, double *core)
{
	uint64_t from, core_from;

	log_close(o->open);
	from = now_ns();
	core_from = cpu_ns();
	o->open = log_open(o->log, o->blobs, NULL, &err);
	if (!o->open)
		fail("recovery");
	*core = (double)(cpu_ns() - core_from) / 1e6;
	return (double)(now_ns() - from) / 1e6;
}

static void verify_print(struct ours *o, double bulk)
{
	double core = verify_rate(o, 1, cpu_ns), one = verify_rate(o, 1, now_ns), two = verify_rate(o, 2, now_ns);

	printf("\nverify a log of %llu records, %.0f MiB\n", (unsigned long long)o->records, (double)o->bytes / MIB);
	printf("  %.0f MiB for a second of a core; by the clock: one thread %.0f MiB/s, two %.0f\n", core, one, two);
	figure_least("verify, chain and tree, a core / OpenSSL bulk", core / bulk, "x", 0.6);
	figure_least("verify, two threads / one", two / one, "x", 1.5);
}

/* Segments of 64 MiB; the open one is nearly full. */
static void recovery_print(void)
{
	struct ours o = ours_make("recovery");
	double ms, core;

	while (o.bytes < 124u * MIB) {
		ours_add(&o, 512);
		if (log_commit(o.open, &err) != LOG_OK)
			fail("commit");
	}
	ms = recovery_ms(&o, &core);
	printf("\nrecovery of a log of %.0f MiB: %.0f ms of a core\n", (double)o.bytes / MIB, core);
	figure_print("open the log, its last segment nearly full", ms, "ms", 100);
	ours_close(&o);
}

/* ---- */

static void peers_open(struct store *store)
{
	static const struct peer *const peers[] = { &peer_sqlite_full, &peer_sqlite_normal, &peer_redis_always,
		&peer_redis_everysec };

	store[0] = (struct store){ .name = "Krux", .there = true };
	for (unsigned i = 0; i < sizeof peers / sizeof *peers; i++) {
		struct store *s = &store[i + 1];
		char why[128] = "";

		s->peer = *peers[i];
		s->name = s->peer.name;
		s->there = s->peer.open(&s->peer, folder, why);
		if (!s->there)
			printf("absent: %s: %s\n", s->name, why);
	}
}

static void bars_print(struct store *store, struct ours *o, const void *value, size_t size)
{
	puts("\nbars");
	if (store[1].there) {
		figure_print("one record to a commit, p50 / SQLite FULL", store[0].us[0] / store[1].us[0], "x", 1.1);
		figure_least("durable records a second, 64 a commit / SQLite FULL", store[1].us[1] / store[0].us[1], "x", 1.3);
		figure_least("durable records a second, 512 a commit / SQLite FULL", store[1].us[2] / store[0].us[2], "x", 2);
	}
	for (unsigned b = 0; store[2].there && b < BATCHES; b++) {
		double ours = rate(NULL, o, value, size, batch[b], 200), normal = rate(&store[2], o, value, size, batch[b], 200);
		char what[80];

		printf("  %u at a time, not awaited: %.0f records a second; SQLite NORMAL %.0f\n", batch[b], ours, normal);
		snprintf(what, sizeof what, "records a second, not awaited, %u at a time / SQLite NORMAL", batch[b]);
		figure_least(what, ours / normal, "x", 4);
	}
	if (store[3].there)
		printf("  64 to a commit at the recorder / Redis always, 64 pipelined: %.2f x (the bar is on agents' sockets)\n",
		       store[3].us[1] / store[0].us[1]);
}

static double hashes_print(size_t size)
{
	const size_t total = 2u * MIB;
	uint8_t *data = malloc(total);
	double ours, bulk, tree;

	if (!data)
		abort();
	memset(data, 'x', total);
	bulk = best(openssl_sha256_ns, data, 16384, total);
	ours = best(hash_ns, data, 16384, total);
	tree = best(tree_ns, data, size, total);
	printf("SHA-256 by %s, MiB/s: %.0f bulk; leaves of %zu bytes and their tree: %.0f; OpenSSL bulk: ",
	       krux_sha256_engine(), ours, size, tree);
	printf(bulk > 0 ? "%.0f\n" : "absent\n", bulk);
	free(data);
	return bulk;
}

int main(void)
{
	const char *build = getenv("BUILD");
	const char *remove[] = { "rm", "-rf", folder, NULL };
	struct store store[STORES];
	struct ours o;
	uint8_t value[BODY];
	size_t size;
	double bulk;

	snprintf(folder, sizeof folder, "%s/bench-audit-XXXXXX", build ? build : "build");
	if (!mkdtemp(folder))
		fail(folder);
	intent_make();
	o = ours_make("krux");
	ours_add(&o, 1024);
	size = o.bytes / o.records;
	memset(value, 'v', sizeof value);
	bulk = hashes_print(size);
	peers_open(store);
	printf("records and values of %zu bytes\n", size);
	awaited(store, &o, value, size);
	awaited_print(store);
	bars_print(store, &o, value, size);
	while (o.bytes < 96u * MIB)
		ours_add(&o, 512);
	if (log_commit(o.open, &err) != LOG_OK)
		fail("commit");
	if (bulk > 0)
		verify_print(&o, bulk);
	ours_close(&o);
	for (unsigned i = 1; i < STORES; i++)
		if (store[i].there)
			store[i].peer.close(&store[i].peer);
	recovery_print();
	printf("%u figures beyond their bars\n", figures_beyond());
	run_program(remove, NULL);
	return 0;
}
