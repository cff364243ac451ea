/* A tree to a digest, and to a copy in which that digest cannot come to mean anything else. Each byte is hashed as it is
 * copied, from a descriptor that was opened once and looked at after that: whoever changes the tree meanwhile changes both. */
#include "runtime/spawn/snapshot.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/file.h"
#include "runtime/spawn/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
	struct snapshot *s;
	struct krux_sha256_state hash;
	dev_t device;
};

static const char unreadable[] = "what it would run cannot be read", elsewhere[] = "what it would run has another file system among it";

static bool refuse(struct snapshot *s, const char *why)
{
	s->why = why;
	return false;
}

static void head_add(struct krux_sha256_state *hash, const char *name, const struct stat *st, uint64_t size)
{
	const uint64_t number[] = { 1, strlen(name), st->st_mode, size };

	krux_sha256_add(hash, number, sizeof number);
	krux_sha256_add(hash, name, strlen(name));
}

/* ---- files ---- */

static bool all_write(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* To its end, wherever that is by now; `to` -1: nowhere. */
static bool content_take(struct snapshot *s, int from, int to, uint8_t digest[static KRUX_SHA256], uint64_t *bytes)
{
	static uint8_t piece[65536];
	struct krux_sha256_state hash;
	ssize_t n;

	krux_sha256_start(&hash);
	for (*bytes = 0; (n = read(from, piece, sizeof piece)) > 0; *bytes += (uint64_t)n) {
		if ((uint64_t)n > s->bytes)
			return refuse(s, "what it would run has more than 256 MiB");
		s->bytes -= (uint64_t)n;
		krux_sha256_add(&hash, piece, (size_t)n);
		if (to >= 0 && !all_write(to, piece, (size_t)n))
			return false;
	}
	krux_sha256_end(&hash, digest);
	return !n;
}

/* Modes and times last: what was read may not be written. Programs such as make go by the times. */
static bool finish(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_mtim, st->st_mtim };

	return !fchmod(fd, st->st_mode & 07777) && !futimens(fd, times);
}

/* -1: none is wanted, or with *bad, it could not be made. */
static int copy_open(int into, const char *name, bool *bad)
{
	int fd = into < 0 ? -1 : openat(into, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	*bad = into >= 0 && fd < 0;
	return fd;
}

static bool file_add(struct walk *w, int dir, const char *name, int into)
{
	CLEAN_FD int from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	CLEAN_FD int to = -1;
	uint8_t digest[KRUX_SHA256];
	uint64_t bytes;
	struct stat st;
	bool bad;

	if (from < 0 || fstat(from, &st) || !S_ISREG(st.st_mode))
		return refuse(w->s, unreadable);
	if (st.st_dev != w->device)
		return refuse(w->s, elsewhere);
	to = copy_open(into, name, &bad);
	if (bad || !content_take(w->s, from, to, digest, &bytes))
		return false;
	head_add(&w->hash, name, &st, bytes);
	krux_sha256_add(&w->hash, digest, sizeof digest);
	return to < 0 || finish(to, &st);
}

static bool link_add(struct walk *w, int dir, const char *name, const struct stat *st, int into)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	head_add(&w->hash, name, st, (uint64_t)n);
	krux_sha256_add(&w->hash, target, (size_t)n);
	return into < 0 || !symlinkat(target, into, name);
}

/* ---- folders ---- */

static int folder_open(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The same folder in the copy; -1: none is wanted, or with *bad, there is none. */
static int folder_copy(int into, const char *name, bool *bad)
{
	int fd = into < 0 || (mkdirat(into, name, 0700) && errno != EEXIST) ? -1 : folder_open(into, name);

	*bad = into >= 0 && fd < 0;
	return fd;
}

static bool entries_add(struct walk *w, int fd, int into, unsigned depth, bool is_workspace);

static bool folder_add(struct walk *w, int dir, const char *name, int into, unsigned depth)
{
	CLEAN_FD int fd = folder_open(dir, name);
	CLEAN_FD int to = -1;
	struct stat st;
	bool bad;

	if (fd < 0 || fstat(fd, &st))
		return refuse(w->s, unreadable);
	if (st.st_dev != w->device)
		return refuse(w->s, elsewhere);
	to = folder_copy(into, name, &bad);
	head_add(&w->hash, name, &st, 0);
	return !bad && entries_add(w, fd, to, depth, false) && (to < 0 || finish(to, &st));
}

static bool entry_add(struct walk *w, int dir, const char *name, int into, unsigned depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return folder_add(w, dir, name, into, depth + 1);
	case S_IFREG:
		return file_add(w, dir, name, into);
	case S_IFLNK:
		return link_add(w, dir, name, &st, into);
	default:
		return refuse(w->s, "what it would run has a device, a pipe or a socket among it");
	}
}

static bool entries_add(struct walk *w, int fd, int into, unsigned depth, bool is_workspace)
{
	static const uint64_t end = 0;
	struct listing list;
	bool good = false;

	if (depth == SNAPSHOT_DEPTH)
		return refuse(w->s, "what it would run has more than 64 folders in one another");
	good = listing_read(&list, fd, &w->s->entries);
	if (!good && !w->s->entries)
		w->s->why = "what it would run has more than 65536 files and folders";
	for (size_t i = 0; good && i < list.n; i++) {
		bool ours = is_workspace && !strcmp(list.name[i], ".krux");

		good = ours ? into < 0 || !mkdirat(into, list.name[i], 0700) : entry_add(w, fd, list.name[i], into, depth);
		w->s->entries += ours;
	}
	krux_sha256_add(&w->hash, &end, sizeof end);
	listing_free(&list);
	return good;
}

/* ---- where it is ---- */

/* The folder of the copy that is to hold the last name of `rest`, which goes to `name`; those above it are made as the
 * workspace has them. -1 with *bad false: none is wanted. */
static int above_copy(struct snapshot *s, struct krux_str rest, char name[static NAME_MAX + 1], bool *bad)
{
	char path[PATH_MAX], *last;
	int at = s->into < 0 ? -1 : dup(s->into);

	*bad = s->into >= 0 && (at < 0 || rest.n >= sizeof path);
	if (at < 0 || *bad)
		return at;
	memcpy(path, rest.p, rest.n);
	path[rest.n] = '\0';
	for (char *p = path, *slash; (slash = strchr(p, '/')); p = slash + 1) {
		CLEAN_FD int real = -1;
		CLEAN_FD int here = at;
		struct stat st;

		*slash = '\0';
		real = file_open(s->workspace, path, O_RDONLY | O_DIRECTORY, 0, NULL);
		at = folder_copy(here, p, bad);
		/* Its owner has to get into it. */
		*bad = *bad || real < 0 || fstat(real, &st) || fchmod(at, (st.st_mode & 07777) | 0700);
		*slash = '/';
		if (*bad)
			return at;
	}
	last = strrchr(path, '/');
	last = last ? last + 1 : path;
	*bad = strlen(last) > NAME_MAX;
	if (!*bad)
		memcpy(name, last, strlen(last) + 1);
	return at;
}

bool snapshot_tree(struct snapshot *s, int folder, struct krux_str rest, uint8_t digest[static KRUX_SHA256], uint64_t *entries,
                   uint64_t *bytes)
{
	struct walk w = { .s = s };
	const uint64_t before = s->entries, bytes_before = s->bytes;
	char name[NAME_MAX + 1];
	CLEAN_FD int above = -1;
	CLEAN_FD int to = -1;
	struct stat st, root;
	bool bad = false;

	s->why = NULL;
	if (fstat(folder, &st) || fstat(s->workspace, &root))
		return refuse(s, unreadable);
	if (st.st_dev != root.st_dev)
		return refuse(s, elsewhere);
	w.device = st.st_dev;
	above = above_copy(s, rest, name, &bad);
	if (!bad && above >= 0)
		to = rest.n ? folder_copy(above, name, &bad) : dup(above);
	if (bad)
		return false;
	krux_sha256_start(&w.hash);
	head_add(&w.hash, "", &st, 0);
	if (!entries_add(&w, folder, to, 0, !rest.n) || (to >= 0 && !finish(to, &st)))
		return false;
	krux_sha256_end(&w.hash, digest);
	*entries = before - s->entries;
	*bytes = bytes_before - s->bytes;
	return true;
}

bool snapshot_file(struct snapshot *s, int fd, struct krux_str rest, uint8_t digest[static KRUX_SHA256], uint64_t *bytes)
{
	char name[NAME_MAX + 1];
	CLEAN_FD int above = -1;
	CLEAN_FD int to = -1;
	struct stat st;
	bool bad = false;

	s->why = NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return refuse(s, "what it names is no regular file");
	above = above_copy(s, rest, name, &bad);
	if (!bad)
		to = copy_open(above, name, &bad);
	if (bad || !content_take(s, fd, to, digest, bytes))
		return false;
	return to < 0 || finish(to, &st);
}
