/* Interning of outcomes, obligations and facts. Equal content, equal number, so that terminals
 * of two builds compare by number. */
#include "compiler/dd/outcome.h"

#include <string.h>

enum { FIRST_OUTCOME = 3 };

/* Open addressing from a hash to index + 1. */
struct table {
	uint32_t *slot;
	size_t cap, used;
};

struct decisions {
	struct arena *arena;
	struct outcome *outcome;
	size_t noutcomes, cap_outcomes;
	struct obligation *obligation;
	size_t nobligations, cap_obligations;
	struct fact *fact;
	size_t nfacts, cap_facts;
	struct table outcomes, obligations, facts;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= 0x9E3779B97F4A7C15u;
	return h ^ h >> 29;
}

static uint64_t mix_str(uint64_t h, struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = mix(h, (unsigned char)s.p[i]);
	return mix(h, s.n);
}

typedef bool same_fn(const struct decisions *, uint32_t index, const void *key);
typedef uint64_t hash_fn(const struct decisions *, uint32_t index);

static void table_grow(struct decisions *d, struct table *t, hash_fn *hash)
{
	struct table bigger = { .cap = t->cap ? t->cap * 2 : 64, .used = t->used };

	bigger.slot = ARENA_ARRAY(d->arena, uint32_t, bigger.cap);
	for (size_t i = 0; i < t->cap; i++) {
		if (!t->slot[i])
			continue;
		for (size_t k = hash(d, t->slot[i] - 1);; k++)
			if (!bigger.slot[k & (bigger.cap - 1)]) {
				bigger.slot[k & (bigger.cap - 1)] = t->slot[i];
				break;
			}
	}
	*t = bigger;
}

/* The slot of the key: *slot is 0 where it is new. */
static uint32_t *table_find(struct decisions *d, struct table *t, hash_fn *hash, same_fn *same,
                            uint64_t h, const void *key)
{
	if (t->used * 2 >= t->cap)
		table_grow(d, t, hash);
	for (;; h++) {
		uint32_t *slot = &t->slot[h & (t->cap - 1)];

		if (!*slot || same(d, *slot - 1, key))
			return slot;
	}
}

/* ---- facts ---- */

static uint64_t fact_hash(const struct decisions *d, uint32_t i)
{
	const struct fact *f = &d->fact[i];

	return mix_str(mix_str(mix(f->kind, f->per), f->policy), f->name);
}

bool fact_sums_alike(const struct fact *a, const struct fact *b)
{
	return a->sum.kind == b->sum.kind && krux_str_eq(a->sum.access.text, b->sum.access.text);
}

static bool fact_same(const struct decisions *d, uint32_t i, const void *key)
{
	const struct fact *a = &d->fact[i], *b = key;

	/* The limit of a rate is a cut in a count; that of a budget is part of the question. */
	return a->kind == b->kind && a->per == b->per && krux_str_eq(a->policy, b->policy) &&
	       krux_str_eq(a->name, b->name) &&
	       (a->kind != KRUX_FACT_BUDGET || (a->max == b->max && fact_sums_alike(a, b)));
}

uint32_t decisions_fact(struct decisions *d, const struct dd_var *v)
{
	struct fact f = { .kind = v->fact, .policy = v->policy, .name = v->subject.name, .per = v->per,
	                  .max = v->max, .sum = v->budget };
	uint32_t *slot;

	ARENA_PUSH(d->arena, d->fact, d->nfacts, d->cap_facts, f);
	slot = table_find(d, &d->facts, fact_hash, fact_same, fact_hash(d, (uint32_t)d->nfacts - 1), &f);
	if (*slot) {
		d->nfacts--;
		return *slot - 1;
	}
	d->facts.used++;
	return (*slot = (uint32_t)d->nfacts) - 1;
}

uint32_t decisions_facts(const struct decisions *d, const struct fact **out)
{
	*out = d->fact;
	return (uint32_t)d->nfacts;
}

/* ---- obligations ---- */

static uint64_t obligation_hash(const struct decisions *d, uint32_t i)
{
	const struct obligation *o = &d->obligation[i];
	uint64_t h = mix(o->ttl, o->notify);

	for (size_t k = 0; k < o->napprovals; k++) {
		h = mix(h, o->approval[k].quorum);
		for (size_t j = 0; j < o->approval[k].nfrom; j++)
			h = mix_str(h, o->approval[k].from[j]);
	}
	for (size_t k = 0; k < o->ncounters; k++)
		h = mix(h, o->counter[k]);
	return h;
}

static int str_order(struct krux_str a, struct krux_str b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* By approvers, then quorum; the ttl is kept apart. */
static int approval_order(const struct approval *a, const struct approval *b)
{
	for (size_t i = 0; i < a->nfrom && i < b->nfrom; i++) {
		int c = str_order(a->from[i], b->from[i]);
		if (c)
			return c;
	}
	if (a->nfrom != b->nfrom)
		return a->nfrom < b->nfrom ? -1 : 1;
	return (a->quorum > b->quorum) - (a->quorum < b->quorum);
}

static bool obligation_same(const struct decisions *d, uint32_t i, const void *key)
{
	const struct obligation *a = &d->obligation[i], *b = key;

	if (a->ttl != b->ttl || a->notify != b->notify || a->napprovals != b->napprovals ||
	    a->ncounters != b->ncounters)
		return false;
	for (size_t k = 0; k < a->napprovals; k++)
		if (approval_order(&a->approval[k], &b->approval[k]))
			return false;
	return !a->ncounters || !memcmp(a->counter, b->counter, a->ncounters * sizeof *a->counter);
}

static uint32_t obligation_intern(struct decisions *d, const struct obligation *o)
{
	uint32_t *slot;

	ARENA_PUSH(d->arena, d->obligation, d->nobligations, d->cap_obligations, *o);
	slot = table_find(d, &d->obligations, obligation_hash, obligation_same,
	                  obligation_hash(d, (uint32_t)d->nobligations - 1), o);
	if (*slot) {
		d->nobligations--;
		return *slot - 1;
	}
	d->obligations.used++;
	return (*slot = (uint32_t)d->nobligations) - 1;
}

uint32_t decisions_obligations(const struct decisions *d, const struct obligation **out)
{
	*out = d->obligation;
	return (uint32_t)d->nobligations;
}

/* ---- outcomes ---- */

static uint64_t outcome_hash(const struct decisions *d, uint32_t i)
{
	const struct outcome *o = &d->outcome[i];

	return mix(mix(o->verdict, o->would), o->obligation);
}

static bool outcome_same(const struct decisions *d, uint32_t i, const void *key)
{
	const struct outcome *a = &d->outcome[i], *b = key;

	return a->verdict == b->verdict && a->would == b->would && a->obligation == b->obligation;
}

static uint32_t outcome_intern(struct decisions *d, struct outcome o)
{
	uint32_t *slot;

	ARENA_PUSH(d->arena, d->outcome, d->noutcomes, d->cap_outcomes, o);
	slot = table_find(d, &d->outcomes, outcome_hash, outcome_same,
	                  outcome_hash(d, (uint32_t)d->noutcomes - 1), &o);
	if (*slot) {
		d->noutcomes--;
		return *slot - 1 + FIRST_OUTCOME;
	}
	d->outcomes.used++;
	return (*slot = (uint32_t)d->noutcomes) - 1 + FIRST_OUTCOME;
}

const struct outcome *decisions_outcome(const struct decisions *d, uint32_t value)
{
	if (value < FIRST_OUTCOME || value - FIRST_OUTCOME >= d->noutcomes)
		return NULL;
	return &d->outcome[value - FIRST_OUTCOME];
}

/* Of a value that is known to be an outcome. */
static struct outcome outcome_at(const struct decisions *d, uint32_t value)
{
	return d->outcome[value - FIRST_OUTCOME];
}

struct decisions *decisions_new(struct arena *a)
{
	struct decisions *d = ARENA_NEW(a, struct decisions);

	d->arena = a;
	obligation_intern(d, &(struct obligation){ 0 });
	return d;
}

uint32_t outcome_make(struct decisions *d, enum krux_verdict v, const struct approval *approval,
                      const uint32_t *counter, size_t ncounters)
{
	struct obligation o = { 0 };

	if (v == KRUX_BLOCKED)
		return outcome_intern(d, (struct outcome){ .verdict = v, .would = v });
	o.notify = v == KRUX_NOTIFY;
	if (v == KRUX_APPROVAL) {
		struct approval *one = ARENA_NEW(d->arena, struct approval);

		*one = *approval;
		one->ttl = 0;
		o.ttl = approval->ttl;
		o.approval = one;
		o.napprovals = 1;
	}
	if (ncounters) {
		uint32_t *c = ARENA_ARRAY(d->arena, uint32_t, ncounters);

		memcpy(c, counter, ncounters * sizeof *c);
		o.counter = c;
		o.ncounters = ncounters;
	}
	return outcome_intern(d, (struct outcome){ v, v, obligation_intern(d, &o) });
}

static void approvals_join(struct decisions *d, const struct obligation *a, const struct obligation *b,
                           struct obligation *out)
{
	struct approval *all = ARENA_ARRAY(d->arena, struct approval, a->napprovals + b->napprovals + 1);
	size_t i = 0, j = 0, n = 0;

	while (i < a->napprovals || j < b->napprovals) {
		int c = i == a->napprovals ? 1 : j == b->napprovals ? -1
		        : approval_order(&a->approval[i], &b->approval[j]);

		all[n++] = c <= 0 ? a->approval[i] : b->approval[j];
		i += c <= 0;
		j += c >= 0;
	}
	out->approval = all;
	out->napprovals = n;
	out->ttl = !a->ttl ? b->ttl : !b->ttl ? a->ttl : a->ttl < b->ttl ? a->ttl : b->ttl;
}

static void counters_join(struct decisions *d, const struct obligation *a, const struct obligation *b,
                          struct obligation *out)
{
	uint32_t *all = ARENA_ARRAY(d->arena, uint32_t, a->ncounters + b->ncounters + 1);
	size_t i = 0, j = 0, n = 0;

	while (i < a->ncounters || j < b->ncounters) {
		bool left = j == b->ncounters || (i < a->ncounters && a->counter[i] <= b->counter[j]);
		bool right = i == a->ncounters || (j < b->ncounters && b->counter[j] <= a->counter[i]);

		all[n++] = left ? a->counter[i] : b->counter[j];
		i += left;
		j += right;
	}
	out->counter = all;
	out->ncounters = n;
}

uint32_t outcome_combine(void *ctx, uint32_t va, uint32_t vb)
{
	struct decisions *d = ctx;
	struct outcome a, b, o;
	struct obligation x, y, both;

	if (va == vb || vb == DD_FALSE)
		return va;
	if (va == DD_FALSE)
		return vb;
	a = outcome_at(d, va);
	b = outcome_at(d, vb);
	o.verdict = a.verdict < b.verdict ? a.verdict : b.verdict;
	o.would = o.verdict;
	o.obligation = 0;
	if (o.verdict == KRUX_BLOCKED)
		return outcome_intern(d, o);
	x = d->obligation[a.obligation];
	y = d->obligation[b.obligation];
	both = (struct obligation){ .notify = x.notify || y.notify };
	approvals_join(d, &x, &y, &both);
	counters_join(d, &x, &y, &both);
	o.obligation = obligation_intern(d, &both);
	return outcome_intern(d, o);
}

uint32_t outcome_first(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	return a != DD_FALSE ? a : b;
}

uint32_t outcome_pair(void *ctx, uint32_t va, uint32_t vb)
{
	struct decisions *d = ctx;
	struct outcome o = outcome_at(d, va);

	o.would = outcome_at(d, vb).verdict;
	return outcome_intern(d, o);
}
