/* An overlay's upper folder to changes of the workspace. It is what a program has left, and may be anything: nothing in it
 * is followed, and each path is decided as if the call had named it. What may be is put in place as a builtin would do it,
 * each file at once; what may not be stays where it is, and goes with the call.
 *
 * Upper, lower (the workspace) and merged (what the program saw) are walked together. That a folder hides what lies below
 * it in the workspace is seen in merged, so that no attribute has to be read. */
#include "runtime/spawn/command_part.h"

#include "capspec/canon.h"
#include "capspec/layers.h"
#include "stdlib-caps/common/change.h"
#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/walk.h"
#include "stdlib-caps/filesystem/moved.h"
#include "stdlib-caps/filesystem/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct level {
	struct entries in;             /* of upper */
	int lower, merged;             /* the same folder; lower -1: the workspace has none */
	size_t length;                 /* of its path */
	bool made;                     /* by this walk, which may write in it until it leaves */
	mode_t mode;                   /* then */
};

enum { SCRATCH = 1 << 20 };            /* bytes; a walk takes a quarter of it */

struct walk_changes {
	struct command *k;
	struct changed *out;
	struct krux_pool *scratch;     /* of one change */
	struct level level[WALK_DEPTH];
	unsigned depth;
	unsigned entries;
	bool expired;                  /* the trash was looked through */
	uint64_t room;                 /* bytes of files to come: holes take no memory, and would be written */
	char path[HANDLER_PATH + HANDLER_NAME + 2];
};

/* ---- what is told ---- */

static size_t list_most(const struct command *k, const char *name)
{
	const struct krux_field *f = output_field(k, name);

	return !f ? 0 : f->type->max < MOST_PATHS ? (size_t)f->type->max : MOST_PATHS;
}

static struct krux_str text_keep(struct walk_changes *w, struct krux_str s, uint64_t max)
{
	struct krux_str out = { NULL, s.n < max ? s.n : (size_t)max };

	/* Never within a character. */
	while (out.n < s.n && out.n && ((unsigned char)s.p[out.n] & 0xc0) == 0x80)
		out.n--;
	out.p = krux_pool_copy(w->k->call->pool, s.p, out.n);
	if (!out.p)
		_exit(CHILD_BROKEN);
	return out;
}

static struct krux_str path_of(const struct walk_changes *w, size_t n)
{
	return (struct krux_str){ w->path, n };
}

/* The answer has a greatest length. */
static bool room_take(struct changed *out, size_t n)
{
	const size_t head = 24;        /* keys and lengths */

	if (out->room < n + head)
		return false;
	out->room -= n + head;
	return true;
}

static void changed_tell(struct walk_changes *w, size_t n)
{
	struct changed *out = w->out;

	if (!output_field(w->k, "changed"))
		return;
	if (out->n == list_most(w->k, "changed") || !room_take(out, n)) {
		out->cut = true;
		return;
	}
	out->list[out->n++] = (struct krux_value){ .kind = KRUX_V_TEXT, .str = text_keep(w, path_of(w, n), HANDLER_PATH) };
}

/* What is not UTF-8 is shown as it can be. */
static struct krux_str path_shown(struct walk_changes *w, size_t n, char *buf, size_t size)
{
	size_t to = 0;

	if (krux_utf8_valid(path_of(w, n)))
		return path_of(w, n);
	for (size_t i = 0; i < n && to + 5 < size; i++) {
		unsigned char c = (unsigned char)w->path[i];

		to += (size_t)snprintf(buf + to, size - to, c < 0x80 && c >= 0x20 ? "%c" : "\\x%02x", c);
	}
	return (struct krux_str){ buf, to };
}

static void refused_tell(struct walk_changes *w, size_t n, const char *why)
{
	const struct krux_type *t = output_field(w->k, "refused")->type->elem;
	char shown[4 * HANDLER_PATH];
	const struct krux_str path = path_shown(w, n, shown, sizeof shown);
	struct changed *out = w->out;
	struct krux_member *m;

	if (out->nrefused == list_most(w->k, "refused") || !room_take(out, path.n + strlen(why))) {
		out->cut = true;
		return;
	}
	m = krux_pool_get(w->k->call->pool, 2 * sizeof *m);
	if (!m)
		_exit(CHILD_BROKEN);
	m[0] = (struct krux_member){ KRUX_STR("path"), { .kind = KRUX_V_TEXT, .str = text_keep(w, path, t->field[0].type->max) } };
	m[1] = (struct krux_member){ KRUX_STR("why"), { .kind = KRUX_V_TEXT,
		.str = text_keep(w, (struct krux_str){ why, strlen(why) }, t->field[1].type->max) } };
	krux_members_sort(m, 2);
	out->refused[out->nrefused++] = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 2 } };
}

/* What a handler's function said of its failure is said of this change. */
static void failure_tell(struct walk_changes *w, size_t n)
{
	char why[sizeof w->k->call->detail];

	snprintf(why, sizeof why, "%s", w->k->call->detail[0] ? w->k->call->detail : "It cannot be put in place.");
	w->k->call->error = NULL;
	w->k->call->detail[0] = '\0';
	refused_tell(w, n, why);
}

/* ---- may it be ---- */

static const struct operand *operand_for(const struct walk_changes *w, enum krux_effect_kind kind, struct krux_str path)
{
	const struct command *k = w->k;
	struct handler_call *c = k->call;

	for (size_t i = 0; i < k->noperands; i++) {
		const struct operand *o = &k->operand[i];

		if (o->kind != kind || !operand_covers(o, path))
			continue;
		if (!o->tree || !o->field.n || c->allows(c->allows_ctx, o->field, path))
			return o;
	}
	return NULL;
}

static const char *word_of(enum krux_effect_kind kind)
{
	return kind == KRUX_EFFECT_CREATES ? "create" : kind == KRUX_EFFECT_WRITES ? "write" : "delete";
}

/* Says no, or tells why. */
static bool may(struct walk_changes *w, enum krux_effect_kind kind, size_t n)
{
	struct krux_str path = path_of(w, n);
	char why[64];

	if (!krux_utf8_valid(path)) {
		refused_tell(w, n, "A name that is not UTF-8: no policy can speak about it.");
		return false;
	}
	if (!path_changeable(w->k->call, path)) {
		failure_tell(w, n);
		return false;
	}
	if (operand_for(w, kind, path))
		return true;
	snprintf(why, sizeof why, "The call may not %s it.", word_of(kind));
	refused_tell(w, n, why);
	return false;
}

/* Somebody else has changed it since the program started, which has seen what was there before. */
static bool is_newer(const struct walk_changes *w, const struct stat *st)
{
	return (uint64_t)st->st_ctim.tv_sec * 1000000000 + (uint64_t)st->st_ctim.tv_nsec > w->k->started;
}

static bool is_untouched(struct walk_changes *w, const struct stat *st, size_t n)
{
	if (!is_newer(w, st))
		return true;
	refused_tell(w, n, "It was changed while the program ran.");
	return false;
}

/* ---- one change ---- */

static const struct level *top(const struct walk_changes *w)
{
	return &w->level[w->depth];
}

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

/* What the workspace has there, to the trash. True: nothing is there any more. */
static bool change_delete(struct walk_changes *w, const char *name, size_t n, const struct stat *lower)
{
	struct handler_call *c = w->k->call;
	struct krux_str path = path_of(w, n);
	struct place item = { .path = path, .folder = -1, .name = "item" };
	struct moved none = { .from = path, .since = w->k->started };
	const struct operand *o;
	char field[HANDLER_NAME], id[CHANGE_ID + 1];
	struct timespec now;
	struct stat st;
	bool gone;

	if (!may(w, KRUX_EFFECT_DELETES, n) || !is_untouched(w, lower, n))
		return false;
	o = operand_for(w, KRUX_EFFECT_DELETES, path);
	if (S_ISDIR(lower->st_mode) && !o->tree) {
		refused_tell(w, n, "The call may delete that path, and it is a folder.");
		return false;
	}
	if (o->field.n && o->field.n < sizeof field) {
		snprintf(field, sizeof field, "%.*s", (int)o->field.n, o->field.p);
		none.from_field = field;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	if (!w->expired)
		trash_expire(c, (uint64_t)now.tv_sec);
	w->expired = true;
	if (!below_check(w, name, &none, lower) ||
	    (item.folder = trash_add(c, path, (uint64_t)now.tv_sec, id)) < 0) {
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

/* The file's content under its name, at once. */
static void change_put(struct walk_changes *w, const char *name, size_t n, int from, const struct stat *su, bool there)
{
	struct handler_call *c = w->k->call;
	struct place to = { .path = path_of(w, n), .folder = top(w)->lower };
	char id[CHANGE_ID + 1];
	bool done = false, placed = false;
	int fd;

	snprintf(to.name, sizeof to.name, "%s", name);
	w->room -= (uint64_t)su->st_size;
	fd = change_file(c, id);
	if (fd >= 0) {
		if (content_copy(w, from, fd, to.path))
			done = change_install(c, fd, id, &to, su->st_mode, there);
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

static void file_change(struct walk_changes *w, const char *name, size_t n, const struct stat *su, const struct stat *sl)
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
	else if (sl && S_ISREG(sl->st_mode) ? may(w, KRUX_EFFECT_WRITES, n) && is_untouched(w, sl, n)
	                                    : may(w, KRUX_EFFECT_CREATES, n))
		change_put(w, name, n, from, su, sl && S_ISREG(sl->st_mode));
	if (from >= 0)
		close(from);
}

/* ---- folders ---- */

static const char too_long[] = "It holds a path of more than 4096 bytes.", not_seen[] = "It cannot be looked at.",
	unopened[] = "The folder cannot be opened.";

static void mode_give(struct walk_changes *w, const struct level *l)
{
	struct stat st;

	if (!l->made || (!fstat(l->lower, &st) && (st.st_mode & 0777) == l->mode) ||
	    (!fchmod(l->lower, l->mode) && !fsync(l->lower)))
		return;
	handler_failed(w->k->call, errno, path_of(w, l->length));
	failure_tell(w, l->length);
}

static void level_close(struct walk_changes *w, struct level *l)
{
	if (l->lower >= 0)
		mode_give(w, l);
	entries_close(&l->in);
	if (l->lower >= 0)
		close(l->lower);
	if (l->merged >= 0)
		close(l->merged);
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
		if (!fstatat(l->in.fd, name, &st, AT_SYMLINK_NOFOLLOW))
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
	l->lower = place_child(above->lower, name, O_RDONLY | O_DIRECTORY, 0);
	l->merged = place_child(above->merged, name, O_RDONLY | O_DIRECTORY, 0);
	if (l->lower < 0 || l->merged < 0 || !entries_open(&l->in, above->in.fd, name)) {
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
	if ((sl && !change_delete(w, name, n, sl)) || !may(w, KRUX_EFFECT_CREATES, n))
		return;
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
	no = fstatat(l->lower, name, &lower, AT_SYMLINK_NOFOLLOW) ? errno : 0;
	sl = no ? NULL : &lower;
	if ((no && no != ENOENT) || fstatat(l->in.fd, name, &upper, AT_SYMLINK_NOFOLLOW))
		refused_tell(w, n, not_seen);
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

static bool changes_walk(struct walk_changes *w)
{
	for (;;) {
		const char *name = entries_next(&w->level[w->depth].in);

		if (!name) {
			level_ended(w, &top(w)->in);
			if (!w->depth)
				return true;
			level_close(w, &w->level[w->depth--]);
			continue;
		}
		if (w->entries++ == WALK_ENTRIES) {
			w->out->cut = true;
			refused_tell(w, top(w)->length, "It and what comes after it: there are more than 200,000 changes.");
			return true;
		}
		command_pause(w->k);
		entry_change(w, name);
	}
}

bool changes_commit(struct command *k, struct changed *out)
{
	struct handler_call *c = k->call;
	struct walk_changes *w = krux_pool_get(c->pool, sizeof *w);
	struct krux_pool *scratch = krux_pool_new(SCRATCH);
	static const char root[] = "/workspace";

	out->list = krux_pool_get(c->pool, (list_most(k, "changed") + 1) * sizeof *out->list);
	out->refused = krux_pool_get(c->pool, (list_most(k, "refused") + 1) * sizeof *out->refused);
	if (!w || !scratch || !out->list || !out->refused)
		_exit(CHILD_BROKEN);
	while (flock(k->lock, LOCK_EX))
		if (errno != EINTR)
			_exit(CHILD_BROKEN);
	*w = (struct walk_changes){ .k = k, .out = out, .scratch = scratch, .room = k->plan->limits.memory };
	memcpy(w->path, root, sizeof root);
	w->level[0] = (struct level){ .lower = place_child(c->workspace, ".", O_RDONLY | O_DIRECTORY, 0), .merged = k->shown,
		                      .length = sizeof root - 1 };
	if (w->level[0].lower < 0 || !entries_open(&w->level[0].in, k->upper, "."))
		_exit(CHILD_BROKEN);
	hidden_delete(w);
	return changes_walk(w);
}
