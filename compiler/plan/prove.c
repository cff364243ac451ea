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

/* Where the call adds something to the budget. */
static uint32_t sum_adds(struct arena *a, struct dd *m, const struct dd_var *budget)
{
	struct interval *some = ARENA_NEW(a, struct interval);
	struct cond c = { .kind = COND_TEST, .subject = budget->budget };

	*some = (struct interval){ 1, UINT64_MAX };
	c.set = (struct value_set){ .numeric = true, .interval = some, .nintervals = 1 };
	return dd_cond(m, &c);
}

/* What calls of some history have done. */
struct past {
	bool *runs;                    /* by capability: one of its calls can have been let through */
	bool *adds;                    /* by fact of the decisions: such a call has added to this rate or budget */
};

/* Facts that calls of one capability add to: its rates, or its budgets that add up what `like` does. */
struct adding {
	const struct decisions *d;
	const struct fact *like;       /* NULL: rates */
	bool *adds;
};

/* dd_map_op, for its effect: notes what the outcome counts. */
static uint32_t counters_add(void *ctx, uint32_t value)
{
	const struct adding *g = ctx;
	const struct outcome *o = decisions_outcome(g->d, value);
	const struct obligation *all;
	const struct fact *fact;

	decisions_obligations(g->d, &all);
	decisions_facts(g->d, &fact);
	for (size_t i = 0; o && o->verdict != KRUX_BLOCKED && i < all[o->obligation].ncounters; i++) {
		uint32_t at = all[o->obligation].counter[i];

		if (g->like ? fact[at].kind == KRUX_FACT_BUDGET && fact_sums_alike(&fact[at], g->like)
		            : fact[at].kind == KRUX_FACT_RATE)
			g->adds[at] = true;
	}
	return DD_FALSE;
}

/* Whether its calls can be let through only after others is not asked. */
static void capability_adds(struct arena *a, const struct decided *d, size_t i, bool *adds)
{
	struct dd *m = d->manager[i];
	struct adding g = { .d = d->decisions, .adds = adds };
	const struct fact *fact;
	uint32_t *asked = ARENA_ARRAY(a, uint32_t, dd_nvars(m) + 1);
	size_t n = 0;

	dd_map(m, counters_add, &g, d->root[i]);
	for (uint32_t k = 0; k < dd_nvars(m); k++) {
		struct dd_var v = *dd_variable(m, k);
		bool known = !v.is_fact || v.fact != KRUX_FACT_BUDGET;
		uint32_t at = known ? 0 : decisions_fact(d->decisions, &v);

		decisions_facts(d->decisions, &fact);
		for (size_t j = 0; j < n && !known; j++)
			known = fact_sums_alike(&fact[asked[j]], &fact[at]);
		if (known)
			continue;
		asked[n++] = at;
		g.like = &fact[at];
		dd_map(m, counters_add, &g, dd_ite(m, sum_adds(a, m, &v), d->root[i], DD_FALSE));
	}
}

/* Can calls of that history bring the fact about. */
static bool fact_reachable(const struct decided *d, const struct past *past, const struct dd_var *v)
{
	const struct build *b = d->build;

	if (v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET))
		return past->adds[decisions_fact(d->decisions, v)];
	for (size_t i = 0; i < b->caps.n; i++) {
		const struct capability *cap = b->caps.cap[i];

		if (!past->runs[i])
			continue;
		if (v->subject.kind == SUBJECT_CALLS && krux_str_eq(cap->name, v->subject.name))
			return true;
		for (size_t k = 0; v->subject.kind == SUBJECT_LABEL && k < cap->nlabels; k++)
			if (krux_str_eq(cap->label[k], v->subject.name))
				return true;
	}
	return false;
}

/* The requests whose facts the past can have brought about; NULL: those without a past. */
static uint32_t possible(struct arena *a, const struct decided *d, struct dd *m, const struct past *past)
{
	uint32_t *zero = ARENA_ARRAY(a, uint32_t, dd_nvars(m) + 1);
	size_t n = 0;

	for (uint32_t i = 0, nvars = dd_nvars(m); i < nvars; i++) {
		struct dd_var v = *dd_variable(m, i);

		if (is_history(&v) && (!past || !fact_reachable(d, past, &v)))
			zero[n++] = fact_is_zero(a, m, &v);
	}
	return dd_and_all(m, zero, n);
}

/* What can ever have been: from nothing, as long as one more capability is found to run. */
static struct past running(struct arena *a, const struct decided *d)
{
	const struct fact *fact;
	struct past past = { ARENA_ARRAY(a, bool, d->build->caps.n + 1),
		             ARENA_ARRAY(a, bool, decisions_facts(d->decisions, &fact) + 1) };
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < d->build->caps.n; i++) {
			struct dd *m = d->manager[i];
			uint32_t f;

			if (past.runs[i])
				continue;
			f = dd_map(m, lets_through, d->decisions, d->root[i]);
			past.runs[i] = dd_satisfiable(m, dd_and(m, f, possible(a, d, m, &past)));
			if (past.runs[i])
				capability_adds(a, d, i, past.adds);
			more |= past.runs[i];
		}
	}
	return past;
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
	struct past past;

	out->holds = false;
	out->cap = cap;
	out->history = HISTORY_NONE;
	if (dd_satisfiable(m, first)) {
		reached = first;
	} else {
		past = running(a, d);
		first = dd_and(m, bad, possible(a, d, m, &past));
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
