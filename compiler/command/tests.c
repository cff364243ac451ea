/* `tests:` of policies, run on the diagram, and which rules they reached. */
#include "compiler/command/verify.h"

#include "compiler/base/escape.h"
#include "compiler/model/claims.h"
#include "compiler/plan/call.h"
#include "compiler/plan/evaluate.h"
#include "compiler/plan/given.h"

/* The facts of a test as evaluate() asks for them. */
static void facts_of(struct arena *a, const struct test_case *t, struct given_facts *out)
{
	struct given_count *calls = ARENA_ARRAY(a, struct given_count, t->ncalls + 1),
	                   *windows = ARENA_ARRAY(a, struct given_count, t->nrates + t->nbudgets + 1);

	for (size_t i = 0; i < t->ncalls; i++)
		calls[i] = (struct given_count){ t->calls[i].name, t->calls[i].n };
	for (size_t i = 0; i < t->nrates + t->nbudgets; i++) {
		const struct test_count *c = i < t->nrates ? &t->rates[i] : &t->budgets[i - t->nrates];

		windows[i].name = arena_printf(a, "%.*s/%.*s", STR_ARG(c->policy->name), STR_ARG(c->rule->id));
		windows[i].n = c->n;
	}
	*out = (struct given_facts){ .time = t->time, .weekday = t->weekday, .label = t->label, .nlabels = t->nlabels,
	                             .calls = calls, .ncalls = t->ncalls, .rates = windows, .nrates = t->nrates,
	                             .budgets = windows + t->nrates, .nbudgets = t->nbudgets };
}

static const struct voice *voice_of(const struct evaluation *e, const struct policy *p)
{
	for (size_t i = 0; i < e->nvoices; i++)
		if (e->voice[i].policy == p)
			return &e->voice[i];
	return NULL;
}

static void place(struct buf *b, struct span at)
{
	escape_screen(b, at.src->name);
	buf_printf(b, ":%u: ", span_line(at));
}

/* Says what was expected and what came; true when they are the same. */
static bool compare(struct buf *b, const struct test_case *t, const struct evaluation *e, const struct voice *v)
{
	struct krux_str by = v && v->rule ? v->rule->id : KRUX_STR("default");
	struct krux_str want = t->by ? t->by->id : KRUX_STR("default");
	bool fine = true;

	if (e->undecided || (e->limit && t->has_by)) {
		place(b, t->at);
		buf_printf(b, "%s is not known: to find out needs more %s (K9001)\n", e->undecided ? "the verdict" : "by whom",
		           e->limit);
		return false;
	}
	if (e->outcome.verdict != t->expect) {
		place(b, t->at);
		buf_printf(b, "expected %s, is %s", verdict_word(t->expect), verdict_word(e->outcome.verdict));
		if (e->decided) {
			buf_puts(b, " by ");
			buf_str(b, e->decided->rule ? e->decided->rule->id : KRUX_STR("default"));
			buf_puts(b, " of ");
			escape_screen(b, e->decided->policy->name);
		}
		buf_putc(b, '\n');
		fine = false;
	}
	if (t->has_by && (!v || v->rule != t->by)) {
		place(b, t->at);
		buf_printf(b, "expected by %.*s, is by %.*s\n", STR_ARG(want), STR_ARG(by));
		fine = false;
	}
	if (t->has_would && e->outcome.would != t->would) {
		place(b, t->at);
		buf_printf(b, "expected would %s, is %s\n", verdict_word(t->would), verdict_word(e->outcome.would));
		fine = false;
	}
	return fine;
}

static bool test_run(struct pipeline *p, struct buf *b, bool json, const struct policy *policy,
                     const struct test_case *t, bool *reached)
{
	struct given_facts facts;
	struct evaluation e;
	struct dd *m = p->manager[t->cap->index];
	struct dd_request req = { .agent = t->agent, .args = &t->args, .fact_of = given_fact, .ctx = &facts };
	struct buf what = { 0 };
	const struct voice *v;
	bool fine;

	facts_of(p->arena, t, &facts);
	facts.m = m;
	facts.args = &t->args;
	evaluate(p->arena, p->decisions, m, p->root[t->cap->index], &p->build, t->cap, &req, &e);
	v = voice_of(&e, policy);
	if (v && v->rule)
		reached[v->rule->index] = true;
	/* What is only observed is reached by a test that asks what would be. */
	if (v && v->would && t->has_would)
		reached[v->would->index] = true;
	fine = compare(&what, t, &e, v);
	if (json) {
		buf_puts(b, "{\"test\":\"");
		escape_json(b, t->at.src->name);
		buf_printf(b, ":%u\",\"passed\":%s,\"verdict\":\"%s\"}\n", span_line(t->at), fine ? "true" : "false",
		           verdict_word(e.outcome.verdict));
	} else {
		buf_put(b, what.p, what.n);
	}
	buf_free(&what);
	return fine;
}

void tests_run(struct pipeline *p, struct buf *b, bool json, struct tally *t)
{
	size_t cap = 0;

	for (size_t i = 0; i < p->build.npolicies; i++) {
		const struct policy *policy = &p->build.policy[i];
		bool *reached = ARENA_ARRAY(p->arena, bool, policy->nrules + 1);

		for (size_t k = 0; k < policy->ast->ntests; k++) {
			struct test_case test;

			if (!test_resolve(p->arena, p->diags, &p->build, policy, &policy->ast->test[k], &test))
				continue;
			t->tests++;
			t->failed += !test_run(p, b, json, policy, &test, reached);
		}
		for (size_t k = 0; (policy->ast->ntests || policy->layer != LAYER_SYSTEM) && k < policy->nrules; k++)
			if (!reached[k] && policy->rule[k].non)
				ARENA_PUSH(p->arena, t->unreached, t->nunreached, cap,
				           ((struct unreached){ policy, &policy->rule[k] }));
	}
}

void unreached_print(struct buf *b, const struct tally *t)
{
	for (size_t i = 0; i < t->nunreached; i++) {
		place(b, t->unreached[i].rule->at);
		buf_puts(b, "no test reaches rule ");
		buf_str(b, t->unreached[i].rule->id);
		buf_putc(b, '\n');
	}
}
