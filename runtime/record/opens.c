/* A sorted array: intents arrive in order and leave soon. */
#include "runtime/record/opens.h"

#include <stdlib.h>
#include <string.h>

bool opens_add(struct opens *o, uint64_t seq)
{
	if (o->n == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 16;
		uint64_t *grown = reallocarray(o->seq, cap, sizeof *grown);

		if (!grown)
			return false;
		o->seq = grown;
		o->cap = cap;
	}
	o->seq[o->n++] = seq;
	return true;
}

bool opens_remove(struct opens *o, uint64_t seq)
{
	size_t lo = 0, hi = o->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->seq[mid] < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == o->n || o->seq[lo] != seq)
		return false;
	memmove(o->seq + lo, o->seq + lo + 1, (o->n - lo - 1) * sizeof *o->seq);
	o->n--;
	return true;
}

void opens_free(struct opens *o)
{
	free(o->seq);
	*o = (struct opens){ 0 };
}
