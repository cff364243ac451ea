/* Arenas: chunks that double, freed together. */
#include "compiler/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

struct arena {
	struct chunk *head;
	struct krux_pool *pool;
	size_t total;
};

_Noreturn static void out_of_memory(void)
{
	fputs("kruxc: out of memory\n", stderr);
	exit(3);
}

struct arena *arena_new(void)
{
	struct arena *a = calloc(1, sizeof *a);

	if (!a)
		out_of_memory();
	return a;
}

/* Frees all chunks but `kept`, which is the last one of the list, or NULL. */
static void chunks_free(struct arena *a, const struct chunk *kept)
{
	while (a->head && a->head != kept) {
		struct chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	if (a->pool)
		krux_pool_free(a->pool);
	a->pool = NULL;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	chunks_free(a, NULL);
	free(a);
}

void arena_clear(struct arena *a)
{
	struct chunk *first = a->head;

	while (first && first->next)
		first = first->next;
#ifdef KRUX_DEBUG
	first = NULL;                    /* who still looks there is found out */
#endif
	if (first && first->size > FIRST_CHUNK)
		first = NULL;
	chunks_free(a, first);
	a->total = first ? first->size : 0;
	if (first) {
		memset(first->bytes, 0, first->used);
		first->used = 0;
	}
}

/* A chunk for at least n bytes; large requests get one of their own behind the head, so that
 * the head's room is not lost. */
static void *chunk_add(struct arena *a, size_t n)
{
	size_t want = a->head ? a->head->size * 2 : FIRST_CHUNK;
	struct chunk *c;

	if (want > LARGEST_CHUNK)
		want = LARGEST_CHUNK;
	if (n > SIZE_MAX / 2)
		out_of_memory();
	if (n > want)
		want = n;
	c = calloc(1, sizeof *c + want);
	if (!c)
		out_of_memory();
	c->size = want;
	c->used = n;
	a->total += want;
	if (a->head && n > LARGEST_CHUNK / 2) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	return c->bytes;
}

void *arena_get(struct arena *a, size_t n)
{
	void *p;

	if (n > SIZE_MAX - 15)
		out_of_memory();
	n = (n + 15) & ~(size_t)15;
	if (!a->head || a->head->size - a->head->used < n)
		return chunk_add(a, n);
	p = a->head->bytes + a->head->used;
	a->head->used += n;
	return p;
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
	char *q = arena_get(a, n + 1);

	if (n)
		memcpy(q, p, n);
	return q;
}

struct krux_str arena_str(struct arena *a, struct krux_str s)
{
	return (struct krux_str){ arena_copy(a, s.p, s.n), s.n };
}

struct krux_str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	p = arena_get(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return (struct krux_str){ p, (size_t)n };
}

struct krux_str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct krux_str s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

struct krux_pool *arena_pool(struct arena *a)
{
	if (!a->pool && !(a->pool = krux_pool_new(0)))
		out_of_memory();
	return a->pool;
}

size_t arena_used(const struct arena *a)
{
	return a->total;
}

void *arena_grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size)
{
	void *bigger;
	size_t want;

	if (n < *cap)
		return array;
	want = *cap ? *cap * 2 : 4;
	if (want <= n)
		want = n + 1;
	if (want > SIZE_MAX / size)
		out_of_memory();
	bigger = arena_get(a, want * size);
	if (*cap)
		memcpy(bigger, array, *cap * size);
	*cap = want;
	return bigger;
}
