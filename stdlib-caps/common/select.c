/* A stream of items to the smallest few, by insertion; the memory of what falls out is used
 * again. */
#include "stdlib-caps/common/select.h"

#include <string.h>

#include "capspec/value.h"

bool select_init(struct select *s, struct krux_pool *pool, size_t size, size_t max, select_cmp *cmp,
                 const void *ctx)
{
	*s = (struct select){ .size = size, .max = max, .cmp = cmp, .ctx = ctx, .pool = pool };
	s->item = krux_pool_get(pool, max * sizeof *s->item);
	return s->item != NULL;
}

bool select_add(struct select *s, const void *item)
{
	size_t lo = 0, hi = s->n;
	void *slot;

	if (s->n == s->max && s->cmp(item, s->item[s->n - 1], s->ctx) >= 0)
		return true;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->cmp(item, s->item[mid], s->ctx) < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	slot = s->n == s->max ? s->item[--s->n] : krux_pool_get(s->pool, s->size);
	if (!slot)
		return false;
	memcpy(slot, item, s->size);
	memmove(s->item + lo + 1, s->item + lo, (s->n - lo) * sizeof *s->item);
	s->item[lo] = slot;
	s->n++;
	return true;
}
