/* Lists of names to tables that are searched by halving. */
#include "compiler/model/names.h"

#include <stdlib.h>
#include <string.h>

int name_order(struct krux_str a, struct krux_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int index_order(const void *pa, const void *pb, void *names)
{
	const struct krux_str *name = names;
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	int c = name_order(name[a], name[b]);

	return c ? c : (a > b) - (a < b);
}

void names_make(struct names *t, struct arena *a, const struct krux_str *name, size_t n)
{
	t->name = name;
	t->n = n;
	t->order = ARENA_ARRAY(a, uint32_t, n);
	for (size_t i = 0; i < n; i++)
		t->order[i] = (uint32_t)i;
	if (n)
		qsort_r(t->order, n, sizeof *t->order, index_order, (void *)(uintptr_t)name);
}

uint32_t names_find(const struct names *t, struct krux_str name)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (name_order(t->name[t->order[mid]], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == t->n || name_order(t->name[t->order[lo]], name))
		return NAMES_NONE;
	return t->order[lo];
}

uint32_t names_first(const struct names *t, uint32_t i)
{
	return names_find(t, t->name[i]);
}

struct krux_str name_near(const struct diags *ds, struct krux_str name,
                          const struct krux_str *names, size_t n)
{
	enum { ENOUGH = 64 };

	return diag_nearest(name, names, ds->n > ENOUGH ? 0 : n);
}
