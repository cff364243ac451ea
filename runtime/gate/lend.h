/* Buffers that connections and calls borrow while bytes are under way. Small and middle ones come
 * back to a shelf and are lent again, so that what is usual takes no memory from the system; all
 * that is lent stays below one limit. */
#ifndef KRUX_LEND_H
#define KRUX_LEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEND_SMALL = 4096, LEND_MIDDLE = 65536, LEND_SHELF_SMALL = 256, LEND_SHELF_MIDDLE = 16 };

struct lend {
	size_t limit, out;             /* bytes: that may be lent, that are */
	void *small[LEND_SHELF_SMALL], *middle[LEND_SHELF_MIDDLE];
	unsigned nsmall, nmiddle;
};

/* Fills part of the shelf. False: no memory. */
bool lend_open(struct lend *, size_t limit);
void lend_close(struct lend *);

/* At least `need` bytes, *room in all. NULL: beyond the limit, or no memory. */
void *lend_take(struct lend *, size_t need, size_t *room);
/* p may be NULL. */
void lend_give(struct lend *, void *p, size_t room);
/* The same bytes in a buffer of at least `need`; `kept` of them are copied. False: p stays. */
bool lend_grow(struct lend *, uint8_t **p, size_t *room, size_t kept, size_t need);

#endif
