/* New content to a name in the workspace. Changes of one workspace take turns on a lock that the
 * kernel drops with the process; so whatever stands among the unfinished files belongs to a call
 * that was killed, and is removed. Put in place is by one rename: whoever looks sees all or
 * nothing, whenever the machine stops. */
#include "stdlib-caps/common/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/place.h"

enum { LITTER = 10000 };

static const struct krux_str workspace = { "/workspace", 10 };
static const struct krux_str own_folder = { "/workspace/.krux", 16 };

static int folder_opened(int dir, const char *name)
{
	if (mkdirat(dir, name, 0700) && errno != EEXIST)
		return -1;
	return place_openat(dir, name, O_RDONLY | O_DIRECTORY, 0);
}

bool change_remove(int folder, const char *name, unsigned *budget)
{
	struct entries in;
	const char *child;
	bool gone = true;

	if (!unlinkat(folder, name, 0) || errno == ENOENT)
		return true;
	if (!unlinkat(folder, name, AT_REMOVEDIR))
		return true;
	if (*budget == 0 || !entries_open(&in, folder, name))
		return false;
	while (gone && (child = entries_next(&in))) {
		if (!*budget)
			break;
		--*budget;
		gone = change_remove(in.fd, child, budget);
	}
	entries_close(&in);
	return gone && !unlinkat(folder, name, AT_REMOVEDIR);
}

static void litter_remove(int temp)
{
	unsigned budget = LITTER;
	struct entries in;
	const char *name;

	if (!entries_open(&in, temp, "."))
		return;
	while (budget-- && (name = entries_next(&in)))
		change_remove(temp, name, &budget);
	entries_close(&in);
}

/* The store that the runtime keeps, where this workspace's owner can use it, else one in the
 * workspace. */
static bool store_open(struct handler_call *c)
{
	int own;

	if (c->store >= 0 && place_same_mount(c->store, c->workspace)) {
		c->temp = folder_opened(c->store, "tmp");
		if (c->temp >= 0)
			return true;
	}
	c->store = -1;
	own = folder_opened(c->workspace, ".krux");
	if (own >= 0) {
		c->store = folder_opened(own, "trash");
		close(own);
	}
	if (c->store >= 0)
		c->temp = folder_opened(c->store, "tmp");
	if (c->temp >= 0)
		return true;
	/* One that is another's, as after a chown of the workspace alone, is named. */
	return errno == EACCES ? handler_failed(c, errno, own_folder) : errno == ENOSPC || errno == EROFS
	               ? handler_failed(c, errno, workspace)
	               : handler_fail(c, "IoError", "The folder of the trash cannot be used: %s.",
	                              strerror(errno));
}

bool change_lock(struct handler_call *c)
{
	int lock = place_openat(c->workspace, ".", O_RDONLY | O_DIRECTORY, 0);

	if (lock < 0)
		return handler_failed(c, errno, workspace);
	while (flock(lock, LOCK_EX))
		if (errno != EINTR)
			return handler_failed(c, errno, workspace);
	return true;
}

bool change_begin(struct handler_call *c)
{
	if (!store_open(c))
		return false;
	litter_remove(c->temp);
	handler_grant(c, c->temp, RIGHT_NAMES | RIGHT_READ_FOLDERS | RIGHT_WRITE_FILES);
	return true;
}

bool change_id(struct handler_call *c, uint64_t second, char id[static CHANGE_ID + 1])
{
	uint64_t r;

	if (getrandom(&r, sizeof r, 0) != sizeof r)
		return handler_failed(c, EIO, workspace);
	snprintf(id, CHANGE_ID + 1, "%08x%016llx", (unsigned)second, (unsigned long long)r);
	return true;
}

int change_file(struct handler_call *c, char id[static CHANGE_ID + 1])
{
	int fd;

	if (!change_id(c, 0, id))
		return -1;
	fd = place_child(c->temp, id, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		handler_failed(c, errno, workspace);
	return fd;
}

bool change_write(struct handler_call *c, int fd, const void *bytes, size_t n, struct krux_str path)
{
	const char *p = bytes;

	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return handler_failed(c, k < 0 ? errno : EIO, path);
		p += k;
		n -= (size_t)k;
	}
	return true;
}

bool change_rename(struct handler_call *c, int from, const char *name, const struct place *to,
                   bool replace)
{
	int no;

	if (renameat2(from, name, to->folder, to->name, replace ? 0 : RENAME_NOREPLACE)) {
		no = errno;
		if (no == EEXIST || no == ENOTEMPTY || no == EISDIR)
			return handler_fail(c, "Exists", "Something is there already.");
		if (no == EXDEV)
			return handler_fail(
				c, "IoError",
				"The workspace and its trash are not on one file system.");
		return handler_failed(c, no, to->path);
	}
	if (fsync(to->folder) || fsync(from))
		return handler_failed(c, errno, to->path);
	return true;
}

bool change_install(struct handler_call *c, int fd, const char *id, const struct place *to,
                    mode_t mode, bool replace)
{
	bool ready = !fchmod(fd, mode & 0777) && !fsync(fd);

	if (!ready)
		handler_failed(c, errno, to->path);
	else if (change_rename(c, c->temp, id, to, replace))
		return true;
	unlinkat(c->temp, id, 0);
	return false;
}

bool change_replaceable(struct handler_call *c, const struct place *at, struct stat *st,
                        bool *there)
{
	int no = place_stat(at, st);

	*there = !no;
	if (no == ENOENT)
		return true;
	if (no)
		return handler_failed(c, no, at->path);
	if (S_ISLNK(st->st_mode))
		return handler_failed(c, ELOOP, at->path);
	if (!S_ISREG(st->st_mode))
		return handler_fail(c, "NotAFile", S_ISDIR(st->st_mode) ? "A folder is there." :
			"A device, a pipe or a socket is there.");
	if (st->st_nlink > 1)
		return handler_fail(c, "HardLinked",
		                    "The file has %llu names; the others would change or "
		                    "part from it.",
		                    (unsigned long long)st->st_nlink);
	return true;
}
