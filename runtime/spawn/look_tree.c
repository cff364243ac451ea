/* A folder to one digest of everything below it: names, types, sizes, and which file it is and when it was last
 * changed. Contents are not read, so that a tree of any size of files takes the same; the kernel sets the time of a
 * change, and who only writes files cannot set it back. Names are sorted, and what is too much is refused. */
#include "runtime/spawn/look.h"

#include "capspec/digest.h"
#include "runtime/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	struct krux_sha256_state hash;
	uint64_t n;                    /* entries so far */
};

struct names {
	char **name;
	size_t n, room;
};

static void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool name_add(struct names *l, const char *name)
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

/* Of a folder at `depth`; it is read through a descriptor of its own, closed before anything below is opened: a handler
 * has few of them. False: too many, too deep, or it cannot be read to its end. */
static bool names_read(struct tree *t, int folder, unsigned depth, struct names *l)
{
	int fd = depth < LOOK_DEPTH ? openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		cleanup_fd(&fd);
		return false;
	}
	for (errno = 0; (e = readdir(dir)); errno = 0) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (++t->n > LOOK_ENTRIES || !name_add(l, e->d_name))
			return false;
	}
	if (errno)
		return false;
	if (l->n)
		qsort(l->name, l->n, sizeof *l->name, name_order);
	return true;
}

/* Of a folder, what it holds follows: its own times change with things that do not matter. */
static void entry_add(struct tree *t, const char *name, const struct stat *st)
{
	bool folder = S_ISDIR(st->st_mode);
	const uint64_t number[] = {
		1, strlen(name), st->st_mode, st->st_dev, st->st_ino,
		folder ? 0 : (uint64_t)st->st_size,
		folder ? 0 : (uint64_t)st->st_mtim.tv_sec, folder ? 0 : (uint64_t)st->st_mtim.tv_nsec,
		folder ? 0 : (uint64_t)st->st_ctim.tv_sec, folder ? 0 : (uint64_t)st->st_ctim.tv_nsec,
	};

	krux_sha256_add(&t->hash, number, sizeof number);
	krux_sha256_add(&t->hash, name, strlen(name));
}

static bool folder_add(struct tree *t, int fd, unsigned depth);

static bool below_add(struct tree *t, int dir, const char *name, unsigned depth)
{
	CLEAN_FD int fd = -1;
	struct stat st, opened;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return false;
	entry_add(t, name, &st);
	if (!S_ISDIR(st.st_mode))
		return true;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && !fstat(fd, &opened) && opened.st_ino == st.st_ino && opened.st_dev == st.st_dev &&
	       folder_add(t, fd, depth + 1);
}

static bool folder_add(struct tree *t, int fd, unsigned depth)
{
	static const uint64_t end = 0;
	struct names list = { NULL, 0, 0 };
	bool good = names_read(t, fd, depth, &list);

	for (size_t i = 0; good && i < list.n; i++)
		good = below_add(t, fd, list.name[i], depth);
	krux_sha256_add(&t->hash, &end, sizeof end);
	names_free(&list);
	return good;
}

bool look_tree(int folder, uint8_t digest[static KRUX_SHA256], uint64_t *entries)
{
	struct tree t = { .n = 0 };
	struct stat st;

	if (fstat(folder, &st))
		return false;
	krux_sha256_start(&t.hash);
	entry_add(&t, "", &st);
	if (!folder_add(&t, folder, 0))
		return false;
	krux_sha256_end(&t.hash, digest);
	*entries = t.n;
	return true;
}
