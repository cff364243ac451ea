/* From a build to one decision diagram a capability: the meaning of LANG.md 4.1, point by
 * point, on diagrams. Rules are folded in halves, so that every intermediate diagram is
 * minimal and the work is near linear in the result. */
#include "compiler/dd/decision.h"

#include "compiler/dd/growth.h"
#include "compiler/dd/outcome.h"

/* Numbers of our operations for dd_apply's memory, with their laws: silence is the unit. */
enum {
	APPLY_COMBINE = 101 | DD_UNIT_LEFT | DD_UNIT_RIGHT | DD_IDEMPOTENT,
	APPLY_FIRST = 102 | DD_UNIT_LEFT | DD_UNIT_RIGHT | DD_IDEMPOTENT | DD_LEFT_WINS,
	APPLY_PAIR = 103,
};

static const struct approval by_default = { .ttl = 3600ull * 1000000000u, .quorum = 1 };

/* One capability's work. */
struct work {
	struct decisions *d;
	struct dd *m;
	const struct build *build;
	const struct capability *cap;
	bool enforce_all;             /* observe rules and files too: for `would` */
	const struct without *without;/* rules that are left out; NULL: none */
};

static uint32_t combine(struct work *w, uint32_t a, uint32_t b)
{
	return dd_apply(w->m, APPLY_COMBINE, outcome_combine, w->d, a, b);
}

static uint32_t first(struct work *w, uint32_t a, uint32_t b)
{
	return dd_apply(w->m, APPLY_FIRST, outcome_first, w->d, a, b);
}

struct dd_var decide_window(const struct policy *p, const struct rule *r, const struct rate *rate,
                            const struct rule_cap *rc)
{
	struct dd_var v = { .kind = DD_NUMBER, .is_fact = true, .policy = p->name, .per = rate->per,
	                    .max = rate->max };

	v.fact = rate->budget ? KRUX_FACT_BUDGET : KRUX_FACT_RATE;
	v.subject.name = r->id;
	if (rate->budget)
		v.budget = rc->budget;
	return v;
}

/* Where the rate or budget is used up; FALSE where there is none. */
static uint32_t exceeded(struct work *w, const struct policy *p, const struct rule *r,
                         const struct rate *rate, const struct rule_cap *rc, uint32_t *counter,
                         size_t *ncounters)
{
	struct dd_var v;

	if (!rate->given)
		return DD_FALSE;
	v = decide_window(p, r, rate, rc);
	counter[(*ncounters)++] = decisions_fact(w->d, &v);
	return dd_fact_at_least(w->m, &v, rate->budget ? 1 : rate->max);
}

/* LANG.md 4.1 point 3: what a match gives. */
static uint32_t match_value(struct work *w, const struct policy *p, const struct rule *r,
                            const struct rule_cap *rc)
{
	uint32_t counter[2], over_rate, over_budget, out;
	enum krux_verdict used = KRUX_BLOCKED;
	size_t n = 0;

	over_rate = exceeded(w, p, r, &r->rate, rc, counter, &n);
	over_budget = exceeded(w, p, r, &r->budget, rc, counter, &n);
	if (n == 2 && counter[0] > counter[1]) {
		uint32_t c = counter[0];
		counter[0] = counter[1];
		counter[1] = c;
	}
	out = dd_terminal(w->m, outcome_make(w->d, r->verdict, &r->approval, counter, n));
	if (r->rate.given) {
		used = r->rate.exceeded;
		out = dd_ite(w->m, over_rate, dd_terminal(w->m, outcome_make(w->d, used, &r->approval, counter, n)), out);
	}
	/* What is exceeded replaces the rule's verdict, so nothing of that is left; of two the stricter. */
	if (r->budget.given) {
		uint32_t t = dd_terminal(w->m, outcome_make(w->d, r->budget.exceeded, &r->approval, counter, n));
		if (r->rate.given && used < r->budget.exceeded)
			t = dd_ite(w->m, over_rate, dd_terminal(w->m, outcome_make(w->d, used, &r->approval, counter, n)), t);
		out = dd_ite(w->m, over_budget, t, out);
	}
	return out;
}

uint32_t match_where(struct dd *m, const struct rule *r, const struct rule_cap *rc)
{
	uint32_t when = dd_rule_cond(m, rc->when);

	return r->nagents ? dd_and(m, dd_rule_agent(m, r->agent, r->nagents), when) : when;
}

/* First match of leaf[from..to), by halves. */
static uint32_t fold(struct work *w, const uint32_t *leaf, size_t from, size_t to)
{
	size_t mid = from + (to - from) / 2;
	uint32_t left;

	if (from == to)
		return DD_FALSE;
	if (to - from == 1)
		return leaf[from];
	left = fold(w, leaf, from, mid);
	return first(w, left, fold(w, leaf, mid, to));
}

static bool is_left_out(const struct work *w, const struct policy *p, const struct rule *r)
{
	return w->without && w->without->rule[w->without->from[p - w->build->policy] + r->index];
}

/* A file's match: FALSE where none of its rules does. */
static uint32_t file_match(struct work *w, struct arena *scratch, const struct policy *p)
{
	const struct meet *meet;
	size_t nmeets = policy_meets(p, w->cap, &meet), n = 0;
	uint32_t *leaf = ARENA_ARRAY(scratch, uint32_t, nmeets + 1);

	for (size_t i = 0; i < nmeets; i++) {
		const struct rule *r = meet[i].rule;

		if ((r->observe && !w->enforce_all) || is_left_out(w, p, r))
			continue;
		leaf[n++] = dd_ite(w->m, match_where(w->m, r, meet[i].rc), match_value(w, p, r, meet[i].rc), DD_FALSE);
	}
	return fold(w, leaf, 0, n);
}

static uint32_t file_applies(struct dd *m, const struct policy *p)
{
	return p->layer == LAYER_AGENT ? dd_rule_agent(m, p->agent, p->nagents) : DD_TRUE;
}

/* LANG.md 4.1 point 4. */
static uint32_t layer_voice(struct work *w, struct arena *scratch, enum layer layer)
{
	uint32_t match = DD_FALSE, deflt = DD_FALSE;

	for (size_t i = 0; i < w->build->npolicies; i++) {
		const struct policy *p = &w->build->policy[i];
		uint32_t applies, here;

		if (p->layer != layer || (p->observe && !w->enforce_all))
			continue;
		applies = file_applies(w->m, p);
		here = dd_ite(w->m, applies, file_match(w, scratch, p), DD_FALSE);
		match = combine(w, match, here);
		if (p->has_default) {
			uint32_t t = dd_terminal(w->m, outcome_make(w->d, p->deflt, &by_default, NULL, 0));
			deflt = combine(w, deflt, dd_ite(w->m, applies, t, DD_FALSE));
		}
	}
	return first(w, match, deflt);
}

static uint32_t voices(struct work *w, struct arena *scratch)
{
	uint32_t all = DD_FALSE;

	for (int layer = LAYER_SYSTEM; layer <= LAYER_AGENT; layer++)
		all = combine(w, all, layer_voice(w, scratch, (enum layer)layer));
	return all;
}

static bool is_whole_tree(const struct effect_arg *arg)
{
	return arg->tree && !arg->prunes && !arg->is_constant;
}

/* Points 4 and 5, and the tree effects. */
static uint32_t answer(struct work *w, struct arena *scratch)
{
	uint32_t all;

	for (size_t i = 0; i < w->cap->neffects; i++)
		for (size_t k = 0; k < w->cap->effect[i].nargs; k++)
			if (is_whole_tree(&w->cap->effect[i].arg[k]))
				dd_tree_begin(w->m, &w->cap->effect[i].arg[k].access);
	all = voices(w, scratch);
	all = first(w, all, dd_terminal(w->m, outcome_make(w->d, KRUX_BLOCKED, NULL, NULL, 0)));
	for (size_t i = 0; i < w->cap->neffects; i++)
		for (size_t k = 0; k < w->cap->effect[i].nargs; k++)
			if (is_whole_tree(&w->cap->effect[i].arg[k]))
				all = dd_tree(w->m, &w->cap->effect[i].arg[k].access, APPLY_COMBINE, outcome_combine, w->d, all);
	return all;
}

uint32_t decide_voices(struct decisions *d, struct dd *m, const struct build *b,
                       const struct capability *cap)
{
	struct work w = { .d = d, .m = m, .build = b, .cap = cap };
	struct arena *scratch = arena_new();
	uint32_t f = voices(&w, scratch);

	arena_free(scratch);
	return f;
}

static bool observes(const struct build *b, const struct capability *cap)
{
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct meet *meet;
		size_t n = policy_meets(&b->policy[i], cap, &meet);

		if (b->policy[i].observe)
			return true;
		for (size_t k = 0; k < n; k++)
			if (meet[k].rule->observe)
				return true;
	}
	return false;
}

/* Of the rules of a file, in order: rate before budget. */
static void file_facts(struct decisions *d, const struct policy *p, const struct capability *cap, bool enforce_all)
{
	const struct meet *meet;
	size_t n = policy_meets(p, cap, &meet);

	for (size_t i = 0; i < n; i++) {
		const struct rule *r = meet[i].rule;
		struct dd_var rate = decide_window(p, r, &r->rate, meet[i].rc), budget = decide_window(p, r, &r->budget, meet[i].rc);

		if (r->observe && !enforce_all)
			continue;
		if (r->rate.given)
			decisions_fact(d, &rate);
		if (r->budget.given)
			decisions_fact(d, &budget);
	}
}

void decide_facts(struct decisions *d, const struct build *b, const struct capability *cap)
{
	int rounds = observes(b, cap) ? 2 : 1;

	for (int all = 0; all < rounds; all++)
		for (size_t i = 0; i < b->npolicies; i++)        /* sorted by layer */
			if (all || !b->policy[i].observe)
				file_facts(d, &b->policy[i], cap, all);
}

static uint32_t decision_make(struct work *w, struct arena *scratch)
{
	uint32_t f = answer(w, scratch), would;

	if (!observes(w->build, w->cap))
		return f;
	w->enforce_all = true;
	would = answer(w, scratch);
	return dd_apply(w->m, APPLY_PAIR, outcome_pair, w->d, f, would);
}

uint32_t decide_without(struct decisions *d, struct dd *m, const struct build *b, const struct capability *cap,
                        const struct without *without)
{
	struct work w = { .d = d, .m = m, .build = b, .cap = cap, .without = without };
	struct arena *scratch = arena_new();
	uint32_t f = decision_make(&w, scratch);

	arena_free(scratch);
	return f;
}

uint32_t decide_build(struct decisions *d, struct dd *m, struct diags *ds, const struct build *b,
                      const struct capability *cap)
{
	uint32_t f = decide_without(d, m, b, cap, NULL);

	if (dd_overflow(m)) {
		if (!dd_spent(m))
			growth_report(ds, d, b, cap, dd_overflow(m));
		return DD_IMPOSSIBLE;
	}
#ifdef KRUX_DEBUG
	dd_check(m, f);
#endif
	return f;
}

size_t decide_cite(struct dd *m, const struct build *b, const struct capability *cap,
                   struct arena *arena, const struct cite_policy **out)
{
	struct cite_policy *list = ARENA_ARRAY(arena, struct cite_policy, b->npolicies + 1);
	size_t n = 0;

	for (size_t i = 0; i < b->npolicies; i++) {
		const struct policy *p = &b->policy[i];
		struct cite_policy *c = &list[n];
		const struct meet *meet;
		size_t nmeets = policy_meets(p, cap, &meet);
		struct cite_rule *rule = ARENA_ARRAY(arena, struct cite_rule, nmeets + 1);

		c->policy = p;
		c->applies = file_applies(m, p);
		c->rule = rule;
		c->nrules = nmeets;
		for (size_t k = 0; k < nmeets; k++) {
			rule[k].rule = meet[k].rule;
			rule[k].match = match_where(m, meet[k].rule, meet[k].rc);
		}
		n += c->applies != DD_FALSE && (c->nrules || p->has_default);
	}
	*out = list;
	return n;
}
