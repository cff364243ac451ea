/* Pools: blocks that grow, freed together. The limit counts whole blocks, so it bounds what is
 * really taken from the system. */
#include "capspec/value.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, ALIGN = 16 };

struct block {
	struct block *next;
	size_t size;
	_Alignas(ALIGN) char bytes[];
};

struct krux_pool {
	struct block *blocks;
	struct block *current;  /* that `free` is in; NULL: none yet */
	char *free;
	size_t left;          /* bytes at free */
	size_t next;          /* size of the next block */
	size_t taken, limit;
};

struct krux_pool *krux_pool_new(size_t limit)
{
	struct krux_pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	pool->limit = limit ? limit : SIZE_MAX;
	pool->next = FIRST_BLOCK;
	return pool;
}

void krux_pool_free(struct krux_pool *pool)
{
	if (!pool)
		return;
	for (struct block *b = pool->blocks; b;) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
	free(pool);
}

static char *block_add(struct krux_pool *pool, size_t size)
{
	struct block *b;

	if (size > pool->limit - pool->taken || size > SIZE_MAX - sizeof *b)
		return NULL;
	b = calloc(1, sizeof *b + size);
	if (!b)
		return NULL;
	b->next = pool->blocks;
	b->size = size;
	pool->blocks = b;
	pool->taken += size;
	return b->bytes;
}

void *krux_pool_get(struct krux_pool *pool, size_t n)
{
	size_t size, room;
	char *p;

	if (n > SIZE_MAX - ALIGN)
		return NULL;
	n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (n <= pool->left) {
		p = pool->free;
		pool->free += n;
		pool->left -= n;
		return p;
	}
	/* What is large gets a block of its own; the room at hand stays. */
	if (n > LARGEST_BLOCK / 4)
		return block_add(pool, n);
	while (pool->next < 4 * n)
		pool->next *= 2;
	size = pool->next;
	room = pool->limit - pool->taken;
	if (size > room)
		size = room & ~(size_t)(ALIGN - 1);
	if (size < n)
		return NULL;
	p = block_add(pool, size);
	if (!p)
		return NULL;
	if (pool->next < LARGEST_BLOCK)
		pool->next *= 2;
	pool->current = pool->blocks;
	pool->free = p + n;
	pool->left = size - n;
	return p;
}

void krux_pool_reset(struct krux_pool *pool)
{
	struct block *keep = pool->current;

	for (struct block *b = pool->blocks, *next; b; b = next) {
		next = b->next;
		if (b != keep)
			free(b);
	}
	pool->blocks = keep;
	pool->taken = keep ? keep->size : 0;
	if (!keep)
		return;
	keep->next = NULL;
	memset(keep->bytes, 0, keep->size - pool->left);
	pool->free = keep->bytes;
	pool->left = keep->size;
}

size_t krux_pool_room(const struct krux_pool *pool)
{
	return pool->limit - pool->taken + pool->left;
}

char *krux_pool_copy(struct krux_pool *pool, const void *p, size_t n)
{
	char *copy;

	if (n == SIZE_MAX)
		return NULL;
	copy = krux_pool_get(pool, n + 1);
	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}
