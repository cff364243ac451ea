/* A deletion to its folder in the store and back. The id starts with the second of the deletion,
 * so that what is over can be told by name. */
#include "stdlib-caps/filesystem/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/place.h"

enum { EXPIRE_BUDGET = 10000 };

static const struct krux_str trash = { "/workspace (trash)", 18 };

int trash_add(struct handler_call *c, struct krux_str origin, uint64_t second,
              char id[static CHANGE_ID + 1])
{
	int folder, fd;

	if (!change_id(c, second, id))
		return -1;
	if (mkdirat(c->store, id, 0700))
		return handler_failed(c, errno, trash), -1;
	folder = place_child(c->store, id, O_RDONLY | O_DIRECTORY, 0);
	fd = folder < 0 ? -1 : place_child(folder, "origin", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0) {
		handler_failed(c, errno, trash);
	} else if (change_write(c, fd, origin.p, origin.n, trash)) {
		if (!fsync(fd) && !fsync(folder) && !fsync(c->store)) {
			close(fd);
			return folder;
		}
		handler_failed(c, errno, trash);
	}
	/* Where many are added, on a full disk, each would leave two open. */
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	trash_drop(c, id);
	return -1;
}

int trash_open(struct handler_call *c, struct krux_str id, char *origin)
{
	char name[CHANGE_ID + 1];
	struct stat st;
	int folder, fd;
	ssize_t n;

	if (id.n != CHANGE_ID || strspn(id.p, "0123456789abcdef") < CHANGE_ID)
		return handler_say(c, "NotFound", "A trash_id has 24 hexadecimal digits."), -1;
	memcpy(name, id.p, CHANGE_ID);
	name[CHANGE_ID] = '\0';
	folder = place_openat(c->store, name, O_RDONLY | O_DIRECTORY, 0);
	/* Who shares the workspace may have put a pipe there: nothing waits for its other end. */
	fd = folder < 0 ? -1
	                : place_openat(folder, "origin", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode)))
		return handler_say(c, "NotFound", "What the trash has there is not a deletion."), -1;
	n = fd < 0 ? -1 : read(fd, origin, HANDLER_PATH);
	if (n <= 0) {
		if (n < 0 && errno != ENOENT)
			return handler_failed(c, errno, trash), -1;
		return handler_say(c, "NotFound", "Nothing in the trash has this trash_id."), -1;
	}
	origin[n] = '\0';
	return folder;
}

void trash_drop(struct handler_call *c, const char *id)
{
	unsigned budget = 4;

	change_remove(c->store, id, &budget);
}

void trash_expire(struct handler_call *c, uint64_t second)
{
	unsigned budget = EXPIRE_BUDGET;
	struct entries in;
	const char *name;

	if (!entries_open(&in, c->store, "."))
		return;
	while (budget && (name = entries_next(&in))) {
		char digits[9];

		if (strlen(name) != CHANGE_ID || strspn(name, "0123456789abcdef") != CHANGE_ID)
			continue;
		memcpy(digits, name, 8);
		digits[8] = '\0';
		budget--;
		if (strtoull(digits, NULL, 16) + TRASH_DAYS * 86400 < second)
			change_remove(c->store, name, &budget);
	}
	entries_close(&in);
}
