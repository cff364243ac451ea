/* An overlay's upper folder to changes of the workspace. It is what a program has left, and may be anything: nothing in it
 * is followed, and each path is decided as if the call had named it. What may be is put in place as a builtin would do it,
 * each file at once; what may not be stays where it is, and goes with the call.
 *
 * Upper, lower (the workspace) and merged (what the program saw) are walked together. That a folder hides what lies below
 * it in the workspace is seen in merged, so that no attribute has to be read. */
#include "runtime/spawn/changes_part.h"

#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { SCRATCH = 1 << 20 };            /* bytes; a walk takes a quarter of it */

static const char too_long[] = "It holds a path of more than 4096 bytes.", not_seen[] = "It cannot be looked at.",
	unopened[] = "The folder cannot be opened.";

static void mode_give(struct walk_changes *w, const struct level *l)
{
	struct stat st;

	if (!fstat(l->lower, &st) && (st.st_mode & 0777) == l->mode)
		return;
	if (fchmod(l->lower, l->mode) || fsync(l->lower)) {
		handler_failed(w->k->call, errno, path_of(w, l->length));
		failure_tell(w, l->length);
	}
}

static void level_close(struct walk_changes *w, struct level *l)
{
	if (l->lower >= 0 && l->made)
		mode_give(w, l);
	entries_close(&l->in);
	if (l->lower >= 0)
		close(l->lower);
	if (l->merged >= 0)
		close(l->merged);
	if (l->base >= 0)
		close(l->base);
}

/* What an overlay has for a name that is deleted. The workspace may have one, which no program sees. */
static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && !st->st_rdev;
}

/* A name of the workspace that neither upper nor merged has. */
static void hidden_change(struct walk_changes *w, const char *name)
{
	const struct level *l = top(w);
	size_t n = l->length + 1 + strlen(name);
	struct stat lower;

	if (n > HANDLER_PATH) {
		refused_tell(w, l->length, too_long);
		return;
	}
	snprintf(w->path + l->length, sizeof w->path - l->length, "/%s", name);
	command_pause(w->k);
	if (!fstatat(l->lower, name, &lower, AT_SYMLINK_NOFOLLOW))
		(void)(!is_whiteout(&lower) && change_delete(w, name, n, &lower));
	else if (errno != ENOENT)
		refused_tell(w, n, not_seen);
}

static void level_ended(struct walk_changes *w, const struct entries *in)
{
	if (in->failed)
		refused_tell(w, top(w)->length, "It cannot be read to its end.");
}

/* The program may have seen that name in the folder. Of the workspace a snapshot has only what the call names. */
static bool was_shown(const struct walk_changes *w, const char *name)
{
	const int base = top(w)->base;
	struct stat st;

	return w->k->base < 0 || (base >= 0 && !fstatat(base, name, &st, AT_SYMLINK_NOFOLLOW));
}

/* What the workspace has in a folder and the program does not see there: the program has deleted all of it, or made the
 * folder anew. */
static void hidden_delete(struct walk_changes *w)
{
	const struct level *l = top(w);
	struct entries in;
	const char *name;
	struct stat st;

	if (!entries_open(&in, l->lower, ".")) {
		refused_tell(w, l->length, unopened);
		return;
	}
	while ((name = entries_next(&in))) {
		if (!fstatat(l->in.fd, name, &st, AT_SYMLINK_NOFOLLOW) || !was_shown(w, name))
			continue;
		/* They are hidden all or none. */
		if (!fstatat(l->merged, name, &st, AT_SYMLINK_NOFOLLOW) || errno != ENOENT)
			break;
		hidden_change(w, name);
	}
	level_ended(w, &in);
	entries_close(&in);
}

static void folder_enter(struct walk_changes *w, const char *name, size_t n, bool made, mode_t mode)
{
	const struct level *above = top(w);
	struct level *l = &w->level[w->depth + 1];

	if (w->depth + 1 == WALK_DEPTH) {
		refused_tell(w, n, "It is more than 64 folders deep.");
		return;
	}
	*l = (struct level){ .length = n, .in.fd = -1, .made = made, .mode = mode & 0777 };
	/* One that is kept is not made yet. */
	l->lower = made && w->kept ? -1 : place_child(above->lower, name, O_RDONLY | O_DIRECTORY, 0);
	l->merged = place_child(above->merged, name, O_RDONLY | O_DIRECTORY, 0);
	l->base = above->base < 0 ? -1 : place_child(above->base, name, O_RDONLY | O_DIRECTORY, 0);
	if ((l->lower < 0 && !(made && w->kept)) || l->merged < 0 || !entries_open(&l->in, above->in.fd, name)) {
		refused_tell(w, n, unopened);
		level_close(w, l);
		return;
	}
	w->depth++;
	if (!made)
		hidden_delete(w);
}

static void folder_change(struct walk_changes *w, const char *name, size_t n, const struct stat *su, const struct stat *sl)
{
	bool made;

	if (sl && S_ISDIR(sl->st_mode)) {
		if ((su->st_mode ^ sl->st_mode) & 07777)
			refused_tell(w, n, "The mode of a folder that was there is not changed.");
		folder_enter(w, name, n, false, 0);
		return;
	}
	if ((sl && !change_delete(w, name, n, sl)) || !path_may(w, KRUX_EFFECT_CREATES, n))
		return;
	if (w->kept) {
		kept_folder(w, n, su->st_mode);
		folder_enter(w, name, n, true, su->st_mode);
		return;
	}
	made = !mkdirat(top(w)->lower, name, 0700 | (su->st_mode & 0777));
	if (!made || fsync(top(w)->lower)) {
		handler_failed(w->k->call, errno, path_of(w, n));
		failure_tell(w, n);
	}
	if (!made)
		return;
	changed_tell(w, n);
	folder_enter(w, name, n, true, su->st_mode);
}

static void entry_change(struct walk_changes *w, const char *name)
{
	const struct level *l = top(w);
	size_t n = l->length + 1 + strlen(name);
	struct stat upper, lower;
	const struct stat *sl;
	int no;

	if (n > HANDLER_PATH) {
		refused_tell(w, l->length, too_long);
		return;
	}
	snprintf(w->path + l->length, sizeof w->path - l->length, "/%s", name);
	no = l->lower < 0 ? ENOENT : fstatat(l->lower, name, &lower, AT_SYMLINK_NOFOLLOW) ? errno : 0;
	sl = no ? NULL : &lower;
	if ((no && no != ENOENT) || fstatat(l->in.fd, name, &upper, AT_SYMLINK_NOFOLLOW))
		refused_tell(w, n, not_seen);
	else if (path_reserved(path_of(w, n)))
		(void)(is_whiteout(&upper) || path_may(w, KRUX_EFFECT_CREATES, n));
	else if (is_whiteout(&upper))
		(void)(sl && change_delete(w, name, n, sl));
	else if (S_ISDIR(upper.st_mode))
		folder_change(w, name, n, &upper, sl);
	else if (S_ISREG(upper.st_mode))
		file_change(w, name, n, &upper, sl);
	else
		refused_tell(w, n, S_ISLNK(upper.st_mode) ? "A symbolic link: commands make none." :
		             "A device, a pipe or a socket: commands make none.");
}

static void entries_walk(struct walk_changes *w)
{
	for (;;) {
		const char *name = entries_next(&w->level[w->depth].in);

		if (!name) {
			level_ended(w, &top(w)->in);
			if (!w->depth)
				return;
			level_close(w, &w->level[w->depth--]);
			continue;
		}
		if (w->entries++ == WALK_ENTRIES) {
			w->out->cut = true;
			refused_tell(w, top(w)->length, "It and what comes after it: there are more than 200,000 changes.");
			return;
		}
		command_pause(w->k);
		entry_change(w, name);
	}
}

struct walk_changes *changes_begin(struct command *k, struct changed *out)
{
	struct handler_call *c = k->call;
	struct walk_changes *w = krux_pool_get(c->pool, sizeof *w);
	struct krux_pool *scratch = krux_pool_new(SCRATCH);

	if (!w || !scratch)
		_exit(CHILD_BROKEN);
	/* The rest is zero, and stays untouched where no folder is that deep: it is 64 pages. */
	w->k = k;
	w->out = out;
	w->scratch = scratch;
	w->room = k->plan->limits.memory;
	if (!told_begin(w))
		_exit(CHILD_BROKEN);
	return w;
}

void changes_walk(struct walk_changes *w)
{
	static const char root[] = "/workspace";
	struct command *k = w->k;

	while (flock(k->lock, LOCK_EX))
		if (errno != EINTR)
			_exit(CHILD_BROKEN);
	memcpy(w->path, root, sizeof root);
	w->level[0] = (struct level){ .lower = place_child(k->call->workspace, ".", O_RDONLY | O_DIRECTORY, 0), .merged = k->shown,
		                      .base = k->base, .length = sizeof root - 1 };
	if (w->level[0].lower < 0 || !entries_open(&w->level[0].in, k->upper, "."))
		_exit(CHILD_BROKEN);
	hidden_delete(w);
	entries_walk(w);
	/* A call that is frozen from here on is in nobody's way. */
	flock(k->lock, LOCK_UN);
}

void changes_commit(struct command *k, struct changed *out)
{
	changes_walk(changes_begin(k, out));
}
