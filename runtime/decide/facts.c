/* Events to answers: one number a query, found by kind, policy and name. */
#include "runtime/decide/facts.h"

#include "runtime/decide/zone.h"

#include <stdlib.h>
#include <string.h>

struct facts {
	const struct krux_abi *abi;
	uint64_t wall, seconds, weekday;
	bool has_time;
	uint64_t *answer;       /* by query */
	uint64_t *oldest;       /* by query: when the first that counts was, UINT64_MAX: none does */
	bool *asked;
	uint32_t *order;        /* queries by kind, policy, name */
};

static int text_order(struct krux_str a, const char *b)
{
	size_t nb = strlen(b), n = a.n < nb ? a.n : nb;
	int c = n ? memcmp(a.p, b, n) : 0;

	return c ? c : (a.n > nb) - (a.n < nb);
}

static int query_order(enum krux_fact_kind kind, struct krux_str policy, struct krux_str name,
                       const struct krux_fact_def *def)
{
	int c = (kind > def->kind) - (kind < def->kind);

	if (!c)
		c = text_order(policy, def->policy);
	return c ? c : text_order(name, def->name);
}

static int id_order(const void *a, const void *b, void *abi)
{
	const struct krux_fact_def *defs = ((const struct krux_abi *)abi)->facts;
	const struct krux_fact_def *x = &defs[*(const uint32_t *)a];
	struct krux_str policy = { x->policy, strlen(x->policy) },
			name = { x->name, strlen(x->name) };

	return query_order(x->kind, policy, name, &defs[*(const uint32_t *)b]);
}

struct facts *facts_new(const struct krux_abi *abi)
{
	struct facts *f = calloc(1, sizeof *f);
	size_t n = abi->nfacts ? abi->nfacts : 1;

	if (!f)
		return NULL;
	f->abi = abi;
	f->answer = calloc(n, sizeof *f->answer);
	f->oldest = malloc(n * sizeof *f->oldest);
	f->asked = calloc(n, sizeof *f->asked);
	f->order = calloc(n, sizeof *f->order);
	if (!f->answer || !f->oldest || !f->asked || !f->order) {
		facts_free(f);
		return NULL;
	}
	for (uint32_t i = 0; i < abi->nfacts; i++)
		f->order[i] = i;
	memset(f->oldest, 0xFF, n * sizeof *f->oldest);
	qsort_r(f->order, abi->nfacts, sizeof *f->order, id_order, (void *)(uintptr_t)abi);
	return f;
}

void facts_moment(struct facts *f, uint64_t wall)
{
	f->wall = wall;
	f->has_time = zone_time(wall, &f->seconds, &f->weekday);
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	free(f->answer);
	free(f->oldest);
	free(f->asked);
	free(f->order);
	free(f);
}

/* The first query of these names in the order; n queries may share them. */
static uint32_t query_find(const struct facts *f, enum krux_fact_kind kind, struct krux_str policy,
                           struct krux_str name)
{
	uint32_t lo = 0, hi = f->abi->nfacts;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (query_order(kind, policy, name, &f->abi->facts[f->order[mid]]) > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void query_add(struct facts *f, enum krux_fact_kind kind, struct krux_str policy,
                      struct krux_str name, uint64_t when, uint64_t amount)
{
	for (uint32_t i = query_find(f, kind, policy, name); i < f->abi->nfacts; i++) {
		uint32_t id = f->order[i];
		const struct krux_fact_def *def = &f->abi->facts[id];

		if (query_order(kind, policy, name, def))
			return;
		/* An intent from later than now, after the clock went back, counts. */
		if (def->per && f->wall > def->per && when <= f->wall - def->per)
			continue;
		if (__builtin_add_overflow(f->answer[id], amount, &f->answer[id]))
			f->answer[id] = UINT64_MAX;
		if (when < f->oldest[id])
			f->oldest[id] = when;
	}
}

void facts_label(struct facts *f, struct krux_str label)
{
	uint32_t i = query_find(f, KRUX_FACT_LABEL, KRUX_STR(""), label);

	if (i < f->abi->nfacts &&
	    !query_order(KRUX_FACT_LABEL, KRUX_STR(""), label, &f->abi->facts[f->order[i]]))
		f->answer[f->order[i]] = 1;
}

void facts_call(struct facts *f, struct krux_str capability)
{
	query_add(f, KRUX_FACT_CALLS, KRUX_STR(""), capability, f->wall, 1);
}

void facts_count(struct facts *f, enum krux_fact_kind kind, struct krux_str policy,
                 struct krux_str rule, uint64_t when, uint64_t amount)
{
	if (kind == KRUX_FACT_RATE || kind == KRUX_FACT_BUDGET)
		query_add(f, kind, policy, rule, when, amount);
}

uint64_t facts_wait(const struct facts *f, struct krux_str policy, struct krux_str rule)
{
	uint32_t i = query_find(f, KRUX_FACT_RATE, policy, rule), id;
	const struct krux_fact_def *def;
	uint64_t end;

	if (i == f->abi->nfacts)
		return 0;
	id = f->order[i];
	def = &f->abi->facts[id];
	if (query_order(KRUX_FACT_RATE, policy, rule, def) || f->answer[id] < def->max)
		return 0;
	if (f->oldest[id] == UINT64_MAX || __builtin_add_overflow(f->oldest[id], def->per, &end))
		return 0;
	return end > f->wall ? end - f->wall : 0;
}

bool facts_quiet(void *ctx, uint32_t id, uint64_t *answer)
{
	const struct facts *f = ctx;

	if (id >= f->abi->nfacts)
		return false;
	switch (f->abi->facts[id].kind) {
	case KRUX_FACT_TIME:
		*answer = f->seconds;
		return f->has_time;
	case KRUX_FACT_WEEKDAY:
		*answer = f->weekday;
		return f->has_time;
	case KRUX_FACT_LABEL:
	case KRUX_FACT_CALLS:
	case KRUX_FACT_RATE:
	case KRUX_FACT_BUDGET:
		*answer = f->answer[id];
		return true;
	default:
		return false;
	}
}

bool facts_answer(void *ctx, uint32_t id, uint64_t *answer)
{
	struct facts *f = ctx;

	if (!facts_quiet(f, id, answer))
		return false;
	f->asked[id] = true;
	return true;
}

bool facts_asked(const struct facts *f, uint32_t id)
{
	return id < f->abi->nfacts && f->asked[id];
}
