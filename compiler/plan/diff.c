/* Two builds side by side: where their rules for a capability are not the same to the letter, its
 * two diagrams are made in one manager, paired, and the paths on which the pair differs are the
 * changes. */
#include "compiler/plan/diff.h"

#include "compiler/plan/given.h"
#include "compiler/plan/joint.h"
#include "compiler/plan/words.h"

#include <stdlib.h>
#include <string.h>

enum { APPLY_PAIRS = 301, FIRST_PAIR = 3 };

/* Terminals of the paired diagram: which outcome became which. Equal outcomes are FALSE; TRUE is where rates and
 * budgets are what they cannot be. */
struct pairs {
	struct arena *arena;
	const struct decisions *d;
	struct pair { uint32_t from, to; } *list;
	size_t n, cap;
};

/* Do two facts count the same. What limits them is seen where it is reached. */
static bool fact_alike(const struct decisions *d, uint32_t a, uint32_t b)
{
	const struct fact *all;

	decisions_facts(d, &all);
	return a == b || (all[a].kind == all[b].kind && all[a].per == all[b].per && fact_sums_alike(&all[a], &all[b]) &&
	                  krux_str_eq(all[a].policy, all[b].policy) && krux_str_eq(all[a].name, all[b].name));
}

/* Is each fact of a counted in b as well. */
static bool counters_kept(const struct decisions *d, const struct obligation *a, const struct obligation *b)
{
	for (size_t i = 0; i < a->ncounters; i++) {
		bool kept = false;

		for (size_t k = 0; k < b->ncounters && !kept; k++)
			kept = fact_alike(d, a->counter[i], b->counter[k]);
		if (!kept)
			return false;
	}
	return true;
}

static bool approvals_same(const struct obligation *a, const struct obligation *b)
{
	if (a->ttl != b->ttl || a->notify != b->notify || a->napprovals != b->napprovals)
		return false;
	for (size_t i = 0; i < a->napprovals; i++) {
		const struct approval *x = &a->approval[i], *y = &b->approval[i];

		if (x->quorum != y->quorum || x->nfrom != y->nfrom)
			return false;
		for (size_t k = 0; k < x->nfrom; k++)
			if (!krux_str_eq(x->from[k], y->from[k]))
				return false;
	}
	return true;
}

static bool outcome_alike(const struct decisions *d, uint32_t from, uint32_t to)
{
	const struct outcome *x = decisions_outcome(d, from), *y = decisions_outcome(d, to);
	const struct obligation *all, *a, *b;

	if (!x || !y || x->verdict != y->verdict || x->would != y->would)
		return false;
	decisions_obligations(d, &all);
	a = &all[x->obligation];
	b = &all[y->obligation];
	return approvals_same(a, b) && counters_kept(d, a, b) && counters_kept(d, b, a);
}

static uint32_t pair_make(void *ctx, uint32_t from, uint32_t to)
{
	struct pairs *p = ctx;

	if (from == to || outcome_alike(p->d, from, to))
		return DD_FALSE;
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].from == from && p->list[i].to == to)
			return FIRST_PAIR + (uint32_t)i;
	ARENA_PUSH(p->arena, p->list, p->n, p->cap, ((struct pair){ from, to }));
	return FIRST_PAIR + (uint32_t)p->n - 1;
}

/* One capability at work. */
struct comparison {
	struct arena *arena;               /* of the capability */
	struct words *words;
	bool wider;                        /* only the first region that widens is asked for */
	uint64_t nshown, nhere;            /* regions in all, and of the capability */
	struct decisions *d;
	struct pairs *pairs;
	change_fn *fn;
	void *ctx;
	struct change change;
	bool stopped;
};

/* Does the new outcome ask for less before the same verdict: fewer or other approvals, a longer
 * ttl, no notice, no count. */
static bool obligations_loosen(const struct decisions *d, const struct outcome *from, const struct outcome *to)
{
	const struct obligation *all, *a, *b;

	decisions_obligations(d, &all);
	a = &all[from->obligation];
	b = &all[to->obligation];
	if (a == b)
		return false;
	if (b->ttl > a->ttl || (a->notify && !b->notify) || b->ncounters < a->ncounters ||
	    b->napprovals < a->napprovals)
		return true;
	for (size_t i = 0; i < a->napprovals; i++) {
		bool kept = false;

		for (size_t k = 0; k < b->napprovals && !kept; k++) {
			const struct approval *x = &a->approval[i], *y = &b->approval[k];

			kept = y->quorum >= x->quorum && y->nfrom == x->nfrom;
			for (size_t j = 0; kept && j < x->nfrom; j++)
				kept = krux_str_eq(x->from[j], y->from[j]);
		}
		if (!kept)
			return true;
	}
	return !counters_kept(d, a, b);
}

static bool pair_widens(const struct decisions *d, const struct pair *p)
{
	const struct outcome *from = decisions_outcome(d, p->from), *to = decisions_outcome(d, p->to);

	return to->verdict > from->verdict || (to->verdict == from->verdict && obligations_loosen(d, from, to));
}

/* dd_map_op: without the pairs that do not widen. */
static uint32_t wider_only(void *ctx, uint32_t value)
{
	const struct comparison *c = ctx;

	return value >= FIRST_PAIR && !pair_widens(c->d, &c->pairs->list[value - FIRST_PAIR]) ? (uint32_t)DD_FALSE : value;
}

/* dd_map_op. */
static uint32_t is_pair(void *ctx, uint32_t value)
{
	(void)ctx;
	return value >= FIRST_PAIR ? DD_TRUE : DD_FALSE;
}

static enum path_kind pair_path_kind(const void *ctx, uint32_t value)
{
	(void)ctx;
	return value == DD_TRUE ? PATH_NEVER : value == DD_FALSE ? PATH_PLAIN : PATH_ROW;
}

static void region_show(struct comparison *c, const struct joined_row *row)
{
	const struct pair *p = &c->pairs->list[row->value - FIRST_PAIR];
	struct arena *a = arena_new();
	struct dd_region region = row_region(a, row);

	c->change.row = row;
	c->change.from = decisions_outcome(c->d, p->from);
	c->change.to = decisions_outcome(c->d, p->to);
	c->change.widens = pair_widens(c->d, p);
	if (dd_region_witness(c->change.m, a, &region, &c->change.witness)) {
		c->nshown++;
		c->nhere++;
		c->stopped = !c->fn(c->ctx, c->d, &c->change);
	} else if (!dd_overflow(c->change.m)) {
		abort();                        /* every region holds a request */
	}
	arena_free(a);
}

/* Has a condition been made of the local time. */
static bool reads_clock(const struct dd *m)
{
	for (uint32_t i = 0; i < dd_nvars(m); i++) {
		const struct dd_var *v = dd_variable(m, i);

		if (v->is_fact && (v->fact == KRUX_FACT_TIME || v->fact == KRUX_FACT_WEEKDAY))
			return true;
	}
	return false;
}

static void zone_diff(struct comparison *c, const struct build *old, const struct build *new)
{
	struct change x = c->change;

	if (krux_str_eq(old->zone, new->zone) || !reads_clock(c->change.m))
		return;
	x.kind = CHANGE_ZONE;
	x.widens = true;
	c->stopped = !c->fn(c->ctx, c->d, &x);
}

static void regions_show(struct comparison *c, uint32_t f, uint32_t wide)
{
	struct dd *m = c->change.m;
	const struct condensed *paths = condense(c->arena, m, pair_path_kind, NULL, f);
	uint64_t all = condensed_count(paths, false), rest;
	uint64_t most = DIFF_MOST_REGIONS - c->nshown, read = all < most ? all : most;
	const struct joined_row *row;
	size_t n = joined_rows(paths, c->arena, c->words, m, false, read, &row), i;

	c->nhere = 0;
	for (i = 0; i < n && !c->stopped && !(c->wider && c->nhere); i++)
		region_show(c, &row[i]);
	rest = all == UINT64_MAX ? all : all - read + n - i;
	if (c->stopped || !rest || dd_overflow(m))
		return;
	c->change.kind = CHANGE_REST;
	c->change.rest = rest;
	c->change.widens = dd_satisfiable(m, dd_map(m, is_pair, NULL, wide));
	c->stopped = !c->fn(c->ctx, c->d, &c->change);
}

static void capability_diff(struct comparison *c, struct diags *ds, const struct build *old,
                            const struct build *new, const struct joint *j)
{
	struct dd *m = dd_new(&j->call);
	uint32_t f, g, both, wide;

	c->change.kind = CHANGE_REGION;
	c->change.call = &j->call;
	c->change.m = m;
	f = joint_decision(j, c->arena, m, c->change.old, decide_build(c->d, m, ds, old, c->change.old));
	g = joint_decision(j, c->arena, m, c->change.cap, decide_build(c->d, m, ds, new, c->change.cap));
	c->pairs->n = 0;
	if (!dd_overflow(m))
		zone_diff(c, old, new);
	if (!c->stopped && f != g && !dd_overflow(m)) {
		both = dd_apply(m, APPLY_PAIRS, pair_make, c->pairs, f, g);
		both = dd_ite(m, given_possible(c->arena, m), both, DD_TRUE);
		wide = dd_map(m, wider_only, c, both);
		regions_show(c, c->wider ? wide : both, wide);
	}
	if (dd_overflow(m) && !ds->errors)
		diag_error(ds, 9001, c->change.cap->at, "the comparison of %.*s needs more %s", STR_ARG(c->change.cap->name),
		           dd_overflow(m));
	c->change.call = NULL;
	c->change.m = NULL;
	dd_free(m);
}

static const struct capability *other_find(const struct capability_set *set, const struct capability *cap)
{
	size_t lo = 0, hi = set->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct capability *x = set->cap[mid];
		size_t n = x->name.n < cap->name.n ? x->name.n : cap->name.n;
		int o = memcmp(x->name.p, cap->name.p, n);

		if (!o)
			o = (x->name.n > cap->name.n) - (x->name.n < cap->name.n);
		if (!o)
			o = (x->major > cap->major) - (x->major < cap->major);
		if (!o)
			o = (x->minor > cap->minor) - (x->minor < cap->minor);
		if (!o)
			return x;
		if (o < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* A capability that both builds have. */
static void both_diff(struct comparison *c, struct diags *ds, const struct build *old, const struct build *new)
{
	struct change *x = &c->change;
	struct joint j = { .call = *x->cap };

	if (!capability_same_input(x->old, x->cap)) {
		x->kind = CHANGE_INPUT;
		x->breaking = !capability_compatible(c->arena, x->old, x->cap, &x->why);
		joint_make(&j, c->arena, old, x->old, new, x->cap);
		x->what = j.what;
		x->unequal = j.unequal;
		x->widens = j.widens;
		c->stopped = !c->fn(c->ctx, c->d, x);
		if (c->stopped || j.unequal.n)
			return;
	} else if (krux_str_eq(old->zone, new->zone) && decide_alike(old, x->old, new, x->cap)) {
		decide_facts(c->d, new, x->cap);
		return;
	}
	capability_diff(c, ds, old, new, &j);
}

bool builds_diff(struct words *words, struct diags *ds, const struct build *old, const struct build *new, bool wider,
                 change_fn *fn, void *ctx)
{
	struct pairs pairs = { .arena = words->arena };
	struct comparison c = { .d = decisions_new(words->arena), .pairs = &pairs, .words = words, .wider = wider, .fn = fn, .ctx = ctx };
	/* What one capability has worked out is gone with the last manager: this one outlives them. */
	struct dd *kept = new->caps.n ? dd_new(new->caps.cap[0]) : NULL;

	/* Both builds, and as much again to compare them. */
	if (kept)
		dd_allow(3);
	pairs.d = c.d;
	for (size_t i = 0; i < old->caps.n && !c.stopped; i++)
		if (!other_find(&new->caps, old->caps.cap[i])) {
			c.change = (struct change){ .kind = CHANGE_REMOVED, .cap = old->caps.cap[i] };
			c.stopped = !fn(ctx, c.d, &c.change);
		}
	for (size_t i = 0; i < new->caps.n && !c.stopped; i++) {
		const struct capability *cap = new->caps.cap[i];

		c.change = (struct change){ .cap = cap, .old = other_find(&old->caps, cap) };
		if (!c.change.old) {
			c.change.kind = CHANGE_ADDED;
			c.stopped = !fn(ctx, c.d, &c.change);
		} else {
			c.arena = arena_new();
			both_diff(&c, ds, old, new);
			arena_free(c.arena);
		}
	}
	dd_free(kept);
	return !ds->errors;
}
