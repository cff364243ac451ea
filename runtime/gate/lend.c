/* Sizes to buffers, by three sizes: small, middle, and exactly what is asked for. */
#include "runtime/gate/lend.h"

#include <stdlib.h>
#include <string.h>

enum { READY_SMALL = 32, READY_MIDDLE = 4 };

bool lend_open(struct lend *l, size_t limit)
{
	*l = (struct lend){ .limit = limit };
	while (l->nsmall < READY_SMALL && (l->small[l->nsmall] = malloc(LEND_SMALL)))
		l->nsmall++;
	while (l->nmiddle < READY_MIDDLE && (l->middle[l->nmiddle] = malloc(LEND_MIDDLE)))
		l->nmiddle++;
	return l->nsmall == READY_SMALL && l->nmiddle == READY_MIDDLE;
}

void lend_close(struct lend *l)
{
	while (l->nsmall)
		free(l->small[--l->nsmall]);
	while (l->nmiddle)
		free(l->middle[--l->nmiddle]);
}

void *lend_take(struct lend *l, size_t need, size_t *room)
{
	size_t n = need <= LEND_SMALL ? LEND_SMALL : need <= LEND_MIDDLE ? LEND_MIDDLE : need;
	void *p;

	if (n > l->limit || l->out > l->limit - n)
		return NULL;
	if (n == LEND_SMALL && l->nsmall)
		p = l->small[--l->nsmall];
	else if (n == LEND_MIDDLE && l->nmiddle)
		p = l->middle[--l->nmiddle];
	else
		p = malloc(n);
	if (!p)
		return NULL;
	l->out += n;
	*room = n;
	return p;
}

void lend_give(struct lend *l, void *p, size_t room)
{
	if (!p)
		return;
	l->out -= room;
	if (room == LEND_SMALL && l->nsmall < LEND_SHELF_SMALL)
		l->small[l->nsmall++] = p;
	else if (room == LEND_MIDDLE && l->nmiddle < LEND_SHELF_MIDDLE)
		l->middle[l->nmiddle++] = p;
	else
		free(p);
}

bool lend_grow(struct lend *l, uint8_t **p, size_t *room, size_t kept, size_t need)
{
	size_t more = 0;
	uint8_t *q;

	if (*p && need <= *room)
		return true;
	/* Beyond the middle size, twice as much each time. */
	q = lend_take(l, need > LEND_MIDDLE && need < 2 * *room ? 2 * *room : need, &more);
	if (!q)
		return false;
	if (*p)
		memcpy(q, *p, kept);
	lend_give(l, *p, *room);
	*p = q;
	*room = more;
	return true;
}
