/* A folder to its names in order. */
#include "runtime/spawn/listing.h"

#include "runtime/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	*l = (struct listing){ NULL, 0, 0 };
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool name_add(struct listing *l, const char *name)
{
	char **grown;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;

		grown = reallocarray(l->name, room, sizeof *grown);
		if (!grown)
			return false;
		l->name = grown;
		l->room = room;
	}
	l->name[l->n] = strdup(name);
	return l->name[l->n] && ++l->n;
}

bool listing_read(struct listing *l, int folder, uint64_t *left)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*l = (struct listing){ NULL, 0, 0 };
	if (!dir) {
		cleanup_fd(&fd);
		return false;
	}
	for (errno = 0; (e = readdir(dir)); errno = 0) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!*left || !name_add(l, e->d_name))
			return false;
		--*left;
	}
	if (errno)
		return false;
	if (l->n)
		qsort(l->name, l->n, sizeof *l->name, name_order);
	return true;
}
