/* A claim is broken where its region meets a verdict that it forbids. The diagram of that meeting is
 * FALSE, which is the proof, or it has a request, which is shown. */
#include "compiler/plan/prove.h"

#include "compiler/plan/given.h"

struct forbidden {
	const struct decisions *d;
	const struct claim *claim;
};

static uint32_t breaks(void *ctx, uint32_t value)
{
	const struct forbidden *f = ctx;
	const struct outcome *o = decisions_outcome(f->d, value);
	unsigned bit;

	if (!o)
		return DD_FALSE;
	bit = 1u << o->verdict;
	if (f->claim->has_never && (f->claim->never & bit))
		return DD_TRUE;
	return f->claim->has_always && !(f->claim->always & bit) ? DD_TRUE : DD_FALSE;
}

/* ---- history ---- */

static bool is_history(const struct dd_var *v)
{
	enum subject_kind k = v->subject.kind;

	if (v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET))
		return true;
	return k == SUBJECT_LABEL || k == SUBJECT_CALLS;
}

/* Where nothing of the past is in a fact. */
static uint32_t fact_is_zero(struct arena *a, struct dd *m, const struct dd_var *v)
{
	struct interval *zero = ARENA_NEW(a, struct interval);
	struct cond c = { .kind = COND_TEST };

	if (v->is_fact && v->fact == KRUX_FACT_BUDGET)
		return given_alone(a, m, v);
	if (v->is_fact && v->fact == KRUX_FACT_RATE)
		return dd_not(m, dd_fact_at_least(m, v, 1));
	c.subject = v->subject;
	c.set = (struct value_set){ .numeric = true, .interval = zero, .nintervals = 1 };
	return dd_cond(m, &c);
}

static uint32_t lets_through(void *ctx, uint32_t value)
{
	const struct outcome *o = decisions_outcome(ctx, value);

	return o && o->verdict != KRUX_BLOCKED ? DD_TRUE : DD_FALSE;
}

/* Is there a call that the rule's condition holds for, is let through, and adds something to its sum or count. Whether
 * an earlier rule takes it is not asked. */
static bool adds(struct arena *a, const struct decided *d, const struct rule_cap *rc, bool budget)
{
	struct dd *m = d->manager[rc->cap->index];
	struct interval *some = ARENA_NEW(a, struct interval);
	struct cond c = { .kind = COND_TEST, .subject = rc->budget };
	uint32_t f = dd_and(m, dd_map(m, lets_through, d->decisions, d->root[rc->cap->index]), dd_cond(m, rc->when));

	*some = (struct interval){ 1, UINT64_MAX };
	c.set = (struct value_set){ .numeric = true, .interval = some, .nintervals = 1 };
	return dd_satisfiable(m, budget ? dd_and(m, f, dd_cond(m, &c)) : f);
}

/* Can some call that is let through bring the fact about. */
static bool fact_reachable(struct arena *a, const struct decided *d, const bool *runs, const struct dd_var *v)
{
	const struct build *b = d->build;

	for (size_t i = 0; i < b->caps.n; i++) {
		const struct capability *cap = b->caps.cap[i];

		if (!runs[i])
			continue;
		if (v->subject.kind == SUBJECT_CALLS && krux_str_eq(cap->name, v->subject.name))
			return true;
		for (size_t k = 0; v->subject.kind == SUBJECT_LABEL && k < cap->nlabels; k++)
			if (krux_str_eq(cap->label[k], v->subject.name))
				return true;
	}
	if (!v->is_fact || (v->fact != KRUX_FACT_RATE && v->fact != KRUX_FACT_BUDGET))
		return false;
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct policy *p = &b->policy[i];

		for (size_t k = 0; krux_str_eq(p->name, v->policy) && k < p->nrules; k++)
			for (size_t j = 0; krux_str_eq(p->rule[k].id, v->subject.name) && j < p->rule[k].non; j++)
				if (runs[p->rule[k].on[j].cap->index] &&
				    adds(a, d, &p->rule[k].on[j], v->fact == KRUX_FACT_BUDGET))
					return true;
	}
	return false;
}

/* The requests whose facts the past can have brought about; runs NULL: those without a past. */
static uint32_t possible(struct arena *a, const struct decided *d, struct dd *m, const bool *runs)
{
	uint32_t all = DD_TRUE;

	for (uint32_t i = 0; i < dd_nvars(m); i++) {
		struct dd_var v = *dd_variable(m, i);

		if (is_history(&v) && (!runs || !fact_reachable(a, d, runs, &v)))
			all = dd_and(m, all, fact_is_zero(a, m, &v));
	}
	return all;
}

/* Which capabilities can ever run: from none, as long as one more is found. */
static bool *running(struct arena *a, const struct decided *d)
{
	bool *runs = ARENA_ARRAY(a, bool, d->build->caps.n + 1), more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < d->build->caps.n; i++) {
			struct dd *m = d->manager[i];
			uint32_t f;

			if (runs[i])
				continue;
			f = dd_map(m, lets_through, d->decisions, d->root[i]);
			runs[i] = dd_satisfiable(m, dd_and(m, f, possible(a, d, m, runs)));
			more |= runs[i];
		}
	}
	return runs;
}

const char *history_word(enum history h)
{
	static const char *const word[] = {
		"it needs no history", "earlier calls may bring it about",
		"no history of calls can bring it about",
	};

	return word[h];
}

/* ---- claims ---- */

static void broken(struct arena *a, const struct decided *d, const struct capability *cap, uint32_t bad,
                   struct proof *out)
{
	struct dd *m = d->manager[cap->index];
	uint32_t first = dd_and(m, bad, possible(a, d, m, NULL)), reached = bad;

	out->holds = false;
	out->cap = cap;
	out->history = HISTORY_NONE;
	if (dd_satisfiable(m, first)) {
		reached = first;
	} else {
		first = dd_and(m, bad, possible(a, d, m, running(a, d)));
		out->history = dd_satisfiable(m, first) ? HISTORY_REACHABLE : HISTORY_UNREACHABLE;
		reached = out->history == HISTORY_REACHABLE ? first : bad;
	}
	dd_witness(m, a, reached, DD_TRUE, &out->witness);
}

/* The history of a claim asks all capabilities. */
static const char *limit_met(const struct decided *d)
{
	const char *limit = NULL;

	for (size_t i = 0; i < d->build->caps.n && !limit; i++)
		limit = dd_overflow(d->manager[i]);
	return limit;
}

/* The facts of a witness, for asking the diagram again what it decides there. */
static bool witness_fact(void *ctx, uint32_t var, uint64_t *answer)
{
	const struct dd_witness *w = ctx;

	*answer = 0;
	for (size_t i = 0; i < w->nfacts; i++)
		if (w->fact[i].var == var)
			*answer = w->fact[i].value;
	return true;
}

void claim_prove(struct arena *a, const struct decided *d, const struct claim *claim, struct proof *out)
{
	struct forbidden f = { d->decisions, claim };

	*out = (struct proof){ .holds = true, .empty = true };
	for (size_t i = 0; i < claim->non && out->holds; i++) {
		const struct capability *cap = claim->on[i].cap;
		struct dd *m = d->manager[cap->index];
		uint32_t region = dd_cond(m, claim->on[i].when), bad;

		if (claim->nagents)
			region = dd_and(m, region, dd_agent(m, claim->agent, claim->nagents));
		region = dd_and(m, region, given_possible(a, m));
		bad = dd_and(m, region, dd_map(m, breaks, &f, d->root[cap->index]));
		out->capabilities++;
		out->empty = out->empty && !dd_satisfiable(m, region);
		if (dd_satisfiable(m, bad)) {
			struct dd_request req;

			broken(a, d, cap, bad, out);
			req = (struct dd_request){ out->witness.agent, &out->witness.args, witness_fact, &out->witness };
			out->outcome = decisions_outcome(d->decisions, dd_eval(m, d->root[cap->index], &req));
		}
		/* Beyond its limits a diagram has no requests at all, and would prove everything. */
		if (limit_met(d)) {
			*out = (struct proof){ .limit = limit_met(d), .cap = cap };
			return;
		}
	}
}
