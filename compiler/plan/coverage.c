/* Which rules decide anything. A rule may meet many capabilities; it is reported only when it
 * does nothing in all of them. Most rules show that they do by the first request that they match:
 * no earlier one takes it, which a few unions of earlier rules say. Of the others, what is left of
 * a rule is worked out; for thousands of rules that would be thousands of times their size. */
#include "compiler/plan/coverage.h"

#include "compiler/base/buf.h"

enum {
	NAMED = 8,                        /* rules in a message */
	THINNED = 64,                     /* of larger covers nothing is left out again */
};

struct seen {                     /* of one rule, over all capabilities */
	bool matches, reached, effective;
	const struct rule **cover;        /* together they match whatever it does */
	size_t ncovers, cap_covers;
};

struct walk {
	struct arena *kept;           /* lives as long as seen */
	struct dd *m;
	const struct meet *meet;
	uint32_t *where;              /* where each rule matches */
	uint32_t *tree;               /* unions, heap order */
	uint32_t *others;             /* by verdict: where another file's voice is stricter */
	uint32_t before[64];          /* unions of all rules before the one that is looked at */
	size_t nbefore;
	struct seen *seen;            /* by rule index */
};

static uint32_t union_build(struct walk *w, size_t at, size_t from, size_t to)
{
	size_t mid = from + (to - from) / 2;

	if (to - from == 1)
		return w->tree[at] = w->where[from];
	return w->tree[at] = dd_or(w->m, union_build(w, 2 * at + 1, from, mid),
	                           union_build(w, 2 * at + 2, mid, to));
}

/* What the k-th rules leave of what rule i matches; n of them. */
static uint32_t left_by(const struct walk *w, size_t i, const size_t *k, size_t n)
{
	uint32_t rest = w->where[i];

	for (size_t j = 0; j < n && rest != DD_FALSE; j++)
		rest = dd_and(w->m, rest, dd_not(w->m, w->where[k[j]]));
	return rest;
}

static bool covers(const struct walk *w, size_t i, const size_t *k, size_t n)
{
	return !dd_satisfiable(w->m, left_by(w, i, k, n));
}

/* Earlier rules that take something of rule i that those before them leave, until nothing is. */
static size_t cover_gather(const struct walk *w, size_t i, size_t *k)
{
	uint32_t rest = w->where[i];
	size_t n = 0;

	for (size_t j = 0; j < i && dd_satisfiable(w->m, rest); j++) {
		if (!dd_satisfiable(w->m, dd_and(w->m, rest, w->where[j])))
			continue;
		k[n++] = j;
		rest = dd_and(w->m, rest, dd_not(w->m, w->where[j]));
	}
	return n;
}

/* Leaves out each rule that the others do without. */
static size_t cover_thin(const struct walk *w, size_t i, size_t *k, size_t n)
{
	for (size_t j = 0; n <= THINNED && j < n;) {
		size_t out = k[j];

		for (size_t l = j; l + 1 < n; l++)
			k[l] = k[l + 1];
		if (covers(w, i, k, n - 1)) {
			n--;
			continue;
		}
		for (size_t l = n - 1; l > j; l--)
			k[l] = k[l - 1];
		k[j++] = out;
	}
	return n;
}

static bool is_named(const struct seen *s, const struct rule *r)
{
	for (size_t i = 0; i < s->ncovers; i++)
		if (s->cover[i] == r)
			return true;
	return false;
}

/* Earlier rules that together match whatever rule i does: those of other capabilities where they
 * do so here, else one alone, else as few as can be left of what is found in order. */
static void cover_find(struct walk *w, size_t i)
{
	struct seen *s = &w->seen[w->meet[i].rule->index];
	struct arena *a = arena_new();
	size_t *k = ARENA_ARRAY(a, size_t, i + 1), n = 0;
	bool found;

	for (size_t j = 0; j < i && s->ncovers; j++)
		if (is_named(s, w->meet[j].rule))
			k[n++] = j;
	found = n && covers(w, i, k, n);
	for (size_t j = 0; j < i && !found; j++) {
		n = 1;
		found = covers(w, i, &j, 1);
		k[0] = j;
	}
	if (!found)
		n = cover_thin(w, i, k, cover_gather(w, i, k));
	for (size_t j = 0; j < n; j++)
		if (!is_named(s, w->meet[k[j]].rule))
			ARENA_PUSH(w->kept, s->cover, s->ncovers, s->cap_covers, w->meet[k[j]].rule);
	arena_free(a);
}

static bool fact_of(void *ctx, uint32_t var, uint64_t *answer)
{
	const struct dd_witness *x = ctx;

	*answer = 0;
	for (size_t i = 0; i < x->nfacts; i++)
		if (x->fact[i].var == var)
			*answer = x->fact[i].value;
	return true;
}

static bool decides_more(const struct rule *r)
{
	return r->verdict == KRUX_BLOCKED || r->observe;
}

/* Does some request that the rule matches show all that is asked of it. */
static bool rule_sample(struct walk *w, size_t i)
{
	const struct rule *r = w->meet[i].rule;
	struct seen *s = &w->seen[r->index];
	struct arena *a = arena_new();
	struct dd_witness x;
	bool fine = dd_witness(w->m, a, w->where[i], DD_TRUE, &x);

	if (fine) {
		struct dd_request req = { .agent = x.agent, .args = &x.args, .fact_of = fact_of, .ctx = &x };

		for (size_t k = 0; k < w->nbefore && fine; k++)
			fine = dd_eval(w->m, w->before[k], &req) == DD_FALSE;
		fine = fine && (decides_more(r) || dd_eval(w->m, w->others[r->verdict], &req) == DD_FALSE);
	}
	arena_free(a);
	if (fine)
		s->matches = s->reached = s->effective = true;
	return fine;
}

static void rule_cover(struct walk *w, size_t i)
{
	const struct rule *r = w->meet[i].rule;
	struct seen *s = &w->seen[r->index];
	uint32_t left = w->where[i];

	s->matches |= dd_satisfiable(w->m, left);
	for (size_t k = 0; k < w->nbefore; k++)
		left = dd_and(w->m, left, dd_not(w->m, w->before[k]));
	if (!dd_satisfiable(w->m, left)) {
		if (s->matches && !s->reached)
			cover_find(w, i);
		return;
	}
	s->reached = true;
	left = dd_and(w->m, left, dd_not(w->m, w->others[r->verdict]));
	s->effective |= decides_more(r) || dd_satisfiable(w->m, left);
}

static void coverage_descend(struct walk *w, size_t at, size_t from, size_t to)
{
	size_t mid = from + (to - from) / 2;

	if (to - from == 1) {
		if (!rule_sample(w, from))
			rule_cover(w, from);
		return;
	}
	coverage_descend(w, 2 * at + 1, from, mid);
	w->before[w->nbefore++] = w->tree[2 * at + 1];
	coverage_descend(w, 2 * at + 2, mid, to);
	w->nbefore--;
}

struct stricter { const struct decisions *d; enum krux_verdict than; };

static uint32_t is_stricter(void *ctx, uint32_t value)
{
	const struct stricter *s = ctx;
	const struct outcome *o = decisions_outcome(s->d, value);

	return o && o->verdict < s->than ? DD_TRUE : DD_FALSE;
}

/* By verdict: where the voices of all other files are stricter than it. Where a rule of this
 * file matches, the defaults of its layer are not asked. */
static void others_find(struct decisions *d, struct dd *m, const struct build *b, size_t policy,
                        const struct capability *cap, uint32_t out[static 4])
{
	struct build without = *b;
	struct policy *rest;
	struct arena *scratch = arena_new();
	uint32_t voice;

	rest = ARENA_ARRAY(scratch, struct policy, b->npolicies + 1);
	without.npolicies = 0;
	for (size_t i = 0; i < b->npolicies; i++) {
		if (i == policy)
			continue;
		rest[without.npolicies] = b->policy[i];
		rest[without.npolicies++].has_default &= b->policy[i].layer != b->policy[policy].layer;
	}
	without.policy = rest;
	voice = decide_voices(d, m, &without, cap);
	for (unsigned v = 1; v < 4; v++) {
		struct stricter s = { d, (enum krux_verdict)v };
		out[v] = dd_map(m, is_stricter, &s, voice);
	}
	arena_free(scratch);
}

/* Beyond its limits a diagram answers nothing: then nothing is said of its rules, but that. Where it is the steps
 * of the build that are spent, so are they for all that is looked at after it. */
static void walk_give_up(const struct walk *w, struct diags *ds, const struct capability *cap, size_t n)
{
	struct diag *d;

	for (size_t i = 0; i < n; i++) {
		struct seen *s = &w->seen[w->meet[i].rule->index];

		s->matches = s->reached = s->effective = true;
	}
	d = diag_warn(ds, 9001, w->meet[0].rule->at, "which rules for %.*s%s have an effect is not known: to find out needs more %s",
	              STR_ARG(cap->name), dd_spent(w->m) ? " and what comes after it" : "", dd_overflow(w->m));
	d->expected = KRUX_STR("rules that the compiler can compare within its limits");
}

/* False: no diagram can be asked anything more. */
static bool capability_walk(struct decisions *d, struct dd *m, struct diags *ds, const struct build *b, size_t policy,
                            const struct capability *cap, struct arena *kept, struct seen *seen)
{
	struct dd_attempt attempt = dd_attempt_large(m);
	struct arena *scratch = arena_new();
	struct walk w = { .kept = kept, .m = m, .seen = seen };
	size_t n = policy_meets(&b->policy[policy], cap, &w.meet);
	uint32_t others[4] = { DD_FALSE, DD_FALSE, DD_FALSE, DD_FALSE };
	bool spent;
	const struct cite_policy *cite;
	size_t ncites;

	if (!n) {
		arena_free(scratch);
		return true;
	}
	others_find(d, m, b, policy, cap, others);
	w.others = others;
	w.where = ARENA_ARRAY(scratch, uint32_t, n);
	w.tree = ARENA_ARRAY(scratch, uint32_t, 4 * n);
	ncites = decide_cite(m, b, cap, scratch, &cite);
	for (size_t i = 0; i < ncites; i++)
		for (size_t k = 0; cite[i].policy == &b->policy[policy] && k < n; k++)
			w.where[k] = dd_and(m, cite[i].applies, cite[i].rule[k].match);
	union_build(&w, 0, 0, n);
	coverage_descend(&w, 0, 0, n);
	if (dd_overflow(m))
		walk_give_up(&w, ds, cap, n);
	spent = dd_spent(m);
	dd_attempt_end(m, &attempt);
	arena_free(scratch);
	return !spent;
}

static void report(struct diags *ds, const struct rule *r, const struct seen *s)
{
	struct diag *d;
	struct buf names = { 0 };

	/* Whose labels no capability of the build has: it is there for those to come. */
	if (!r->non)
		return;
	if (!s->matches) {
		d = diag_warn(ds, 4001, r->at, "rule %.*s can never match", STR_ARG(r->id));
		d->expected = KRUX_STR("a condition that some request fulfils");
		d->fix = KRUX_STR("remove the rule, or correct the part of its condition that contradicts the rest");
		return;
	}
	if (!s->reached) {
		for (size_t i = 0; i < s->ncovers && i < NAMED; i++) {
			buf_puts(&names, i ? ", " : "");
			buf_str(&names, s->cover[i]->id);
		}
		if (s->ncovers > NAMED)
			buf_printf(&names, " and %zu more", s->ncovers - NAMED);
		d = diag_warn(ds, 4002, r->at, "rule %.*s is shadowed: %.*s %s first wherever it would",
		              STR_ARG(r->id), (int)names.n, names.n ? names.p : "",
		              s->ncovers == 1 ? "matches" : "match");
		d->fix = KRUX_STR("move the rule up, narrow the earlier one, or remove it");
		if (s->ncovers) {
			d->other = s->cover[0]->at;
			d->other_text = KRUX_STR("the earlier rule");
		}
		buf_free(&names);
		return;
	}
	if (!s->effective) {
		d = diag_warn(ds, 4003, r->at, "rule %.*s has no effect: another file is stricter wherever it decides",
		              STR_ARG(r->id));
		d->expected = KRUX_STR("some request that this rule would let through");
		d->fix = KRUX_STR("remove the rule, or loosen the stricter file");
	}
}

void coverage_report(struct decisions *d, struct dd *const *manager, struct diags *ds,
                     const struct build *b)
{
	bool left = true;

	for (size_t p = 0; p < b->npolicies && left; p++) {
		const struct policy *policy = &b->policy[p];
		struct arena *scratch;
		struct seen *seen;

		if (!policy->nrules || krux_str_eq(policy->name, KRUX_STR("krux-system")))
			continue;
		scratch = arena_new();
		seen = ARENA_ARRAY(scratch, struct seen, policy->nrules);
		for (size_t c = 0; c < b->caps.n && left; c++)
			left = capability_walk(d, manager[c], ds, b, p, b->caps.cap[c], scratch, seen);
		for (size_t i = 0; i < policy->nrules && left; i++)
			report(ds, &policy->rule[i], &seen[i]);
		arena_free(scratch);
	}
}
