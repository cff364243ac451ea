/* Paths to digests. Every file is opened once, beneath the workspace, and hashed from that. */
#include "runtime/spawn/look.h"

#include "capspec/digest.h"
#include "capspec/item.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/spawn/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char root[] = "/workspace/";
static const char too_large[] = "a file that the call is about has more than 64 MiB, which no approval can be bound to";
static const char unreadable[] = "what the call is about cannot be read, or lies behind a link";

static int path_take(struct item_in *in, struct look *l, struct krux_err *err)
{
	struct krux_str path;

	if (l->n == LOOK_FILES)
		return err_set(err, 0, "more than %d files", LOOK_FILES);
	if (!item_take_str(in, ITEM_TEXT, &path) || path.n > LOOK_PATH ||
	    memchr(path.p, 0, path.n))
		return err_set(err, 0, "no path");
	l->whole[l->n] = path.n > 1 && path.p[path.n - 1] == '/' && path.p[path.n - 2] == '/';
	path.n -= l->whole[l->n];
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
	uint64_t count, parts, size, bytes;

	*l = (struct look){ .n = 0 };
	if (!item_take(&in, ITEM_LIST, &count))
		return err_set(err, 0, "no list");
	for (uint64_t i = 0; i < count; i++)
		if (!item_take(&in, ITEM_LIST, &parts) || parts < 1 || parts > 4 || path_take(&in, l, err) ||
		    (parts > 1 && !item_take_str(&in, ITEM_BYTES, &digest)) || (parts > 2 && !item_take(&in, ITEM_UINT, &size)) ||
		    (parts == 4 && !item_take(&in, ITEM_UINT, &bytes)))
			return err_set(err, 0, "no list of path, digest and size");
		else
			l->whole[i] = parts == 4;
	return in.p == in.end ? 0 : err_set(err, 0, "more than a list");
}

/* What is at the path. SEEN_OTHER: neither a file nor a tree that was asked for. */
enum seen { SEEN_FAILED = -1, SEEN_NOTHING, SEEN_OTHER, SEEN_FILE, SEEN_TREE, SEEN_WHOLE };

struct sight {
	enum seen seen;
	uint8_t digest[KRUX_SHA256];
	uint64_t size, bytes;
	const char *why;               /* it has failed; NULL: nobody says */
};

static const int readable = O_RDONLY | O_NONBLOCK | O_NOCTTY;

/* With `flags`, which read it or only name it. */
static int path_open(int workspace, struct krux_str path, int flags)
{
	char name[LOOK_PATH + 1];

	if (path.n < sizeof root - 1 || path.n > LOOK_PATH || memcmp(path.p, root, sizeof root - 1) != 0) {
		errno = EINVAL;
		return -1;
	}
	path.p += sizeof root - 1;
	path.n -= sizeof root - 1;
	/* The workspace itself, as a tree. */
	if (!path.n)
		return file_open(workspace, ".", O_RDONLY | O_DIRECTORY, 0, NULL);
	path.n -= path.p[path.n - 1] == '/';
	memcpy(name, path.p, path.n);
	name[path.n] = 0;
	return file_open(workspace, name, flags, 0, NULL);
}

static void sight_fail(struct sight *s, const char *why)
{
	s->seen = SEEN_FAILED;
	s->why = why;
}

/* Of a file that grows meanwhile, too. */
static void file_see(int fd, struct sight *out)
{
	struct krux_sha256_state s;
	uint8_t buf[65536];
	ssize_t k;

	krux_sha256_start(&s);
	while ((k = read(fd, buf, sizeof buf)) > 0 && out->size <= look_size) {
		krux_sha256_add(&s, buf, (size_t)k);
		out->size += (uint64_t)k;
	}
	krux_sha256_end(&s, out->digest);
	if (k)
		sight_fail(out, k < 0 ? unreadable : too_large);
	else
		out->seen = SEEN_FILE;
}

/* What could not be opened for reading: there is nothing, or it is no file. */
static void other_see(int workspace, struct krux_str path, struct sight *out)
{
	CLEAN_FD int fd = path_open(workspace, path, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		out->seen = SEEN_NOTHING;
	else if (fd < 0 || fstat(fd, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		sight_fail(out, unreadable);
	else
		out->seen = look_entry(fd, out->digest) ? SEEN_OTHER : SEEN_FAILED;
}

static void path_see(int workspace, struct krux_str path, struct sight *out)
{
	CLEAN_FD int fd = path_open(workspace, path, readable);
	struct stat st;

	*out = (struct sight){ .seen = SEEN_FAILED };
	if (fd < 0)
		other_see(workspace, path, out);
	else if (fstat(fd, &st))
		sight_fail(out, unreadable);
	else if (S_ISDIR(st.st_mode) && path.p[path.n - 1] == '/')
		out->seen = look_tree(fd, out->digest, &out->size) ? SEEN_TREE : SEEN_FAILED;
	else if (!S_ISREG(st.st_mode))
		out->seen = look_entry(fd, out->digest) ? SEEN_OTHER : SEEN_FAILED;
	else if ((uint64_t)st.st_size > look_size)
		sight_fail(out, too_large);
	else
		file_see(fd, out);
}

/* With its contents: what is there and cannot be had so is not left out. */
static void path_take_whole(struct snapshot *s, struct krux_str path, struct sight *out)
{
	CLEAN_FD int fd = path_open(s->workspace, path, readable);
	struct krux_str rest = { path.p + sizeof root - 1, path.n - (sizeof root - 1) };
	struct stat st;

	*out = (struct sight){ .seen = fd < 0 && (errno == ENOENT || errno == ENOTDIR) ? SEEN_NOTHING : SEEN_FAILED };
	if (out->seen == SEEN_NOTHING)
		return;
	if (fd < 0 || fstat(fd, &st)) {
		out->why = unreadable;
		return;
	}
	rest.n -= rest.n && rest.p[rest.n - 1] == '/';
	if (S_ISDIR(st.st_mode) && snapshot_tree(s, fd, rest, out->digest, &out->size, &out->bytes))
		out->seen = SEEN_WHOLE;
	else if (!S_ISDIR(st.st_mode) && snapshot_file(s, fd, rest, out->digest, &out->size))
		out->seen = SEEN_FILE;
}

/* Another path of the list has it in its tree. */
static bool is_inside(const struct look *l, size_t i)
{
	struct krux_str path = l->path[i];

	for (size_t k = 0; k < l->n; k++) {
		struct krux_str tree = l->path[k];

		if (k != i && l->whole[k] && tree.n < path.n && !memcmp(path.p, tree.p, tree.n) && tree.p[tree.n - 1] == '/')
			return true;
	}
	return false;
}

/* As many items as are known of it: its path, a digest, one number or two. */
static void sight_write(struct item_out *o, struct krux_str path, const struct sight *s)
{
	const uint64_t parts[] = { [SEEN_NOTHING] = 1, [SEEN_OTHER] = 2, [SEEN_FILE] = 3, [SEEN_TREE] = 3, [SEEN_WHOLE] = 4 };
	const uint64_t n = parts[s->seen];

	path.n -= s->seen < SEEN_TREE && path.p[path.n - 1] == '/';
	item_head(o, ITEM_LIST, n);
	item_str(o, ITEM_TEXT, path);
	if (n > 1)
		item_str(o, ITEM_BYTES, (struct krux_str){ (const char *)s->digest, KRUX_SHA256 });
	if (n > 2)
		item_head(o, ITEM_UINT, s->size);
	if (n > 3)
		item_head(o, ITEM_UINT, s->bytes);
}

size_t look_at(int workspace, const struct look *l, int into, uint8_t *out, size_t cap, const char **why)
{
	struct snapshot s = { .workspace = workspace, .entries = SNAPSHOT_ENTRIES, .bytes = SNAPSHOT_BYTES };
	struct item_out o = { out, cap, 0 };
	struct sight sight;

	*why = NULL;
	item_head(&o, ITEM_LIST, l->n);
	for (size_t i = 0; i < l->n; i++) {
		s.into = is_inside(l, i) ? -1 : into;
		if (l->whole[i] || into >= 0)
			path_take_whole(&s, l->path[i], &sight);
		else
			path_see(workspace, l->path[i], &sight);
		*why = s.why ? s.why : sight.why;
		if (sight.seen == SEEN_FAILED)
			return 0;
		sight_write(&o, l->path[i], &sight);
	}
	return o.n <= o.cap ? o.n : 0;
}
