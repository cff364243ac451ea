/* A stream to its last bytes: a place is an offset, modulo the room. */
#include "runtime/spawn/ring.h"

#include <stdlib.h>
#include <string.h>

void ring_init(struct ring *r, size_t room)
{
	*r = (struct ring){ .room = room };
}

void ring_close(struct ring *r)
{
	free(r->p);
	ring_init(r, r->room);
}

bool ring_add(struct ring *r, const uint8_t *p, size_t n)
{
	/* Once there was none, nothing is kept: what was lost would be said to be zeros. */
	if (n && !r->p && !r->total)
		r->p = calloc(1, r->room);
	if (n && !r->p) {
		r->total += n;
		return false;
	}
	if (n > r->room) {
		r->total += n - r->room;
		p += n - r->room;
		n = r->room;
	}
	while (n) {
		const size_t at = (size_t)(r->total % r->room), k = n < r->room - at ? n : r->room - at;

		memcpy(r->p + at, p, k);
		r->total += k;
		p += k;
		n -= k;
	}
	return true;
}

uint64_t ring_first(const struct ring *r)
{
	return !r->p ? r->total : r->total > r->room ? r->total - r->room : 0;
}

size_t ring_copy(const struct ring *r, uint64_t *from, uint8_t *out, size_t n)
{
	const uint64_t first = ring_first(r);
	size_t done = 0;

	*from = *from < first ? first : *from > r->total ? r->total : *from;
	if (n > r->total - *from)
		n = (size_t)(r->total - *from);
	while (done < n) {
		const size_t at = (size_t)((*from + done) % r->room), k = n - done < r->room - at ? n - done : r->room - at;

		memcpy(out + done, r->p + at, k);
		done += k;
	}
	return n;
}
