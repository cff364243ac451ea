/* A change set that was approved to changes of the workspace: exactly those bytes, or nothing. All of it is looked at first,
 * under the workspace's lock: does the policy of now allow each change, and is everything there as it was when the set was
 * made. Then each is put in place, at once by itself. */
#include "runtime/spawn/changes_part.h"

#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { ROOT = sizeof "/workspace" - 1 };

/* The paths that a change before this one has emptied or made: what the workspace has there is not looked at again. */
struct ahead {
	struct krux_str gone, made;
	bool failed;
};

static bool below(struct krux_str path, struct krux_str folder)
{
	return folder.n && path.n > folder.n && path.p[folder.n] == '/' && !memcmp(path.p, folder.p, folder.n);
}

/* The change's folder becomes the walk's; its name is what is returned. NULL: the folder is not there. */
static const char *place_enter(struct walk_changes *w, const struct change *c)
{
	char *name = w->path + ROOT + 1, *stop;
	struct level *l = &w->level[0];
	int fd = place_child(w->k->call->workspace, ".", O_RDONLY | O_DIRECTORY, 0);

	memcpy(w->path, c->path.p, c->path.n);
	w->path[c->path.n] = '\0';
	while (fd >= 0 && (stop = strchr(name, '/'))) {
		int next;

		*stop = '\0';
		next = place_child(fd, name, O_RDONLY | O_DIRECTORY, 0);
		*stop = '/';
		/* What is mounted there is no part of the workspace. */
		if (next >= 0 && !place_same_mount(fd, next)) {
			close(next);
			next = -1;
		}
		close(fd);
		fd = next;
		name = stop + 1;
	}
	if (l->lower >= 0)
		close(l->lower);
	l->lower = fd;
	return fd < 0 ? NULL : name;
}

static bool refuse(struct walk_changes *w, size_t n, const char *why)
{
	refused_tell(w, n, why);
	return false;
}

static bool is_as_it_was(struct walk_changes *w, const char *name, size_t n, const struct change *c, const struct stat *st)
{
	struct change_was now;

	if (st->st_mode != c->was.mode || st->st_ino != c->was.inode ||
	    (!S_ISDIR(st->st_mode) && (uint64_t)st->st_size != c->was.size))
		return refuse(w, n, "It is another file than the one that was looked at.");
	if (!path_untouched(w, st, n))
		return false;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		return refuse(w, n, "The file has several names.");
	kept_was(w, name, st, &now);
	if (now.hashed != c->was.hashed || (now.hashed && memcmp(now.digest, c->was.digest, sizeof now.digest) != 0))
		return refuse(w, n, "Its content has changed since.");
	return true;
}

static enum krux_effect_kind effect_of(const struct change *c)
{
	return c->what == CHANGE_DELETE ? KRUX_EFFECT_DELETES : c->was.there ? KRUX_EFFECT_WRITES : KRUX_EFFECT_CREATES;
}

/* May it be put in place: the policy first, which no file of the workspace changes. */
static bool change_check(struct walk_changes *w, const struct change *c, const struct ahead *a)
{
	const size_t n = c->path.n;
	const char *name;
	struct stat st;
	int no;

	memcpy(w->path, c->path.p, n);
	w->path[n] = '\0';
	if (!path_may(w, effect_of(c), n))
		return false;
	if (below(c->path, a->made) || krux_str_eq(c->path, a->gone))
		return !c->was.there || refuse(w, n, "It is changed twice.");
	name = place_enter(w, c);
	if (!name)
		return refuse(w, n, "The folder that it is in is not there any more.");
	no = fstatat(w->level[0].lower, name, &st, AT_SYMLINK_NOFOLLOW) ? errno : 0;
	if (no && no != ENOENT)
		return refuse(w, n, "It cannot be looked at.");
	if (no == ENOENT || !c->was.there)
		return no == ENOENT && !c->was.there ? true :
		       refuse(w, n, no ? "It is not there any more." : "Something is there by now.");
	return is_as_it_was(w, name, n, c, &st) && (c->what != CHANGE_DELETE || change_deletable(w, name, n, &st));
}

static bool set_check(struct walk_changes *w, struct changeset s)
{
	struct ahead a = { .failed = false };
	struct change c;

	while (changeset_change(&s, &c)) {
		command_pause(w->k);
		a.failed |= !change_check(w, &c, &a);
		if (c.what == CHANGE_DELETE)
			a.gone = c.path;
		if (c.what == CHANGE_FOLDER && !below(c.path, a.made))
			a.made = c.path;
		w->room -= c.content.n < w->room ? c.content.n : w->room;
	}
	return !a.failed;
}

static void folder_make(struct walk_changes *w, const char *name, const struct change *c)
{
	if (!mkdirat(w->level[0].lower, name, 0700 | c->mode) && !fsync(w->level[0].lower)) {
		changed_tell(w, c->path.n);
		return;
	}
	handler_failed(w->k->call, errno, path_of(w, c->path.n));
	failure_tell(w, c->path.n);
}

/* What was looked at first may be long ago by its turn: many changes take a while, a freeze any time, and people's programs
 * take no lock. What was not there is not there yet, or making it fails. */
static void change_make(struct walk_changes *w, const struct change *c)
{
	const char *name = place_enter(w, c);
	struct stat st;

	if (!name)
		refused_tell(w, c->path.n, "The folder that it is in is not there any more.");
	else if (c->was.there && fstatat(w->level[0].lower, name, &st, AT_SYMLINK_NOFOLLOW))
		refused_tell(w, c->path.n, "It cannot be looked at.");
	else if (c->was.there && !is_as_it_was(w, name, c->path.n, c, &st))
		;                      /* told */
	else if (c->what == CHANGE_FOLDER)
		folder_make(w, name, c);
	else if (c->what == CHANGE_FILE)
		change_put(w, name, c->path.n, &(struct new_content){ .from = -1, .bytes = c->content, .size = c->content.n, .mode = c->mode },
		           c->was.there);
	else
		change_delete(w, name, c->path.n, &st);
}

/* A folder that its owner may not write to is made so when it has what is in it. */
static void mode_give(struct walk_changes *w, const struct change *c)
{
	const char *name = c->what == CHANGE_FOLDER ? place_enter(w, c) : NULL;
	int fd = name ? place_child(w->level[0].lower, name, O_RDONLY | O_DIRECTORY, 0) : -1;
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || (st.st_mode & 0777) != c->mode) && (fchmod(fd, c->mode) || fsync(fd))) {
		handler_failed(w->k->call, errno, path_of(w, c->path.n));
		failure_tell(w, c->path.n);
	}
	if (fd >= 0)
		close(fd);
}

static void set_make(struct walk_changes *w, struct changeset s)
{
	struct changeset again = s;
	struct change c;

	while (changeset_change(&s, &c)) {
		command_pause(w->k);
		change_make(w, &c);
	}
	while (changeset_change(&again, &c))
		mode_give(w, &c);
}

static void refused_before(struct walk_changes *w, struct changeset s)
{
	struct krux_str path, why;
	char text[256];

	while (changeset_refused(&s, &path, &why)) {
		if (path.n >= sizeof w->path || why.n >= sizeof text)
			continue;
		memcpy(w->path, path.p, path.n);
		memcpy(text, why.p, why.n);
		text[why.n] = '\0';
		refused_tell(w, path.n, text);
	}
}

static void changes_approved(struct command *k, const struct changeset *s, struct changed *out)
{
	struct walk_changes *w = changes_begin(k, out);
	size_t refused;

	w->level[0] = (struct level){ .lower = -1, .length = ROOT };
	k->started = s->started;
	out->cut = s->cut;
	refused_before(w, *s);
	refused = out->nrefused;
	while (flock(k->lock, LOCK_EX))
		if (errno != EINTR)
			_exit(CHILD_BROKEN);
	if (set_check(w, *s)) {
		w->room = UINT64_MAX;
		set_make(w, *s);
	} else {
		memcpy(w->path, "/workspace", ROOT);
		refused_tell(w, ROOT, refused == out->nrefused ? "Nothing was changed: it is not what was approved any more." :
		             "Nothing was changed: what was approved cannot be put in place as a whole.");
	}
	flock(k->lock, LOCK_UN);
}

bool changes_approved_run(struct command *k)
{
	struct changed changed = { .room = k->plan->output };
	struct stream stream[2];
	struct changeset s;
	const char *why;

	if (!changeset_read(k->plan->changes, &s, &why))
		_exit(CHILD_BROKEN);
	for (int i = 0; i < 2; i++) {
		stream[i] = (struct stream){ .fd = -1, .p = (char *)(uintptr_t)s.out[i].p, .n = s.out[i].n };
		changed.room -= s.out[i].n < changed.room ? s.out[i].n : changed.room;
	}
	changes_approved(k, &s, &changed);
	return command_answer(k, (int)s.status, stream, &changed);
}
