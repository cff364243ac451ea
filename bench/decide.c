/* How fast a compiled policy decides, and how fast it is compiled. One row a size and workload;
 * every figure stands beside its bar.
 *
 *   A  ten rules a capability: one forbids a secret folder, one sizes over 1 MiB, eight permit
 *      (capability, a folder of its own, size at most L, calls so far below Q); half of the
 *      requests are allowed; random capabilities, paths of 40 bytes. By hand: a switch over the
 *      hash of the capability's name, then prefixes, without the system layer.
 *   B  all rules on one capability: a fifth unanchored globs that forbid, then folders that permit.
 *      (Forbidding globs between permitting folders would make the answer depend on which of
 *      the globs stand before a folder: as many different automata as there are globs.)
 *
 * Programs are compiled by $BUILD/kruxc and loaded from its bundle; the system layer is in force. */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/measure.h"
#include "bench/workload.h"
#include "capspec/bundle.h"
#include "capspec/krux_abi.h"
#include "runtime/base/err.h"
#include "runtime/bundle/map.h"

enum { BATCH = 64, ROUNDS = 200, SIZES = 4, ARGS = 256 };

static const uint32_t size[SIZES] = { 10, 100, 1000, 10000 };
static char folder[] = "/tmp/krux-bench-XXXXXX";
static char kruxc[4096];

struct policy {
	struct map map;
	const struct krux_abi *abi;
	double build_seconds, build_mib, bundle_mib, object_mib, table_seconds, table_cpu, table_mib, build_cpu;
};

struct result {
	double p50, p99, hand50, hand99, scan50, whole50, whole99;
};

static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "bench/decide: %s: %s\n", what, detail);
	exit(1);
}

/* ---- files and programs ---- */

static char *path_of(const char *format, char kind, uint32_t rules)
{
	static char path[8][512];
	static unsigned turn;
	char *p = path[turn++ % 8], name[64];

	snprintf(name, sizeof name, "%c%" PRIu32, kind, rules);
	snprintf(p, sizeof path[0], "%s/%s%s", folder, name, format);
	return p;
}

static void file_put(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f))
		fail("cannot write", path);
}

static char *file_get(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	char *p;

	if (!f || fstat(fileno(f), &st) || !(p = malloc((size_t)st.st_size + 1)) ||
	    fread(p, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		fail("cannot read", path);
	fclose(f);
	*n = (size_t)st.st_size;
	return p;
}

static void sources_write(const struct workload *w, bool changed, const char *dir)
{
	struct buf caps = { 0 }, policy = { 0 };
	char path[1024];

	if (mkdir(dir, 0777))
		fail("cannot make", dir);
	workload_caps(w, &caps);
	workload_policy(w, changed, &policy);
	snprintf(path, sizeof path, "%s/bench.cap", dir);
	file_put(path, &caps);
	snprintf(path, sizeof path, "%s/bench.yaml", dir);
	file_put(path, &policy);
	buf_free(&caps);
	buf_free(&policy);
}

static void object_load(struct policy *p, const char *path)
{
	struct krux_pool *pool = krux_pool_new(0);
	struct krux_refusal why = { { 0 }, { 0 } };
	struct krux_err err = { 0 };
	struct krux_bundle bundle;
	struct elf_image image;
	size_t n;
	char *bytes = file_get(path, &n);
	int fd;

	if (!krux_bundle_open(pool, (struct krux_str){ bytes, n }, NULL, 0, true, &bundle, &why))
		fail("the bundle does not open", why.why);
	p->bundle_mib = (double)n / (1 << 20);
	p->object_mib = (double)bundle.object.n / (1 << 20);
	if (elf_check((const uint8_t *)bundle.object.p, bundle.object.n, &image, &err) ||
	    (fd = map_seal((const uint8_t *)bundle.object.p, bundle.object.n, &err)) < 0 ||
	    map_image(fd, &image, &p->map, &err))
		fail("the policy does not load", err.text);
	close(fd);
	p->abi = p->map.abi;
	free(bytes);
	krux_pool_free(pool);
}

static void policy_build(struct policy *p, const struct workload *w)
{
	char *dir = path_of("", w->kind, w->rules), *out = path_of(".out", w->kind, w->rules), bundle[600];
	const char *table[] = { kruxc, "table", dir, NULL }, *build[] = { kruxc, "build", dir, "-o", out, NULL };
	struct ran r;

	sources_write(w, false, dir);
	r = run_program(table, NULL);
	if (!r.ok || r.code)
		fail("kruxc table fails on", dir);
	p->table_seconds = r.seconds;
	p->table_mib = r.mib;
	p->table_cpu = r.cpu;
	r = run_program(build, NULL);
	if (!r.ok || r.code)
		fail("kruxc build fails on", dir);
	p->build_seconds = r.seconds;
	p->build_mib = r.mib;
	p->build_cpu = r.cpu;
	snprintf(bundle, sizeof bundle, "%s/bundle.krux", out);
	object_load(p, bundle);
}

static hand_fn *hand_build(const struct workload *w)
{
	char *source = path_of(".c", w->kind, w->rules), *object = path_of(".so", w->kind, w->rules);
	const char *argv[] = { "cc", "-O2", "-shared", "-fPIC", "-o", object, source, NULL };
	struct buf b = { 0 };
	struct ran r;
	void *so, *symbol;
	hand_fn *fn;

	workload_hand(w, &b);
	file_put(source, &b);
	buf_free(&b);
	r = run_program(argv, NULL);
	so = r.ok && !r.code ? dlopen(object, RTLD_NOW) : NULL;
	symbol = so ? dlsym(so, "hand") : NULL;
	if (!symbol)
		fail("the switch by hand does not compile", source);
	memcpy(&fn, &symbol, sizeof fn);
	return fn;
}

/* ---- requests ---- */

/* What the callback answers: ctx is the request's count. */
static bool count(void *ctx, uint32_t id, uint64_t *answer)
{
	(void)id;
	*answer = *(const uint64_t *)ctx;
	return true;
}

struct prepared {
	uint32_t *order;             /* of requests, shuffled for each round */
	uint8_t (*args)[ARGS];
	uint32_t *nargs;
	uint8_t *scratch;
	size_t stride;
};

static void head_put(uint8_t **p, uint8_t major, uint64_t v)
{
	*(*p)++ = (uint8_t)(major << 5 | (v < 24 ? v : v < 256 ? 24 : v < 65536 ? 25 : 26));
	for (int shift = v < 24 ? -8 : v < 256 ? 0 : v < 65536 ? 8 : 24; shift >= 0; shift -= 8)
		*(*p)++ = (uint8_t)(v >> shift);
}

static void text_put(uint8_t **p, const char *s, size_t n)
{
	head_put(p, 3, n);
	memcpy(*p, s, n);
	*p += n;
}

/* Canonical arguments of exactly 256 bytes, by the length of `content`. */
static uint32_t args_make(uint8_t out[static ARGS], const struct request *r)
{
	char content[ARGS];
	uint8_t *p = out;
	size_t left;

	head_put(&p, 5, 3);
	text_put(&p, "path", 4);
	text_put(&p, r->path, PATH_LENGTH);
	text_put(&p, "size", 4);
	head_put(&p, 0, r->size);
	text_put(&p, "content", 7);
	left = ARGS - (size_t)(p - out) - 2;
	memset(content, 'x', left);
	text_put(&p, content, left);
	return (uint32_t)(p - out);
}

static void requests_prepare(struct prepared *q, const struct workload *w, const struct krux_abi *abi)
{
	struct krux_decode_error err = { 0 };

	q->stride = ((size_t)abi->scratch + 15) & ~(size_t)15;
	q->scratch = aligned_alloc(16, q->stride * REQUESTS);
	q->args = calloc(REQUESTS, sizeof *q->args);
	q->nargs = calloc(REQUESTS, sizeof *q->nargs);
	if (!q->scratch || !q->args || !q->nargs)
		fail("out of memory", "requests");
	for (uint32_t i = 0; i < REQUESTS; i++) {
		const struct request *r = &w->request[i];
		int cap = abi->find(r->cap, r->ncap);
		struct krux_answer a;
		uint64_t calls = r->calls;

		q->nargs[i] = args_make(q->args[i], r);
		if (cap < 0 || !abi->decode((uint32_t)cap, q->args[i], q->nargs[i], q->scratch + q->stride * i, &err))
			fail("a request does not decode", cap < 0 ? r->cap : err.why);
		a = abi->decide((uint32_t)cap, "agent", 5, q->scratch + q->stride * i, count, &calls);
		if ((a.verdict != KRUX_BLOCKED) != r->allowed)
			fail("a request is not decided as it was made", r->path);
	}
}

static void requests_free(struct prepared *q)
{
	free(q->scratch);
	free(q->args);
	free(q->nargs);
}

/* ---- measuring ---- */

typedef int road_fn(const void *what, const struct workload *w, const struct prepared *q, uint32_t i);

static int road_decide(const void *what, const struct workload *w, const struct prepared *q, uint32_t i)
{
	const struct krux_abi *abi = what;
	const struct request *r = &w->request[i];
	uint64_t calls = r->calls;

	return abi->decide((uint32_t)abi->find(r->cap, r->ncap), "agent", 5, q->scratch + q->stride * i, count,
	                   &calls).verdict;
}

/* From the name and the bytes of the arguments. */
static int road_whole(const void *what, const struct workload *w, const struct prepared *q, uint32_t i)
{
	const struct krux_abi *abi = what;
	const struct request *r = &w->request[i];
	_Alignas(16) uint8_t scratch[4096];
	struct krux_decode_error err;
	uint64_t calls = r->calls;
	uint32_t cap = (uint32_t)abi->find(r->cap, r->ncap);

	if (!abi->decode(cap, q->args[i], q->nargs[i], scratch, &err))
		return 0;
	return abi->decide(cap, "agent", 5, scratch, count, &calls).verdict;
}

static int road_hand(const void *what, const struct workload *w, const struct prepared *q, uint32_t i)
{
	hand_fn *const *hand = what;
	const struct request *r = &w->request[i];
	uint64_t calls = r->calls;

	(void)q;
	return (*hand)(r->cap, r->ncap, r->path, PATH_LENGTH, r->size, count, &calls);
}

static int road_scan(const void *what, const struct workload *w, const struct prepared *q, uint32_t i)
{
	const struct request *r = &w->request[i];
	uint64_t calls = r->calls;

	(void)what, (void)q;
	return workload_scan(w, r, count, &calls);
}

/* Batches of requests in an order that no branch predictor knows. */
static void road_time(road_fn *road, const void *what, const struct workload *w, const struct prepared *q,
                      uint32_t rounds, double *p50, double *p99)
{
	static uint32_t order[REQUESTS];
	struct times t = { 0 };
	uint64_t seed = 0x9E3779B97F4A7C15u;
	volatile int sink = 0;
	int sum = 0;

	for (uint32_t i = 0; i < REQUESTS; i++)
		order[i] = i;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = REQUESTS; i > 1; i--) {
			uint32_t k, x;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			k = (uint32_t)((seed >> 33) % i);
			x = order[i - 1];
			order[i - 1] = order[k];
			order[k] = x;
		}
		for (uint32_t i = 0; i < REQUESTS; i += BATCH) {
			uint64_t from = now_ns();

			for (uint32_t k = i; k < i + BATCH; k++)
				sum += road(what, w, q, order[k]);
			if (round)           /* the first warms up */
				times_add(&t, (double)(now_ns() - from) / BATCH);
		}
	}
	sink = sum;
	(void)sink;
	*p50 = times_quantile(&t, 0.5);
	*p99 = times_quantile(&t, 0.99);
	times_free(&t);
}

static void hand_measure(struct result *r, const struct workload *w, const struct prepared *q)
{
	hand_fn *hand = hand_build(w);
	double ignored;

	for (uint32_t i = 0; i < REQUESTS; i++)
		if ((road_hand(&hand, w, q, i) != 0) != w->request[i].allowed ||
		    (i < 256 && (road_scan(NULL, w, q, i) != 0) != w->request[i].allowed))
			fail("decided otherwise by hand", w->request[i].path);
	road_time(road_hand, &hand, w, q, ROUNDS, &r->hand50, &r->hand99);
	road_time(road_scan, NULL, w, q, w->rules > 1000 ? 3 : 10, &r->scan50, &ignored);
}

static void row_print(const struct workload *w, const struct policy *p, const struct result *r)
{
	printf("%c %6" PRIu32 " | decide %6.1f %6.1f | whole %6.1f %6.1f | hand %6.1f %6.1f | scan %9.1f | "
	       "table %6.2f s (%5.2f cpu) %5.0f MiB | build %6.2f s (%5.2f cpu) %5.0f MiB | bundle %5.2f MiB, code %5.2f MiB\n",
	       w->kind, w->rules, r->p50, r->p99, r->whole50, r->whole99, r->hand50, r->hand99, r->scan50,
	       p->table_seconds, p->table_cpu, p->table_mib, p->build_seconds, p->build_cpu, p->build_mib, p->bundle_mib, p->object_mib);
	fflush(stdout);
}

static void measure(char kind, uint32_t rules, struct policy *p, struct result *r)
{
	struct workload *w = workload_new(kind, rules);
	struct prepared q = { 0 };

	policy_build(p, w);
	requests_prepare(&q, w, p->abi);
	road_time(road_decide, p->abi, w, &q, ROUNDS, &r->p50, &r->p99);
	road_time(road_whole, p->abi, w, &q, ROUNDS, &r->whole50, &r->whole99);
	if (kind == 'A')
		hand_measure(r, w, &q);
	row_print(w, p, r);
	requests_free(&q);
	workload_free(w);
	map_free(&p->map);
}

/* Processes that run or wait to run, over the last minute: figures of a busy machine say little. */
static double load(void)
{
	double one = 0;

	return getloadavg(&one, 1) == 1 ? one : 0;
}

/* ---- differences ---- */

static double diff_seconds(char kind, uint32_t rules, double *cpu)
{
	struct workload *w = workload_new(kind, rules);
	char *old = path_of("", kind, rules), *changed = path_of(".changed", kind, rules),
	     *output = path_of(".diff", kind, rules);
	const char *argv[] = { kruxc, "diff", old, changed, NULL };
	struct ran r;

	sources_write(w, true, changed);
	r = run_program(argv, output);
	if (!r.ok || r.code != 1)
		fail("kruxc diff finds no difference, or fails, on", changed);
	workload_free(w);
	*cpu = r.cpu;
	return r.seconds;
}

static void bars_print(const struct policy *a, const struct result *ra, const struct policy *b, const struct result *rb)
{
	const int last = SIZES - 1;
	double cpu[2];

	printf("\nat 10,000 rules\n");
	figure_print("A: decide p50 / switch by hand p50", ra[last].p50 / ra[last].hand50, "x", 1.5);
	figure_print("A: decide p50 / the same at 100 rules", ra[last].p50 / ra[1].p50, "x", 2.5);
	figure_print("B: decide p50", rb[last].p50, "ns", 300);
	figure_print("B: decide p50 / the same at 100 rules", rb[last].p50 / rb[1].p50, "x", 4);
	figure_print("A: decode, validate and decide 256 bytes, p50", ra[last].whole50, "ns", 1000);
	figure_print("B: decode, validate and decide 256 bytes, p50", rb[last].whole50, "ns", 1000);
	figure_print("A: kruxc, text to diagram and table", a[last].table_seconds, "s", 1);
	figure_print("B: kruxc, text to diagram and table", b[last].table_seconds, "s", 1);
	figure_print("A: kruxc, whole build with cc", a[last].build_seconds, "s", 15);
	figure_print("B: kruxc, whole build with cc", b[last].build_seconds, "s", 15);
	figure_print("A: its peak memory", a[last].build_mib, "MiB", 1024);
	figure_print("B: its peak memory", b[last].build_mib, "MiB", 1024);
	figure_print("A: bundle", a[last].bundle_mib, "MiB", 8);
	figure_print("B: bundle", b[last].bundle_mib, "MiB", 8);
	figure_print("A: kruxc diff, 10 rules changed", diff_seconds('A', size[last], &cpu[0]), "s", 1);
	figure_print("B: kruxc diff, 10 rules changed", diff_seconds('B', size[last], &cpu[1]), "s", 1);
	printf("  seconds are of the clock; of the processor diff took %.2f and %.2f; %.1f processes ran or waited to run\n",
	       cpu[0], cpu[1], load());
}

int main(void)
{
	static struct policy a[SIZES], b[SIZES];
	static struct result ra[SIZES], rb[SIZES];
	const char *remove[] = { "rm", "-rf", folder, NULL };
	const char *build = getenv("BUILD");

	snprintf(kruxc, sizeof kruxc, "%s/kruxc", build ? build : "build");
	if (!mkdtemp(folder))
		fail("cannot make", folder);
	printf("ns a call, p50 and p99 over batches of %d, %d requests in random order; whole: decode, validate, decide\n",
	       BATCH, REQUESTS);
	for (int i = 0; i < SIZES; i++)
		measure('A', size[i], &a[i], &ra[i]);
	for (int i = 0; i < SIZES; i++)
		measure('B', size[i], &b[i], &rb[i]);
	bars_print(a, ra, b, rb);
	printf("%u of 16 figures beyond their bars\n", figures_beyond());
	run_program(remove, NULL);
	return 0;
}
