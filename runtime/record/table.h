/* Things found by bytes. Each begins with its key; the table owns neither. */
#ifndef KRUX_TABLE_H
#define KRUX_TABLE_H

#include "capspec/value.h"

#include <string.h>

struct table {
	struct table_slot {
		uint64_t hash;
		struct krux_str *item;          /* NULL: free */
	} *slot;
	size_t n, room;                         /* room: a power of 2, or 0 */
	struct krux_str **recent;               /* found not long ago: most keys come again at once */
};

/* Not for two threads at once. */
void *table_find(const struct table *, struct krux_str key);
/* A new one, whose key is not in it. False: no memory. */
bool table_put(struct table *, void *item);
/* Takes out one that is in it. */
void table_remove(struct table *, const void *item);
void table_free(struct table *);
/* Items from *at on, in no order; NULL at the end. */
void *table_each(const struct table *, size_t *at);
/* All items, by key; the caller frees. NULL: no memory, also where there are none. */
void **table_sorted(const struct table *);

static inline uint64_t table_word(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* Are they equal; names are mostly short. */
static inline bool table_same(struct krux_str a, struct krux_str b)
{
	size_t n = a.n;

	if (n != b.n)
		return false;
	if (n < sizeof(uint64_t) || n > 4 * sizeof(uint64_t))
		return !n || !memcmp(a.p, b.p, n);
	for (size_t i = 0; i + sizeof(uint64_t) < n; i += sizeof(uint64_t))
		if (table_word(a.p + i) != table_word(b.p + i))
			return false;
	return table_word(a.p + n - sizeof(uint64_t)) == table_word(b.p + n - sizeof(uint64_t));
}

/* By bytes, the shorter first where one begins the other. */
int table_order(struct krux_str a, struct krux_str b);

#endif
