/* Names to queries: a sorted list, searched by halves. */
#include "runtime/decide/query.h"

#include "capspec/schema.h"

#include <stdlib.h>
#include <string.h>

static int text_order(struct krux_str a, const char *b)
{
	size_t nb = strlen(b), n = a.n < nb ? a.n : nb;
	int c = n ? memcmp(a.p, b, n) : 0;

	return c ? c : (a.n > nb) - (a.n < nb);
}

static int names_order(enum krux_fact_kind kind, struct krux_str policy, struct krux_str name,
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

	return names_order(x->kind, policy, name, &defs[*(const uint32_t *)b]);
}

uint32_t *query_sort(const struct krux_abi *abi)
{
	uint32_t *order = calloc(abi->nfacts ? abi->nfacts : 1, sizeof *order);

	for (uint32_t i = 0; order && i < abi->nfacts; i++)
		order[i] = i;
	if (order)
		qsort_r(order, abi->nfacts, sizeof *order, id_order, (void *)(uintptr_t)abi);
	return order;
}

uint32_t query_find(const struct krux_abi *abi, const uint32_t *order, enum krux_fact_kind kind,
                    struct krux_str policy, struct krux_str name, uint32_t *n)
{
	uint32_t lo = 0, hi = abi->nfacts;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (names_order(kind, policy, name, &abi->facts[order[mid]]) > 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < abi->nfacts; ++*n)
		if (names_order(kind, policy, name, &abi->facts[order[lo + *n]]))
			break;
	return lo;
}

uint64_t query_amount(const struct krux_value *args, const char *sum)
{
	struct krux_str place = { sum, strlen(sum) };
	bool size = place.n > 6 && !memcmp(sum, "size(", 5) && sum[place.n - 1] == ')';
	const struct krux_value *v;

	if (size)
		place = (struct krux_str){ sum + 5, place.n - 6 };
	v = krux_access_value(args, place);
	if (!v)
		return 0;
	return size ? krux_value_size(v) : v->kind == KRUX_V_UINT ? v->u : 0;
}
