/* The referee: generated builds and requests, four roads, no difference allowed.
 *
 *   oracle [--evaluations N] [--policies N] [--seconds S] [--seed N] [--jobs N] [--requests N]
 *          [--first] [--no-c] [--no-coverage] [--show SEED]
 *
 * Stops when both numbers are reached, or the time is up; with --first at a failure. --no-c leaves
 * decide.c out. Prints what it did, each difference shrunk, and last "N passed, N failed". */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/oracle/roads.h"

static struct {
	uint64_t evaluations, policies, seconds, seed, jobs, requests, show;
	bool no_coverage, no_c, first, showing;
} options = { .evaluations = 1000000, .policies = 2000, .seed = 1, .jobs = 2, .requests = 5000 };

struct shared {
	struct totals total[16];
	uint64_t next;                   /* seed to be taken */
	uint64_t at[16];                 /* seed that a worker is busy with */
	uint64_t failures;
};
static struct shared *shared;

static double now(void)
{
	return (double)now_ms() / 1000;
}

static void report(struct world *w, struct g_build *g, size_t cap, const struct g_request *rq, struct buf *say)
{
	struct buf b = { 0 };

	request_print(&b, w, cap, rq);
	printf("DIFFERENCE seed %llu\n%.*s%.*s\n", (unsigned long long)g->seed, (int)b.n, b.p, (int)say->n, say->p);
	fflush(stdout);
	buf_free(&b);
	size_t known = w->known[cap];
	bool with_c = w->abi != NULL;
	world_free(w);
	*w = (struct world){ 0 };
	if (__sync_add_and_fetch(&shared->failures, 1) <= 6 && !options.first)
		shrink(g, known, rq, with_c);
}

static void build_run(uint64_t seed)
{
	struct arena *a = arena_new(), *each;
	struct g_build g;
	struct world w = { 0 };
	struct buf say = { 0 };
	bool failed = false;
	uint64_t start = now_ms();

	g_build_make(&g, a, seed);
	if (g.policy && world_make(&w, a, &g, !options.no_c, seed % 32 == 0)) {
		totals->builds++;
		for (size_t i = 0; i < w.o.npolicies; i++, totals->policies++)
			totals->rules += w.o.policy[i].nrules;
		for (uint64_t i = 0; i < options.requests && !failed; i++) {
			size_t cap = (size_t)(i % w.p->caps.n);
			struct g_request rq;
			each = arena_new();
			g_request_make(each, &g.rng, &w.o, w.known[cap], &w.hints[w.known[cap]], &rq);
			failed = world_differs(&w, each, cap, &rq, &say);
			if (failed) {
				totals->disagreements++;
				report(&w, &g, cap, &rq, &say);
			}
			arena_free(each);
		}
	}
	world_free(&w);
	buf_free(&say);
	arena_free(a);
	totals->ms_all += now_ms() - start;
}

static void sum(uint64_t *evaluations, uint64_t *policies)
{
	*evaluations = *policies = 0;
	for (uint64_t i = 0; i < options.jobs; i++) {
		*evaluations += shared->total[i].evaluations;
		*policies += shared->total[i].policies;
	}
}

static void work(uint64_t me, double until)
{
	totals = &shared->total[me];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		uint64_t e, p;
		sum(&e, &p);
		if (until > 0 ? now() >= until : e >= options.evaluations && p >= options.policies)
			return;
		if (shared->failures >= (options.first ? 1 : 12))
			return;
		shared->at[me] = __sync_fetch_and_add(&shared->next, 1);
		build_run(shared->at[me]);
		if (totals->refused)
			__sync_add_and_fetch(&shared->failures, 1);
	}
}

static uint64_t workers(double until)
{
	uint64_t died = 0;
	pid_t pid[16];

	fflush(stdout);
	for (uint64_t i = 0; i < options.jobs; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			work(i, until);
			fflush(stdout);
			_exit(0);
		}
	}
	for (uint64_t i = 0; i < options.jobs; i++) {
		int status;
		if (waitpid(pid[i], &status, 0) == pid[i] && (!WIFEXITED(status) || WEXITSTATUS(status))) {
			printf("CRASH seed %llu (status %d)\n", (unsigned long long)shared->at[i], status);
			died++;
		}
	}
	return died;
}

/* What LANG.md 5 lets each operator take: 's' of sizes, 'l' elements of lists by `contains`. */
static const struct { enum o_op op; const char *kinds; } takes[] = {
	{ W_EQ, "bool int uint decimal string bytes enum path url host ip cidr port datetime duration size digest secret agent weekday count" },
	{ W_NE, "bool int uint decimal string bytes enum path url host ip cidr port datetime duration size digest secret agent weekday count" },
	{ W_LT, "int uint decimal port datetime duration size time count" },
	{ W_LE, "int uint decimal port datetime duration size time count" },
	{ W_GT, "int uint decimal port datetime duration size time count" },
	{ W_GE, "int uint decimal port datetime duration size time count" },
	{ W_IN, "bool int uint decimal string enum path url host ip cidr port datetime duration size digest secret agent weekday time count" },
	{ W_UNDER, "path host" }, { W_MATCHES, "path agent" }, { W_LIKE, "string path host secret agent" },
	{ W_STARTS, "string path host secret agent" }, { W_ENDS, "string path host secret agent" },
	{ W_CONTAINS, "string path host secret agent" },
};
static const char sized[] = "string bytes path list map";
static const char listed[] = "bool int uint decimal string enum path host ip cidr port datetime duration size digest secret";

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
	return false;
}

static uint64_t missing(const char *how, enum o_op op, enum o_kind kind, const uint64_t hit[2])
{
	if ((!hit[0] || !hit[1]) && !options.no_coverage)
		printf("%s of %s%s has never been %s\n", o_op_word[op], how, o_kind_word[kind], hit[1] ? "false" : hit[0] ? "true" : "asked");
	return !hit[0] || !hit[1];
}

static uint64_t coverage(const struct o_seen *s, uint64_t *pairs)
{
	uint64_t bad = 0;

	for (size_t i = 0; i < sizeof takes / sizeof *takes; i++)
		for (int k = 0; k < OK_COUNT; k++) {
			enum o_op op = takes[i].op;
			uint64_t hit[2] = { s->hit[op][k][SEEN_PLAIN][0] + s->hit[op][k][SEEN_IT][0],
			                    s->hit[op][k][SEEN_PLAIN][1] + s->hit[op][k][SEEN_IT][1] };
			if (has_word(takes[i].kinds, o_kind_word[k])) {
				++*pairs;
				bad += missing("", op, (enum o_kind)k, hit);
			}
			if (op <= W_IN && has_word(sized, o_kind_word[k])) {
				++*pairs;
				bad += missing("size of ", op, (enum o_kind)k, s->hit[op][k][SEEN_SIZE]);
			}
			if (op == W_CONTAINS && has_word(listed, o_kind_word[k])) {
				++*pairs;
				bad += missing("a list of ", op, (enum o_kind)k, s->hit[op][k][SEEN_LIST]);
			}
		}
	if (!s->has[0] || !s->has[1] || !s->label[0] || !s->label[1] || !s->any[0] || !s->any[1] || !s->all[0] || !s->all[1]) {
		printf("has, workspace has, any or all have not had both outcomes\n");
		bad++;
	}
	*pairs += 4;
	return bad;
}

static void add(struct totals *t)
{
	uint64_t *to = (uint64_t *)(void *)t;

	for (uint64_t i = 0; i < options.jobs; i++) {
		const uint64_t *from = (const uint64_t *)(const void *)&shared->total[i];
		for (size_t k = 0; k < sizeof *t / sizeof *to; k++)
			to[k] += from[k];
	}
}

static void arguments(int argc, char **argv)
{
	static const struct { const char *name; bool *to; } flags[] = {
		{ "--no-coverage", &options.no_coverage }, { "--no-c", &options.no_c }, { "--first", &options.first },
	};
	static const struct { const char *name; uint64_t *to; } numbers[] = {
		{ "--evaluations", &options.evaluations }, { "--policies", &options.policies }, { "--seconds", &options.seconds },
		{ "--seed", &options.seed }, { "--jobs", &options.jobs }, { "--requests", &options.requests }, { "--show", &options.show },
	};

	for (int i = 1; i < argc; i++) {
		bool known = false;
		for (size_t k = 0; k < sizeof flags / sizeof *flags && !known; k++)
			if (!strcmp(argv[i], flags[k].name))
				*flags[k].to = known = true;
		for (size_t k = 0; k < sizeof numbers / sizeof *numbers && i + 1 < argc && !known; k++)
			if (!strcmp(argv[i], numbers[k].name)) {
				*numbers[k].to = strtoull(argv[++i], NULL, 0);
				options.showing |= numbers[k].to == &options.show;
				known = true;
			}
		if (!known) {
			fprintf(stderr, "oracle: unknown option %s\n", argv[i]);
			exit(2);
		}
	}
	if (options.jobs < 1 || options.jobs > 16)
		options.jobs = 1;
}

static int show(void)
{
	struct arena *a = arena_new();
	struct g_build g;

	g_build_make(&g, a, options.show);
	printf("%.*s\n", (int)g.caps.n, g.caps.p);
	for (size_t i = 0; i < g.npolicies; i++) {
		g_policy_text(a, &g.policy[i]);
		printf("# %s\n%.*s\n", g.policy[i].name, (int)g.policy[i].text.n, g.policy[i].text.p);
	}
	arena_free(a);
	return 0;
}

int main(int argc, char **argv)
{
	static struct totals t;
	uint64_t bad, pairs = 0, unseen;
	double start = now();

	arguments(argc, argv);
	if (options.showing)
		return show();
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 3;
	shared->next = options.seed;
	bad = workers(options.seconds ? start + (double)options.seconds : 0);
	add(&t);
	printf("referee: %llu evaluations of %llu policies in %llu builds, %llu rules, seeds %llu..%llu, %.0f s\n",
	       (unsigned long long)t.evaluations, (unsigned long long)t.policies, (unsigned long long)t.builds,
	       (unsigned long long)t.rules, (unsigned long long)options.seed, (unsigned long long)shared->next - 1, now() - start);
	printf("  %llu by table (%llu rows, %llu too large for words, %llu evaluations not decided by it), %llu citations\n",
	       (unsigned long long)t.by_table, (unsigned long long)t.rows, (unsigned long long)t.described,
	       (unsigned long long)t.undecided, (unsigned long long)t.cites);
	printf("  %llu calls within %llu plans\n", (unsigned long long)t.by_plan, (unsigned long long)t.plans);
	printf("  %llu spoiled requests decoded or refused alike\n", (unsigned long long)t.spoiled);
	printf("  %llu paths below a tree, %llu of them longer than its field, never looser than the tree\n",
	       (unsigned long long)t.below, (unsigned long long)t.longer);
	printf("  %llu requests refused by all alike, %llu rules refused, %llu builds beyond the limits, %llu trees too large\n",
	       (unsigned long long)t.invalid, (unsigned long long)t.dropped, (unsigned long long)t.overflows,
	       (unsigned long long)t.skipped);
	printf("  time: %.0f s of work, of which %.0f in the compiler, %.0f in tables, %.0f in plans, %.0f in cc\n", (double)t.ms_all / 1000,
	       (double)t.ms_decide / 1000, (double)t.ms_table / 1000, (double)t.ms_plan / 1000, (double)t.ms_cc / 1000);
	printf("  rules refused for:");
	for (unsigned i = 0; i < 10000; i++)
		if (t.code[i])
			printf(" K%04u %llu", i, (unsigned long long)t.code[i]);
	printf("\n");
	unseen = coverage(&t.seen, &pairs);
	printf("  both outcomes of %llu of %llu pairs of operator and type\n", (unsigned long long)(pairs - unseen), (unsigned long long)pairs);
	bad += t.disagreements + t.refused;
	if (!options.no_coverage)
		bad += unseen;
	else
		pairs = 0;
	printf("%llu passed, %llu failed\n", (unsigned long long)(t.builds + pairs - unseen * !options.no_coverage - t.disagreements),
	       (unsigned long long)bad);
	return bad != 0;
}
