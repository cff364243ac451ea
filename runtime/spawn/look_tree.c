/* A folder to one digest of everything below it: names, types, sizes, and which file it is and when it was last
 * changed. Contents are not read, so that a tree of any size of files takes the same; the kernel sets the time of a
 * change, and who only writes files cannot set it back. Names are sorted, and what is too much is refused. */
#include "runtime/spawn/look.h"

#include "capspec/digest.h"
#include "runtime/base/cleanup.h"
#include "runtime/spawn/listing.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	struct krux_sha256_state hash;
	uint64_t left;                 /* entries that there may be more */
};

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
	struct listing list = { NULL, 0, 0 };
	bool good = depth < LOOK_DEPTH && listing_read(&list, fd, &t->left);

	for (size_t i = 0; good && i < list.n; i++)
		good = below_add(t, fd, list.name[i], depth);
	krux_sha256_add(&t->hash, &end, sizeof end);
	listing_free(&list);
	return good;
}

bool look_tree(int folder, uint8_t digest[static KRUX_SHA256], uint64_t *entries)
{
	struct tree t = { .left = LOOK_ENTRIES };
	struct stat st;

	if (fstat(folder, &st))
		return false;
	krux_sha256_start(&t.hash);
	entry_add(&t, "", &st);
	if (!folder_add(&t, folder, 0))
		return false;
	krux_sha256_end(&t.hash, digest);
	*entries = LOOK_ENTRIES - t.left;
	return true;
}

bool look_entry(int fd, uint8_t digest[static KRUX_SHA256])
{
	struct tree t = { .left = 0 };
	struct stat st;

	if (fstat(fd, &st))
		return false;
	krux_sha256_start(&t.hash);
	entry_add(&t, "", &st);
	krux_sha256_end(&t.hash, digest);
	return true;
}
