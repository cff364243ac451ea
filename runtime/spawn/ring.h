/* The last bytes of a stream: each has an offset, counted from the stream's first, that stays its own. Memory is taken
 * with the first byte. */
#ifndef KRUX_RING_H
#define KRUX_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	uint8_t *p;                    /* NULL: nothing has come, or nothing is kept */
	size_t room;
	uint64_t total;                /* of the stream so far */
};

void ring_init(struct ring *, size_t room);
void ring_close(struct ring *);
/* False: no memory; these bytes and all that follow are lost, and counted as such. */
bool ring_add(struct ring *, const uint8_t *p, size_t n);
/* Offset of the first byte that is there. */
uint64_t ring_first(const struct ring *);
/* At most n bytes from an offset on, which is moved to the first that is there, or to the end, when it lies outside;
 * how many. */
size_t ring_copy(const struct ring *, uint64_t *from, uint8_t *out, size_t n);

#endif
