/* A folder to its names, by getdents64: no allocation, no state but one buffer. */
#include "stdlib-caps/common/entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stdlib-caps/common/place.h"

void entries_take(struct entries *e, int fd)
{
	e->at = e->n = 0;
	e->failed = 0;
	e->fd = fd;
}

bool entries_open(struct entries *e, int dir, const char *name)
{
	entries_take(e, place_child(dir, name, O_RDONLY | O_DIRECTORY, 0));
	return e->fd >= 0;
}

const char *entries_next(struct entries *e)
{
	for (;;) {
		struct dirent64 *d;

		if (e->at == e->n) {
			ssize_t n = getdents64(e->fd, e->buffer, sizeof e->buffer);

			if (n <= 0) {
				e->failed = n < 0 ? errno : 0;
				return NULL;
			}
			e->at = 0;
			e->n = (size_t)n;
		}
		d = (struct dirent64 *)(void *)(e->buffer + e->at);
		e->at += d->d_reclen;
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			return d->d_name;
	}
}

void entries_close(struct entries *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}
