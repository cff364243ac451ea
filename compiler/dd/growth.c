/* Rules that grow a diagram, found by leaving them out: which are the fewest without which it fits. Those
 * that are likely to be it are tried first: rules whose condition is beyond the limits by itself, rules that
 * multiply what those before them tell apart, and then the largest. The search takes no more steps than
 * PART of a build has, so what it means by fitting is less than the limit. */
#include "compiler/dd/growth.h"

#include <stdlib.h>

#include "capspec/limits.h"
#include "compiler/dd/manager.h"

enum {
	NAMED = 3,
	PART = 4,                        /* of the steps of a build are taken to find them */
	TRY = 64,                        /* ... to make a diagram without some */
	WHOLE = 1000, GROWS = 1250,      /* thousandths of what was there and its own size together */
	OWN_VALUE = 16,                  /* terminals: verdicts, and one a rule that has approvals */
	ALONE = 3, MULTIPLIES = 2,       /* kinds of suspicion */
};

struct suspect {
	const struct policy *policy;
	const struct rule *rule;
	const struct rule_cap *rc;
	size_t at;                       /* in `without` */
	int kind;
	uint64_t weight;
};

struct search {
	struct arena *a;
	struct decisions *d;
	const struct build *build;
	const struct capability *cap;
	struct suspect *list;            /* after suspects_sort the likeliest first */
	size_t n, cap_list;
	struct without without;
	uint64_t left;                   /* steps */
};

/* ---- suspects ---- */

/* Nobody can change the built-in policy, so nobody is told to. */
static bool is_builtin(const struct policy *p)
{
	return p->layer == LAYER_SYSTEM && p->nrules && p->rule[0].at.src &&
	       krux_str_eq(p->rule[0].at.src->name, KRUX_STR("krux:system.yaml"));
}

static void suspects_list(struct search *s)
{
	size_t *from = ARENA_ARRAY(s->a, size_t, s->build->npolicies + 1), all = 0;

	for (size_t i = 0; i < s->build->npolicies; i++) {
		const struct policy *p = &s->build->policy[i];
		const struct meet *meet;
		size_t n = policy_meets(p, s->cap, &meet);

		from[i] = all;
		all += p->nrules;
		for (size_t k = 0; k < n && !is_builtin(p); k++)
			ARENA_PUSH(s->a, s->list, s->n, s->cap_list,
			           ((struct suspect){ p, meet[k].rule, meet[k].rc, from[i] + meet[k].rule->index, 0, 0 }));
	}
	s->without = (struct without){ ARENA_ARRAY(s->a, bool, all + 1), from };
}

/* A manager that takes at most so many steps, and of what is left. */
static struct dd *aside(const struct search *s, uint64_t steps)
{
	struct dd *m = dd_new(s->cap);

	m->aside = true;
	m->most_steps = steps < s->left ? steps : s->left;
	return m;
}

static void aside_end(struct search *s, struct dd *m)
{
	s->left -= m->steps < s->left ? m->steps : s->left;
	dd_free(m);
}

static uint32_t value_of(struct dd *m, const struct rule *r)
{
	bool own = r->verdict == KRUX_APPROVAL || r->rate.given || r->budget.given;

	return dd_terminal(m, own ? OWN_VALUE + r->index : 3 + (uint32_t)r->verdict);
}

/* By how much each rule multiplies what the ones before it came to, and how large it is. Where a limit is
 * met at a rule, it goes on behind it with nothing. */
static void suspects_weigh(struct search *s)
{
	const uint64_t most = KRUX_MAX_STEPS / TRY;
	struct dd *m = aside(s, most);
	uint64_t before = 0;
	uint32_t all = DD_FALSE;

	for (size_t i = 0; i < s->n && s->left; i++) {
		struct suspect *x = &s->list[i];
		uint32_t where = match_where(m, x->rule, x->rc);
		uint64_t own = dd_overflow(m) ? 0 : dd_count(m, where), after;

		x->kind = dd_overflow(m) ? ALONE : 0;
		x->weight = own;
		all = dd_or(m, all, dd_ite(m, where, value_of(m, x->rule), DD_FALSE));
		after = dd_overflow(m) ? 0 : dd_count(m, all);
		if (!after && !x->kind)
			x->kind = MULTIPLIES;
		else if (after && before && after * WHOLE / (before + own) >= GROWS) {
			x->kind = MULTIPLIES;
			x->weight = after * WHOLE / (before + own);
		}
		before = after;
		if (!dd_overflow(m))
			continue;
		aside_end(s, m);
		m = aside(s, most);
		all = DD_FALSE;
		before = 0;
	}
	aside_end(s, m);
}

static int place_order(const void *pa, const void *pb)
{
	const struct suspect *a = pa, *b = pb;

	return (a->at > b->at) - (a->at < b->at);
}

/* Of equal ones that of the first rule: what was listed first stays first. */
static int suspect_order(const void *pa, const void *pb)
{
	const struct suspect *a = pa, *b = pb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? 1 : -1;
	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return place_order(a, b);
}

/* ---- leaving out ---- */

static void leave_out(struct search *s, size_t n)
{
	for (size_t i = 0; i < s->n; i++)
		s->without.rule[s->list[i].at] = i < n;
}

static bool fits(struct search *s)
{
	struct dd *m = aside(s, KRUX_MAX_STEPS / TRY);
	bool yes;

	decide_without(s->d, m, s->build, s->cap, &s->without);
	yes = !dd_overflow(m);
	aside_end(s, m);
	return yes;
}

/* How many of the first have to go; s->n + 1: all would not do. */
static size_t fewest_first(struct search *s)
{
	size_t lo = 0, hi = 1;               /* lo do not do */

	for (;; hi = hi * 2 < s->n ? hi * 2 : s->n) {
		leave_out(s, hi);
		if (fits(s))
			break;
		lo = hi;
		if (hi == s->n || !s->left)
			return s->n + 1;
	}
	while (hi - lo > 1 && s->left) {
		size_t mid = lo + (hi - lo) / 2;

		leave_out(s, mid);
		if (fits(s))
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

/* Puts back what need not have gone, from the least likely on; those that stay out come first, and one does. */
static size_t put_back(struct search *s, size_t n)
{
	size_t kept = 0, out = n;

	leave_out(s, n);
	for (size_t i = n; i-- > 0 && out > 1 && s->left;) {
		s->without.rule[s->list[i].at] = false;
		if (fits(s))
			out--;
		else
			s->without.rule[s->list[i].at] = true;
	}
	for (size_t i = 0; i < n; i++)
		if (s->without.rule[s->list[i].at]) {
			struct suspect x = s->list[i];

			s->list[i] = s->list[kept];
			s->list[kept++] = x;
		}
	return kept;
}

/* ---- words ---- */

static struct krux_str names_list(struct arena *a, const struct search *s, size_t n)
{
	struct krux_str names = s->list[0].rule->id;
	size_t shown = n > NAMED + 1 ? NAMED : n;

	for (size_t i = 1; i < shown; i++)
		names = arena_printf(a, "%.*s%s%.*s", STR_ARG(names), i + 1 == n ? " and " : ", ", STR_ARG(s->list[i].rule->id));
	return shown < n ? arena_printf(a, "%.*s and %zu more", STR_ARG(names), n - shown) : names;
}

static void rules_name(struct search *s, struct diags *ds, struct diag *d)
{
	size_t n = s->n && s->left ? fewest_first(s) : s->n + 1;
	bool found = n <= s->n;

	if (!s->n) {
		d->fix = KRUX_STR("take fields out of the capability: no rule but those of the built-in layer is about it");
		return;
	}
	n = found ? put_back(s, n) : s->n < NAMED ? s->n : NAMED;
	qsort(s->list, n, sizeof *s->list, place_order);
	d->at = s->list[0].rule->at;
	/* Not their conditions: it can be a rate, or approvals that add up. */
	d->fix = arena_printf(ds->arena, found ? "simplify rule%s %.*s: without %s the diagram fits"
	                                       : "simplify rule%s %.*s, the likeliest to grow it",
	                      n > 1 ? "s" : "", STR_ARG(names_list(ds->arena, s, n)), n > 1 ? "them" : "it");
	if (n > 1) {
		d->other = s->list[1].rule->at;
		d->other_text = KRUX_STR("and this rule");
	}
}

static void search_begin(struct search *s, struct decisions *d, const struct build *b, const struct capability *cap)
{
	*s = (struct search){ .a = arena_new(), .d = d, .build = b, .cap = cap, .left = KRUX_MAX_STEPS / PART };
	suspects_list(s);
	suspects_weigh(s);
	if (s->n)
		qsort(s->list, s->n, sizeof *s->list, suspect_order);
}

void growth_report(struct diags *ds, struct decisions *d, const struct build *b, const struct capability *cap,
                   const char *limit)
{
	struct diag *x = diag_error(ds, 9001, cap->at, "the decision diagram of %.*s needs more %s", STR_ARG(cap->name), limit);
	struct search s;

	x->expected = KRUX_STR("conditions whose overlaps the compiler can tell apart within its limits");
	search_begin(&s, d, b, cap);
	rules_name(&s, ds, x);
	arena_free(s.a);
}

void decide_spent(struct decisions *d, struct diags *ds, const struct build *b, struct dd *const *m, size_t at)
{
	const struct capability *most = m[at]->cap;
	uint64_t steps = m[at]->steps;
	struct search s;
	struct diag *x;

	for (size_t i = 0; i < at; i++)
		if (m[i]->steps > steps) {
			most = m[i]->cap;
			steps = m[i]->steps;
		}
	x = diag_error(ds, 9001, most->at, "the decision diagrams of this build need more than %llu steps together; "
	               "that of %.*s took %llu", (unsigned long long)KRUX_MAX_STEPS, STR_ARG(most->name),
	               (unsigned long long)steps);
	x->expected = KRUX_STR("conditions whose overlaps the compiler can tell apart within its limits");
	search_begin(&s, d, b, most);
	leave_out(&s, 0);
	/* What it has in common with those that are made costs nothing now: it says nothing of rules then. */
	if (steps <= KRUX_MAX_STEPS - KRUX_MAX_STEPS / TRY && s.left && fits(&s))
		x->fix = arena_printf(ds->arena, "build fewer capabilities together: alone, the diagram of %.*s fits",
		                      STR_ARG(most->name));
	else
		rules_name(&s, ds, x);
	arena_free(s.a);
}
