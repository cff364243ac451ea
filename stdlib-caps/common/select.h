/* The first few of many, sorted, in bounded memory. */
#ifndef KRUX_SELECT_H
#define KRUX_SELECT_H

#include <stdbool.h>
#include <stddef.h>

struct krux_pool;

typedef int select_cmp(const void *a, const void *b, const void *ctx);

struct select {
	size_t size, max, n;     /* bytes of an item; items to keep; kept */
	void **item;             /* sorted */
	select_cmp *cmp;
	const void *ctx;
	struct krux_pool *pool;
};

bool select_init(struct select *s, struct krux_pool *pool, size_t size, size_t max, select_cmp *cmp,
                 const void *ctx);
/* Keeps a copy of it when it is among the first. False: no memory. */
bool select_add(struct select *, const void *item);

#endif
