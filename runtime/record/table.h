/* Things found by bytes. Each begins with its key; the table owns neither. */
#ifndef KRUX_TABLE_H
#define KRUX_TABLE_H

#include "capspec/value.h"

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

/* By bytes, the shorter first where one begins the other. */
int table_order(struct krux_str a, struct krux_str b);

#endif
