/* Memory of the compiler: one arena a run and one a pass; nothing is freed singly.
 * Running out of memory aborts with exit 3: the compiler holds no state worth saving. */
#ifndef KRUX_ARENA_H
#define KRUX_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "capspec/value.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *);
/* Empty again, and ready to be used: what was in it is gone. */
void arena_clear(struct arena *);
/* Zeroed, aligned to 16. */
void *arena_get(struct arena *, size_t n);
char *arena_copy(struct arena *, const void *p, size_t n);      /* adds a NUL */
struct krux_str arena_str(struct arena *, struct krux_str);     /* a copy */
struct krux_str arena_printf(struct arena *, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct krux_str arena_vprintf(struct arena *, const char *fmt, va_list)
	__attribute__((format(printf, 2, 0)));
/* The pool that capspec functions take, living as long as the arena. */
struct krux_pool *arena_pool(struct arena *);
size_t arena_used(const struct arena *);

#define ARENA_NEW(a, T) ((T *)arena_get((a), sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_get((a), (n) * sizeof(T)))

/* Grows *array (of items of `size` bytes) so that index n is valid; doubles; arena-backed. */
void *arena_grow(struct arena *, void *array, size_t n, size_t *cap, size_t size);
#define ARENA_PUSH(a, arr, n, cap, item) \
	((arr) = arena_grow((a), (arr), (n), &(cap), sizeof *(arr)), (arr)[(n)++] = (item))

#endif
