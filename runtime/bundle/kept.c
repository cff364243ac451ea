/* Bundles to files and back. A kept file is checked like any other bundle when it is opened. */
#include "runtime/bundle/kept.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/state.h"
#include "runtime/bundle/loaded.h"

#include "capspec/canon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME = 2 * KEPT_DIGEST + 6 };

static void name_make(const uint8_t digest[static KEPT_DIGEST], char out[static NAME])
{
	krux_hex_write(digest, KEPT_DIGEST, out);
	memcpy(out + 2 * KEPT_DIGEST, ".krux", 6);
}

int kept_put(const struct state *state, const struct loaded *l, struct krux_err *err)
{
	CLEAN_FD int dir = -1;
	char name[NAME];
	struct stat st;

	name_make(l->bundle.digest, name);
	if (mkdirat(state->fd, "bundles", 0700) && errno != EEXIST)
		return err_set(err, errno, "bundles");
	dir = file_open(state->fd, "bundles", O_RDONLY | O_DIRECTORY, 0, err);
	if (dir < 0)
		return -1;
	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (file_replace(dir, name, 0600, l->bytes, l->nbytes, err))
		return err_wrap(err, "keep the bundle");
	return fsync(dir) ? err_set(err, errno, "bundles: to disk") : 0;
}

struct loaded *kept_open(const struct state *state, const uint8_t digest[static KEPT_DIGEST], bool dev,
                         struct krux_err *err)
{
	char path[16 + NAME] = "bundles/";
	CLEAN_FD int fd = -1;
	struct loaded *l;

	name_make(digest, path + 8);
	fd = file_open(state->fd, path, O_RDONLY | O_NONBLOCK, 0, err);
	if (fd < 0)
		return NULL;
	l = loaded_open_fd(fd, path, state->trust, dev, err);
	if (l && memcmp(l->bundle.digest, digest, KEPT_DIGEST) != 0) {
		err_set(err, 0, "%s is another bundle than its name says", path);
		loaded_close(l);
		return NULL;
	}
	return l;
}
