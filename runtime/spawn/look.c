/* Paths to digests. Every file is opened once, beneath the workspace, and hashed from that. */
#include "runtime/spawn/look.h"

#include "capspec/digest.h"
#include "capspec/item.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char root[] = "/workspace/";

static int path_take(struct item_in *in, struct look *l, struct krux_err *err)
{
	struct krux_str path;

	if (l->n == LOOK_FILES)
		return err_set(err, 0, "more than %d files", LOOK_FILES);
	if (!item_take_str(in, ITEM_TEXT, &path) || path.n > LOOK_PATH ||
	    memchr(path.p, 0, path.n))
		return err_set(err, 0, "no path");
	l->path[l->n++] = path;
	return 0;
}

int look_read(const uint8_t *body, size_t n, struct look *l, struct krux_err *err)
{
	struct item_in in = { body, body + n, NULL };
	uint64_t count;

	*l = (struct look){ .n = 0 };
	if (!item_take(&in, ITEM_LIST, &count) || count != 2 ||
	    !item_take_str(&in, ITEM_TEXT, &l->workspace) || !item_take(&in, ITEM_LIST, &count))
		return err_set(err, 0, "no workspace and paths");
	for (uint64_t i = 0; i < count; i++)
		if (path_take(&in, l, err))
			return -1;
	return in.p == in.end ? 0 : err_set(err, 0, "more than workspace and paths");
}

int look_shown(struct krux_str shown, struct look *l, struct krux_err *err)
{
	struct item_in in = { (const uint8_t *)shown.p, (const uint8_t *)shown.p + shown.n, NULL };
	struct krux_str digest;
	uint64_t count, three, size;

	*l = (struct look){ .n = 0 };
	if (!item_take(&in, ITEM_LIST, &count))
		return err_set(err, 0, "no list");
	for (uint64_t i = 0; i < count; i++)
		if (!item_take(&in, ITEM_LIST, &three) || three != 3 || path_take(&in, l, err) ||
		    !item_take_str(&in, ITEM_BYTES, &digest) ||
		    !item_take(&in, ITEM_UINT, &size))
			return err_set(err, 0, "no list of path, digest and size");
	return in.p == in.end ? 0 : err_set(err, 0, "more than a list");
}

/* What is at the path, or nothing that is shown. */
enum seen { SEEN_FAILED = -1, SEEN_NOTHING, SEEN_FILE, SEEN_TREE };

/* -1: nothing there that could be shown. */
static int path_open(int workspace, struct krux_str path)
{
	char name[LOOK_PATH + 1];

	if (path.n < sizeof root - 1 || path.n > LOOK_PATH || memcmp(path.p, root, sizeof root - 1) != 0)
		return -1;
	path.p += sizeof root - 1;
	path.n -= sizeof root - 1;
	/* The workspace itself, as a tree. */
	if (!path.n)
		return file_open(workspace, ".", O_RDONLY | O_DIRECTORY, 0, NULL);
	path.n -= path.p[path.n - 1] == '/';
	memcpy(name, path.p, path.n);
	name[path.n] = 0;
	return file_open(workspace, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, NULL);
}

static enum seen file_digest(int fd, uint8_t digest[static KRUX_SHA256], uint64_t *size)
{
	struct krux_sha256_state s;
	uint8_t buf[65536];
	ssize_t k;

	krux_sha256_start(&s);
	*size = 0;
	while ((k = read(fd, buf, sizeof buf)) > 0 && *size <= look_size) {
		krux_sha256_add(&s, buf, (size_t)k);
		*size += (uint64_t)k;
	}
	krux_sha256_end(&s, digest);
	return !k && *size <= look_size ? SEEN_FILE : SEEN_NOTHING;
}

static enum seen path_digest(int workspace, struct krux_str path, uint8_t digest[static KRUX_SHA256], uint64_t *size)
{
	CLEAN_FD int fd = path_open(workspace, path);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return SEEN_NOTHING;
	if (S_ISDIR(st.st_mode) && path.p[path.n - 1] == '/')
		return look_tree(fd, digest, size) ? SEEN_TREE : SEEN_FAILED;
	return S_ISREG(st.st_mode) && (uint64_t)st.st_size <= look_size ? file_digest(fd, digest, size) : SEEN_NOTHING;
}

size_t look_at(int workspace, const struct look *l, uint8_t *out, size_t cap)
{
	uint8_t digest[LOOK_FILES][KRUX_SHA256];
	struct item_out o = { out, cap, 0 };
	uint64_t size[LOOK_FILES], n = 0;
	enum seen seen[LOOK_FILES];

	for (size_t i = 0; i < l->n; i++) {
		seen[i] = path_digest(workspace, l->path[i], digest[i], &size[i]);
		if (seen[i] == SEEN_FAILED)
			return 0;
		n += seen[i] != SEEN_NOTHING;
	}
	item_head(&o, ITEM_LIST, n);
	for (size_t i = 0; i < l->n; i++) {
		struct krux_str path = l->path[i];

		if (seen[i] == SEEN_NOTHING)
			continue;
		path.n -= seen[i] == SEEN_FILE && path.p[path.n - 1] == '/';
		item_head(&o, ITEM_LIST, 3);
		item_str(&o, ITEM_TEXT, path);
		item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)digest[i], KRUX_SHA256 });
		item_head(&o, ITEM_UINT, size[i]);
	}
	return o.n <= o.cap ? o.n : 0;
}
