/* Intents whose end is not recorded yet, by seq. */
#ifndef KRUX_OPENS_H
#define KRUX_OPENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opens {
	uint64_t *seq;          /* ascending */
	size_t n, cap;
};

bool opens_add(struct opens *, uint64_t seq);      /* greater than all in it; false: no memory */
bool opens_remove(struct opens *, uint64_t seq);   /* false: it is not in it */
void opens_free(struct opens *);

#endif
