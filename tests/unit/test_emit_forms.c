/* Both forms of decide.c, functions and tables, side by side: they decide and cite alike. */
#include "tests/unit/compiled.h"
#include "tests/unit/demo.h"
#include "tests/unit/requests.h"

#include <check.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/krux_abi.h"

enum { ROUNDS = 4000, MOST_FACTS = 64, MOST_CITES = 8 };

/* A pattern of folders and cuts as the tables are for: conjunctions of numbers behind folders, two of which
 * end alike, and facts that a call may not know. */
static const char folders[] =
	"krux: policy/1\nname: folders\nlayer: organization\nrules:\n"
	"  - id: inside\n    on: demo.read@1.0\n    when: path under \"/workspace/a/secret\"\n    verdict: blocked\n"
	"  - id: small\n    on: demo.read@1.0\n    when: path under \"/workspace/a\" and size <= 700 and "
	"workspace.calls(demo.read) < 9\n    verdict: autonomous\n"
	"  - id: large\n    on: demo.read@1.0\n    when: path under \"/workspace/b\" and size > 700 and "
	"workspace.calls(demo.read) >= 9 and size < 9000\n    verdict: autonomous\n"
	"  - id: seen\n    on: demo.read@1.0\n    when: path under \"/workspace/c\" and size <= 700 and "
	"workspace.calls(demo.read) < 9\n    verdict: notify\n    mode: observe\n"
	"  - id: not-there\n    on: demo.read@1.0\n    when: not path under \"/workspace\"\n    verdict: notify\n"
	"  - id: often\n    on: demo.read@1.1\n    when: path under \"/workspace/a\" and has_note > 3\n    verdict: autonomous\n"
	"    rate: { max: 5, per: 1h, exceeded: notify }\n    budget: { sum: has_note, max: 40, per: 1d, exceeded: blocked }\n"
	"  - id: agents\n    on: demo.none\n    agent: [ \"c*\" ]\n    verdict: notify\n"
	"default: approval-required\n";

struct facts {
	uint64_t value[MOST_FACTS];
	uint64_t unknown;                    /* by bits */
	const uint32_t *index;               /* of the form's facts, here; NULL: the same */
};

static bool fact_of(void *ctx, uint32_t id, uint64_t *answer)
{
	const struct facts *f = ctx;

	ck_assert_uint_lt(id, MOST_FACTS);
	id = f->index ? f->index[id] : id;
	*answer = f->value[id];
	return !(f->unknown >> id & 1);
}

static void facts_make(struct facts *f, const struct krux_abi *abi, struct requests *r)
{
	static const uint32_t below[] = { 86400, 7, 2, 12, 12, 60 };

	f->unknown = abi->nfacts && !requests_below(r, 3) ? (uint64_t)1 << requests_below(r, abi->nfacts) : 0;
	for (uint32_t i = 0; i < abi->nfacts; i++)
		f->value[i] = requests_below(r, below[abi->facts[i].kind]);
}

/* ---- what both say ---- */

static void approvals_same(const struct krux_obligation *a, const struct krux_obligation *b)
{
	ck_assert_uint_eq(a->napprovals, b->napprovals);
	for (uint32_t i = 0; i < a->napprovals; i++) {
		ck_assert_uint_eq(a->approval[i].quorum, b->approval[i].quorum);
		ck_assert_uint_eq(a->approval[i].nfrom, b->approval[i].nfrom);
		for (uint32_t k = 0; k < a->approval[i].nfrom; k++)
			ck_assert_str_eq(a->approval[i].from[k], b->approval[i].from[k]);
	}
}

static void answers_same(const struct krux_abi *a, struct krux_answer x, const struct krux_abi *b, struct krux_answer y,
                         const uint32_t *index)
{
	const struct krux_obligation *p = &a->obligations[x.obligation], *q = &b->obligations[y.obligation];

	ck_assert_uint_eq(x.verdict, y.verdict);
	ck_assert_uint_eq(x.would, y.would);
	ck_assert_uint_eq(x.failed, y.failed);
	ck_assert_uint_eq(p->ttl, q->ttl);
	ck_assert_uint_eq(p->notify, q->notify);
	approvals_same(p, q);
	ck_assert_uint_eq(p->ncounters, q->ncounters);
	for (uint32_t i = 0; i < p->ncounters; i++)
		ck_assert_uint_eq(p->counter[i], index[q->counter[i]]);
}

static void cites_same(const struct krux_cite *a, const struct krux_cite *b, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < MOST_CITES; i++) {
		ck_assert_str_eq(a[i].policy, b[i].policy);
		ck_assert_str_eq(a[i].rule, b[i].rule);
		ck_assert_str_eq(a[i].file, b[i].file);
		ck_assert_str_eq(a[i].reason, b[i].reason);
		ck_assert_uint_eq(a[i].line, b[i].line);
		ck_assert_uint_eq(a[i].layer, b[i].layer);
		ck_assert_uint_eq(a[i].verdict, b[i].verdict);
		ck_assert_uint_eq(a[i].observe, b[i].observe);
	}
}

static bool fact_same(const struct krux_fact_def *a, const struct krux_fact_def *b)
{
	return a->kind == b->kind && !strcmp(a->policy, b->policy) && !strcmp(a->name, b->name) &&
	       !strcmp(a->sum, b->sum) && a->per == b->per && a->max == b->max;
}

/* Facts are numbered as they are come to, which the forms do in orders of their own. */
static void facts_match(const struct krux_abi *a, const struct krux_abi *b, uint32_t *index)
{
	ck_assert_uint_eq(a->nfacts, b->nfacts);
	for (uint32_t i = 0; i < b->nfacts; i++) {
		index[i] = 0;
		while (index[i] < a->nfacts && !fact_same(&a->facts[index[i]], &b->facts[i]))
			index[i]++;
		ck_assert_uint_lt(index[i], a->nfacts);
	}
}

static void names_same(const struct krux_abi *a, const struct krux_abi *b)
{
	static const char *const names[] = { "demo.read", "demo.read@1", "demo.read@1.0", "demo.read@1.1", "demo.read@1.2",
	                                     "demo.move@2", "demo.none", "demo.none", "demo.non", "", "demo.none@" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_int_eq(a->find(names[i], (uint32_t)strlen(names[i])), b->find(names[i], (uint32_t)strlen(names[i])));
}

/* ---- both on the same requests ---- */

/* How often each verdict and an unknown fact were seen. */
struct seen {
	unsigned verdict[4], failed, cited;
};

static void request_same(const struct compiled *a, const struct compiled *b, const uint32_t *index, uint32_t cap,
                         struct requests *r, struct seen *seen)
{
	static const char *const agents[] = { "ci-1", "root", "other", "c", "ci-" };
	static uint8_t bytes[1 << 16];
	const char *agent = agents[requests_below(r, 5)];
	uint32_t nagent = (uint32_t)strlen(agent), n, m;
	struct krux_cite one[MOST_CITES], other[MOST_CITES];
	struct krux_decode_error err;
	struct krux_answer answer;
	struct krux_value wire;
	struct facts f = { .index = NULL }, g;

	if (!requests_value(r, a->build.caps.cap[cap]->input, &wire))
		return;
	n = (uint32_t)krux_cbor_write(&wire, bytes, sizeof bytes);
	ck_assert(a->abi->decode(cap, bytes, n, a->scratch, &err));
	ck_assert(b->abi->decode(cap, bytes, n, b->scratch, &err));
	facts_make(&f, a->abi, r);
	g = f;
	g.index = index;
	answer = a->abi->decide(cap, agent, nagent, a->scratch, fact_of, &f);
	answers_same(a->abi, answer, b->abi, b->abi->decide(cap, agent, nagent, b->scratch, fact_of, &g), index);
	n = a->abi->cite(cap, agent, nagent, a->scratch, fact_of, &f, one, MOST_CITES);
	m = b->abi->cite(cap, agent, nagent, b->scratch, fact_of, &g, other, MOST_CITES);
	ck_assert_uint_eq(n, m);
	cites_same(one, other, n);
	seen->verdict[answer.verdict]++;
	seen->failed += answer.failed;
	seen->cited += n && *one[0].rule;
}

static void forms_same(const char *const *policy, size_t npolicies, struct seen *seen)
{
	struct requests r = { .pool = krux_pool_new(0), .seed = 11 };
	struct compiled code, tables;
	uint32_t index[MOST_FACTS];

	compiled_decide(&code, caps, policy, npolicies);
	compiled_load(&code);
	compiled_decide(&tables, caps, policy, npolicies);
	tables.form = EMIT_TABLES;
	compiled_load(&tables);
	ck_assert_ptr_nonnull(memmem(code.c_text.p, code.c_text.n, "decide_demo_none(", 17));
	ck_assert_ptr_null(memmem(tables.c_text.p, tables.c_text.n, "decide_demo_none(", 17));
	facts_match(code.abi, tables.abi, index);
	names_same(code.abi, tables.abi);
	for (size_t i = 0; i < npolicies; i++)
		requests_learn(&r, policy[i]);
	for (uint32_t cap = 0; cap < code.build.caps.n; cap++)
		for (unsigned i = 0; i < ROUNDS; i++)
			request_same(&code, &tables, index, cap, &r, seen);
	compiled_free(&code);
	compiled_free(&tables);
	krux_pool_free(r.pool);
}

START_TEST(every_type_and_fact)
{
	struct seen seen = { .failed = 0 };

	forms_same(policies, 3, &seen);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_gt(seen.verdict[i], 20);
	ck_assert_uint_gt(seen.failed, 20);
	ck_assert_uint_gt(seen.cited, 1000);
}
END_TEST

START_TEST(folders_and_cuts)
{
	static const char *const list[] = { folders };
	struct seen seen = { .failed = 0 };

	forms_same(list, 1, &seen);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_gt(seen.verdict[i], 20);
	ck_assert_uint_gt(seen.failed, 20);
	ck_assert_uint_gt(seen.cited, 1000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("emit_forms");
	TCase *t = tcase_create("forms");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, every_type_and_fact);
	tcase_add_test(t, folders_and_cuts);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
