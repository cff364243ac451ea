/* What the warning about a shadowed rule names: rules that together match whatever it does, and none
 * of which the others do without. Policies at random, of few paths and numbers, so that rules
 * often shadow one another. */
#include "tests/unit/modeling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/dd/decision.h"
#include "compiler/dd/manager.h"
#include "compiler/plan/coverage.h"

enum { POLICIES = 300, RULES = 9, LONGEST = 256 };

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 33) % n);
}

static const char caps[] =
	"namespace demo \"An example.\";\n"
	"/// Acts.\n/// use: in tests.\n"
	"capability act @1.0 {\n"
	"  input { path : path \"Where.\"; n : uint 0..99 \"How many.\"; }\n"
	"  output { ok : bool; }\n"
	"  error Failed \"It failed.\" recover stop \"Give up.\";\n"
	"  effect writes(path);\n"
	"  limits { memory 1MiB; cpu 1s; wall 1s; pids 1; files 1; output 1KiB; }\n"
	"  handler builtin \"demo_act\";\n"
	"  example \"one\" { path: \"/a\", n: 1 } -> { ok: true };\n"
	"}\n";

static void test_put(struct buf *b)
{
	static const char *const path[] = { "/a", "/a/b", "/a/b/c", "/d", "/a/e" };
	uint32_t lo = below(3) * 25;

	switch (below(3)) {
	case 0:
		buf_printf(b, "path under \"%s\"", path[below(5)]);
		return;
	case 1:
		buf_printf(b, "n in %u..%u", lo, lo + 24 + below(2) * (74 - lo));
		return;
	default:
		buf_printf(b, "path matches \"**/%c/**\"", (int)('a' + below(4)));
	}
}

static char *policy_make(struct world *w)
{
	struct buf b = { 0 };
	char *text;

	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\nrules:\n");
	for (int i = 0; i < RULES; i++) {
		buf_printf(&b, "  - id: r%d\n    on: demo.act\n    verdict: %s\n    when: ", i, below(2) ? "notify" : "blocked");
		test_put(&b);
		if (below(2)) {
			buf_puts(&b, below(2) ? " or " : " and ");
			test_put(&b);
		}
		buf_putc(&b, '\n');
	}
	buf_puts(&b, "default: blocked\n");
	text = arena_copy(w->arena, b.p, b.n);
	buf_free(&b);
	return text;
}

/* "rule r5 is shadowed: r1, r3 match first wherever it would": the numbers, the first of the rule itself. */
static size_t numbers_read(struct krux_str text, unsigned out[static RULES])
{
	char line[LONGEST];
	size_t n = 0;

	ck_assert_uint_lt(text.n, sizeof line);
	memcpy(line, text.p, text.n);
	line[text.n] = 0;
	for (char *p = line; *p; p++)
		if (*p == 'r' && p[1] >= '0' && p[1] <= '9') {
			ck_assert_uint_lt(n, RULES);
			out[n++] = (unsigned)strtoul(p + 1, &p, 10);
			p--;
		}
	return n;
}

/* What the rules named leave of the first, but for one of them. */
static bool leaves(struct dd *m, const struct cite_policy *c, const unsigned *number, size_t n, size_t without)
{
	uint32_t rest = c->rule[number[0]].match;

	for (size_t i = 1; i < n; i++)
		if (i != without)
			rest = dd_and(m, rest, dd_not(m, c->rule[number[i]].match));
	return dd_satisfiable(m, rest);
}

static size_t policy_check(void)
{
	struct world w;
	const struct cite_policy *cite;
	struct decisions *d;
	struct dd *m;
	uint32_t root;
	size_t shadowed = 0;

	world_start(&w);
	world_cap(&w, caps);
	world_policy(&w, policy_make(&w));
	world_resolve(&w);
	if (!w.resolved)
		world_print(&w);
	ck_assert(w.resolved);
	build_index(w.arena, &w.build);
	d = decisions_new(w.arena);
	m = dd_new(w.set.cap[0]);
	root = decide_build(d, m, w.diags, &w.build, w.set.cap[0]);
	ck_assert_uint_ne(root, DD_IMPOSSIBLE);
	coverage_report(d, &m, w.diags, &w.build);
	ck_assert_uint_ge(decide_cite(m, &w.build, w.set.cap[0], w.arena, &cite), 1);
	while (!krux_str_eq(cite->policy->name, KRUX_STR("demo")))
		cite++;
	for (size_t i = 0; i < w.diags->n; i++) {
		unsigned number[RULES];
		size_t n;

		if (w.diags->list[i]->code != 4002)
			continue;
		shadowed++;
		n = numbers_read(w.diags->list[i]->text, number);
		ck_assert_uint_ge(n, 2);
		ck_assert_msg(!leaves(m, cite, number, n, 0), "%.*s", STR_ARG(w.diags->list[i]->text));
		for (size_t k = 1; k < n; k++) {
			ck_assert_uint_lt(number[k], number[0]);
			ck_assert_msg(leaves(m, cite, number, n, k), "%.*s", STR_ARG(w.diags->list[i]->text));
		}
	}
	dd_free(m);
	world_end(&w);
	return shadowed;
}

START_TEST(what_is_named_covers)
{
	size_t shadowed = 0;

	seed = 88172645463325252u;
	for (int i = 0; i < POLICIES; i++)
		shadowed += policy_check();
	ck_assert_uint_gt(shadowed, POLICIES);
}
END_TEST

static const char globs[] =
	"krux: policy/1\nname: demo\nlayer: organization\nrules:\n"
	"  - { id: wide, on: demo.act, when: 'path matches \"**/a/**\"', verdict: blocked }\n"
	"  - { id: narrow, on: demo.act, when: 'path matches \"**/a/**/b/**\"', verdict: notify }\n"
	"default: blocked\n";

/* A manager for what the world has by now. */
static struct dd *manager_begin(struct world *w, struct decisions **d)
{
	world_resolve(w);
	ck_assert(w->resolved);
	build_index(w->arena, &w->build);
	*d = decisions_new(w->arena);
	return dd_new(w->set.cap[0]);
}

/* Where the limits do not let rules be compared, that is said, once, and nothing of the rules. */
START_TEST(too_much_is_said)
{
	struct world w;
	struct decisions *d;
	struct dd *m;
	size_t said = 0;

	world_start(&w);
	world_cap(&w, caps);
	world_policy(&w, globs);
	m = manager_begin(&w, &d);
	ck_assert_uint_ne(decide_build(d, m, w.diags, &w.build, w.set.cap[0]), DD_IMPOSSIBLE);
	m->most_steps = m->steps;
	coverage_report(d, &m, w.diags, &w.build);
	for (size_t i = 0; i < w.diags->n; i++) {
		ck_assert_uint_ne(w.diags->list[i]->code / 1000, 4);
		said += w.diags->list[i]->code == 9001;
	}
	ck_assert_uint_eq(said, 1);
	ck_assert_uint_eq(w.diags->errors, 0);
	/* The diagram can still be asked. */
	ck_assert_ptr_null(dd_overflow(m));
	dd_free(m);
	world_end(&w);
}
END_TEST

/* Where the steps of the build are spent, what was not looked at any more is said to be unknown as well. */
START_TEST(what_is_not_looked_at_is_said)
{
	struct world w;
	struct decisions *d;
	struct dd *m;

	world_start(&w);
	world_cap(&w, caps);
	world_policy(&w, globs);
	m = manager_begin(&w, &d);
	ck_assert_uint_ne(decide_build(d, m, w.diags, &w.build, w.set.cap[0]), DD_IMPOSSIBLE);
	store.most_steps = store.steps;
	coverage_report(d, &m, w.diags, &w.build);
	ck_assert_uint_eq(w.diags->n, 1);
	ck_assert_str_eq(arena_str(w.arena, world_diag(&w, 9001)->text).p,
	                 "which rules for demo.act and what comes after it have an effect is not known: to find out needs more steps");
	dd_free(m);
	world_end(&w);
}
END_TEST

/* The steps of all diagrams of a build are counted together; where they are spent that is said once, of the
 * capability that took most, whichever they ran out at. */
START_TEST(steps_are_of_the_build)
{
	static const char policy[] =
		"krux: policy/1\nname: demo\nlayer: organization\nrules:\n"
		"  - { id: small, on: demo.act, when: 'path under \"/a\"', verdict: notify }\n"
		"  - { id: big, on: demo.act, when: 'path matches \"**/*a*/**\" and path matches \"**/*b*/**\"', verdict: notify }\n"
		"default: blocked\n";
	struct world w;
	struct decisions *d;
	struct dd *m[2];

	world_start(&w);
	world_cap(&w, caps);
	world_policy(&w, policy);
	m[0] = manager_begin(&w, &d);
	ck_assert_uint_ne(decide_build(d, m[0], w.diags, &w.build, w.set.cap[0]), DD_IMPOSSIBLE);
	ck_assert_uint_eq(store.steps, m[0]->steps);
	m[1] = dd_new(w.set.cap[0]);
	store.most_steps = store.steps + 10;
	ck_assert_uint_eq(decide_build(d, m[1], w.diags, &w.build, w.set.cap[0]), DD_IMPOSSIBLE);
	ck_assert(dd_spent(m[1]));
	ck_assert_uint_eq(w.diags->errors, 0);
	decide_spent(d, w.diags, &w.build, m, 1);
	ck_assert_uint_eq(w.diags->errors, 1);
	ck_assert(strstr(arena_str(w.arena, w.diags->list[0]->text).p, "need more than 67108864 steps together"));
	ck_assert_str_eq(arena_str(w.arena, w.diags->list[0]->fix).p,
	                 "build fewer capabilities together: alone, the diagram of demo.act fits");
	dd_free(m[1]);
	dd_free(m[0]);
	ck_assert_uint_eq(store.steps, 0);
	world_end(&w);
}
END_TEST

/* Rules can grow a diagram without any condition: approvals for rates that are used up, each by itself. */
START_TEST(rules_are_named_that_have_no_condition)
{
	enum { FILES = 16 };             /* 2^16 sets of approvals */
	struct world w;
	struct decisions *d;
	struct dd *m;
	const struct diag *x;

	world_start(&w);
	world_cap(&w, caps);
	for (int i = 0; i < FILES; i++)
		world_policy(&w, arena_printf(w.arena, "krux: policy/1\nname: p%d\nlayer: organization\ndefault: notify\nrules:\n"
		                              "  - { id: r%d, on: demo.act, verdict: notify, approval: { from: [ a%d ] }, "
		                              "rate: { max: 10, per: 1h, exceeded: approval-required } }\n", i, i, i).p);
	m = manager_begin(&w, &d);
	store.most_steps = 1000;
	ck_assert_uint_eq(decide_build(d, m, w.diags, &w.build, w.set.cap[0]), DD_IMPOSSIBLE);
	decide_spent(d, w.diags, &w.build, &m, 0);
	x = world_diag(&w, 9001);
	ck_assert_str_eq(arena_str(w.arena, x->fix).p, "simplify rules r0 and r1: without them the diagram fits");
	ck_assert_str_eq(arena_str(w.arena, x->other_text).p, "and this rule");
	dd_free(m);
	world_end(&w);
}
END_TEST

/* Where the search ends before it has found rules without which it fits, it does not say that it has. */
START_TEST(rules_are_likely_where_the_search_ends)
{
	enum { RULES_LARGE = 20, PATTERNS = 15 };
	struct buf b = { 0 };
	struct world w;
	struct decisions *d;
	struct dd *m;

	world_start(&w);
	world_cap(&w, caps);
	buf_puts(&b, "krux: policy/1\nname: demo\nlayer: organization\ndefault: blocked\nrules:\n");
	for (int i = 0; i < RULES_LARGE; i++) {
		buf_printf(&b, "  - { id: r%d, on: demo.act, verdict: notify, when: '", i);
		for (int k = 0; k < PATTERNS; k++)
			buf_printf(&b, "%spath matches \"**/%c%d/**\"", k ? " and " : "", 'a' + k, i);
		buf_puts(&b, "' }\n");
	}
	buf_putc(&b, 0);
	world_policy(&w, b.p);
	buf_free(&b);
	m = manager_begin(&w, &d);
	store.most_steps = 1000;
	ck_assert_uint_eq(decide_build(d, m, w.diags, &w.build, w.set.cap[0]), DD_IMPOSSIBLE);
	decide_spent(d, w.diags, &w.build, &m, 0);
	ck_assert_str_eq(arena_str(w.arena, world_diag(&w, 9001)->fix).p,
	                 "simplify rules r0, r1 and r2, the likeliest to grow it");
	dd_free(m);
	world_end(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("coverage");
	TCase *t = tcase_create("coverage");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_is_named_covers);
	tcase_add_test(t, too_much_is_said);
	tcase_add_test(t, what_is_not_looked_at_is_said);
	tcase_add_test(t, steps_are_of_the_build);
	tcase_add_test(t, rules_are_named_that_have_no_condition);
	tcase_add_test(t, rules_are_likely_where_the_search_ends);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
