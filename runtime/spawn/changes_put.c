/* One path of a commit to its place: what is gone to the trash, a file as builtins put it. */
#include "runtime/spawn/changes_part.h"

#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/filesystem/moved.h"
#include "stdlib-caps/filesystem/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What is below it may go as well. There may be as many of these as the program has made, so that each gives back what it
 * has taken. */
static bool below_check(struct walk_changes *w, const char *name, const struct moved *m, const struct stat *lower)
{
	struct handler_call *c = w->k->call;
	struct krux_pool *pool = c->pool;
	uint64_t entries;
	bool ok;

	c->pool = w->scratch;
	ok = moved_check(c, top(w)->lower, name, m, lower, &entries);
	c->pool = pool;
	krux_pool_reset(w->scratch);
	return ok;
}

bool change_deletable(struct walk_changes *w, const char *name, size_t n, const struct stat *lower)
{
	struct moved none = { .from = path_of(w, n), .since = w->k->started };
	char field[HANDLER_NAME];
	const struct operand *o;

	if (!path_may(w, KRUX_EFFECT_DELETES, n) || !path_untouched(w, lower, n))
		return false;
	o = operand_for(w, KRUX_EFFECT_DELETES, path_of(w, n));
	if (S_ISDIR(lower->st_mode) && !o->tree) {
		refused_tell(w, n, "The call may delete that path, and it is a folder.");
		return false;
	}
	if (o->field.n && o->field.n < sizeof field) {
		snprintf(field, sizeof field, "%.*s", (int)o->field.n, o->field.p);
		none.from_field = field;
	}
	if (below_check(w, name, &none, lower))
		return true;
	failure_tell(w, n);
	return false;
}

bool change_delete(struct walk_changes *w, const char *name, size_t n, const struct stat *lower)
{
	struct handler_call *c = w->k->call;
	struct krux_str path = path_of(w, n);
	struct place item = { .path = path, .folder = -1, .name = "item" };
	char id[CHANGE_ID + 1];
	struct timespec now;
	struct stat st;
	bool gone;

	if (!change_deletable(w, name, n, lower))
		return false;
	/* Its other names would have another time of change by their turn, and a set is put in place whole. */
	if (w->kept && !S_ISDIR(lower->st_mode) && lower->st_nlink > 1) {
		refused_tell(w, n, "The file has several names.");
		return false;
	}
	if (w->kept) {
		kept_delete(w, name, n, lower);
		return true;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	if (!w->expired)
		trash_expire(c, (uint64_t)now.tv_sec);
	w->expired = true;
	item.folder = trash_add(c, path, (uint64_t)now.tv_sec, id);
	if (item.folder < 0) {
		failure_tell(w, n);
		return false;
	}
	/* The rename may have happened before what failed: then it is gone, and in the trash. */
	gone = change_rename(c, top(w)->lower, name, &item, false);
	if (!gone) {
		failure_tell(w, n);
		gone = place_stat(&item, &st) != ENOENT;
	}
	close(item.folder);
	if (gone)
		changed_tell(w, n);
	else
		trash_drop(c, id);
	return gone;
}

/* True: it could be read to its end, and is the same. */
static bool same_content(int a, int b)
{
	static char pa[16384], pb[16384];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(a, pa, sizeof pa, at), m = pread(b, pb, sizeof pb, at);

		if (n < 0 || n != m || memcmp(pa, pb, (size_t)n) != 0)
			return false;
		if (!n)
			return true;
		at += n;
	}
}

static bool is_same_file(const struct walk_changes *w, const char *name, int upper, const struct stat *su,
                         const struct stat *sl)
{
	bool same;
	int fd;

	if (!S_ISREG(sl->st_mode) || su->st_size != sl->st_size || (su->st_mode ^ sl->st_mode) & 07777)
		return false;
	fd = place_child(top(w)->lower, name, O_RDONLY | O_NONBLOCK, 0);
	same = fd >= 0 && same_content(upper, fd);
	if (fd >= 0)
		close(fd);
	return same;
}

static bool content_copy(struct walk_changes *w, int from, int to, struct krux_str path)
{
	static char piece[65536];
	ssize_t n;

	while ((n = read(from, piece, sizeof piece)) > 0)
		if (!change_write(w->k->call, to, piece, (size_t)n, path))
			return false;
	return !n || handler_failed(w->k->call, errno, path);
}

/* The open file has that name: also where only what came after the rename failed. */
static bool is_placed(const struct place *at, int fd)
{
	struct stat a, b;

	return !fstat(fd, &a) && !place_stat(at, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static bool content_write(struct walk_changes *w, const struct new_content *c, int to, struct krux_str path)
{
	return c->from >= 0 ? content_copy(w, c->from, to, path) : change_write(w->k->call, to, c->bytes.p, c->bytes.n, path);
}

void change_put(struct walk_changes *w, const char *name, size_t n, const struct new_content *new, bool there)
{
	struct handler_call *c = w->k->call;
	struct place to = { .path = path_of(w, n), .folder = top(w)->lower };
	char id[CHANGE_ID + 1];
	bool done = false, placed = false;
	int fd;

	snprintf(to.name, sizeof to.name, "%s", name);
	w->room -= new->size;
	fd = change_file(c, id);
	if (fd >= 0) {
		if (content_write(w, new, fd, to.path))
			done = change_install(c, fd, id, &to, new->mode, there);
		else
			unlinkat(c->temp, id, 0);
		placed = is_placed(&to, fd);
		close(fd);
	}
	if (!done)
		failure_tell(w, n);
	if (placed)
		changed_tell(w, n);
}

/* To its place, or to those that are kept for a person. */
static void content_change(struct walk_changes *w, const char *name, size_t n, int from, const struct stat *su,
                           const struct stat *sl)
{
	const bool there = sl && S_ISREG(sl->st_mode);

	if (w->kept)
		kept_file(w, name, n, from, su, there ? sl : NULL);
	else
		change_put(w, name, n, &(struct new_content){ .from = from, .size = (uint64_t)su->st_size, .mode = su->st_mode }, there);
}

void file_change(struct walk_changes *w, const char *name, size_t n, const struct stat *su, const struct stat *sl)
{
	int from = place_child(top(w)->in.fd, name, O_RDONLY | O_NONBLOCK, 0);

	if (from < 0)
		refused_tell(w, n, "It cannot be read.");
	else if (sl && is_same_file(w, name, from, su, sl))
		;                      /* looked at for writing, and left as it was */
	else if (su->st_mode & (S_ISUID | S_ISGID))
		refused_tell(w, n, "It would run with another's rights.");
	else if (su->st_nlink > 1)
		refused_tell(w, n, "The program has given it several names.");
	else if ((uint64_t)su->st_size > w->room)
		refused_tell(w, n, "All files together would be more than limits.memory.");
	else if (sl && S_ISLNK(sl->st_mode))
		refused_tell(w, n, "A symbolic link is there.");
	else if (sl && S_ISREG(sl->st_mode) && sl->st_nlink > 1)
		refused_tell(w, n, "The file has several names.");
	else if (sl && !S_ISREG(sl->st_mode) && !change_delete(w, name, n, sl))
		;                      /* told */
	else if (sl && S_ISREG(sl->st_mode) ? path_may(w, KRUX_EFFECT_WRITES, n) && path_untouched(w, sl, n)
	                                    : path_may(w, KRUX_EFFECT_CREATES, n))
		content_change(w, name, n, from, su, sl);
	if (from >= 0)
		close(from);
}
