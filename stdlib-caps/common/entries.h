/* The names in a folder, read in small pieces so that its size does not matter. */
#ifndef KRUX_ENTRIES_H
#define KRUX_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

enum { ENTRIES_BUFFER = 4096 };

struct entries {
	int fd;
	int failed;            /* errno of the read that ended it early, or 0 */
	size_t at, n;
	_Alignas(8) char buffer[ENTRIES_BUFFER];
};

/* Opens the folder `name` of `dir`. False with errno. */
bool entries_open(struct entries *, int dir, const char *name);
/* Takes over a folder that is open for reading. */
void entries_take(struct entries *, int fd);
/* The next name but . and .., valid until the next call; NULL at the end. */
const char *entries_next(struct entries *);
void entries_close(struct entries *);

#endif
