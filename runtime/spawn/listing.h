/* The names of a folder, sorted. */
#ifndef KRUX_LISTING_H
#define KRUX_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listing {
	char **name;                   /* each allocated */
	size_t n, room;
};

/* Of an open folder, through a descriptor of its own that is closed before it returns: a handler has few of them. Takes the
 * number of names from *left. False: more than *left, or it cannot be read to its end. To be freed either way. */
bool listing_read(struct listing *, int folder, uint64_t *left);
void listing_free(struct listing *);

#endif
