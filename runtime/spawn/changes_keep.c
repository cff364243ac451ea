/* What a program has changed to a change set, for a person to approve; nothing is put in place. The content of files is read
 * when all of the program's processes have ended, so that nobody writes to them any more. */
#include "runtime/spawn/changes_part.h"

#include "capspec/digest.h"
#include "stdlib-caps/common/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)CHANGESET_HASH == (int)KRUX_SHA256, "the digest of what was there");

/* Of the file at hand; each is used for one after the other. */
static uint8_t content[CHANGESET_BYTES], before[CHANGESET_COMPARED];

bool kept_begin(struct kept *k, struct krux_pool *pool)
{
	*k = (struct kept){ .out = { krux_pool_get(pool, CHANGESET_BYTES), CHANGESET_BYTES, 0 } };
	return k->out.p;
}

static void kept_add(struct walk_changes *w, const struct change *c)
{
	struct kept *k = w->kept;

	k->over |= k->n == CHANGESET_CHANGES;
	if (k->over)
		return;
	changeset_add(&k->out, c);
	k->n++;
	k->over = k->out.n > k->out.cap;
}

/* All of it, of exactly that length. */
static bool file_read(int fd, uint8_t *to, size_t n)
{
	size_t at = 0;
	uint8_t more;

	while (at < n) {
		ssize_t got = pread(fd, to + at, n - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return pread(fd, &more, 1, (off_t)n) == 0;
}

static bool file_hash(int fd, uint8_t out[static CHANGESET_HASH])
{
	static uint8_t piece[65536];
	struct krux_sha256_state s;
	off_t at = 0;
	ssize_t n;

	krux_sha256_start(&s);
	while ((n = pread(fd, piece, sizeof piece, at)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		krux_sha256_add(&s, piece, (size_t)n);
		at += n;
	}
	krux_sha256_end(&s, out);
	return !n;
}

void kept_was(const struct walk_changes *w, const char *name, const struct stat *st, struct change_was *out)
{
	int fd;

	*out = (struct change_was){ .there = true, .mode = st->st_mode, .inode = st->st_ino, .size = (uint64_t)st->st_size };
	/* Of a folder it is that of its list of names on some file systems; what is below it is looked at by its times. */
	if (S_ISDIR(st->st_mode))
		out->size = 0;
	if (!S_ISREG(st->st_mode) || out->size > CHANGESET_HASHED)
		return;
	fd = place_child(top(w)->lower, name, O_RDONLY | O_NONBLOCK, 0);
	out->hashed = fd >= 0 && file_hash(fd, out->digest);
	if (fd >= 0)
		close(fd);
}

void kept_delete(struct walk_changes *w, const char *name, size_t n, const struct stat *lower)
{
	struct change c = { .what = CHANGE_DELETE, .path = path_of(w, n) };

	kept_was(w, name, lower, &c.was);
	kept_add(w, &c);
}

void kept_folder(struct walk_changes *w, size_t n, mode_t mode)
{
	kept_add(w, &(struct change){ .what = CHANGE_FOLDER, .path = path_of(w, n), .mode = mode & 0777 });
}

/* What was there, where both are text that somebody would compare. */
static void before_read(struct walk_changes *w, const char *name, struct change *c)
{
	int fd;

	if (!c->was.hashed || c->was.size > sizeof before || c->content.n > sizeof before || !changeset_text(c->content))
		return;
	fd = place_child(top(w)->lower, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0 && file_read(fd, before, (size_t)c->was.size)) {
		uint8_t digest[KRUX_SHA256];

		c->old = (struct krux_str){ (const char *)before, (size_t)c->was.size };
		krux_sha256(c->old, digest);
		c->compared = changeset_text(c->old) && !memcmp(digest, c->was.digest, sizeof digest);
	}
	if (fd >= 0)
		close(fd);
}

void kept_file(struct walk_changes *w, const char *name, size_t n, int from, const struct stat *su, const struct stat *sl)
{
	struct change c = { .what = CHANGE_FILE, .path = path_of(w, n), .mode = su->st_mode & 0777 };

	w->kept->over |= (uint64_t)su->st_size > sizeof content;
	if (w->kept->over)
		return;
	if (!file_read(from, content, (size_t)su->st_size)) {
		refused_tell(w, n, "It cannot be read.");
		return;
	}
	c.content = (struct krux_str){ (const char *)content, (size_t)su->st_size };
	if (sl) {
		kept_was(w, name, sl, &c.was);
		before_read(w, name, &c);
	}
	kept_add(w, &c);
}

/* ---- the whole ---- */

static const struct krux_value *member(const struct krux_value *v, const char *name)
{
	return krux_value_get(v, name);
}

/* What stands before the changes, and they. */
static bool set_make(const struct command *k, const struct kept *kept, int status, const struct stream stream[static 2],
                     const struct changed *changed, struct krux_str *out)
{
	struct changeset s = { .started = k->started, .status = (uint64_t)status, .cut = changed->cut, .nrefused = changed->nrefused,
		               .nchanges = kept->n };
	struct krux_str (*refused)[2] = krux_pool_get(k->call->pool, (changed->nrefused + 1) * sizeof *refused);
	struct item_out o = { NULL, 0, 0 };

	if (!refused)
		return false;
	for (int i = 0; i < 2; i++) {
		s.out[i] = (struct krux_str){ stream[i].p, stream[i].n };
		s.cut |= stream[i].cut;
	}
	for (size_t i = 0; i < changed->nrefused; i++) {
		refused[i][0] = member(&changed->refused[i], "path")->str;
		refused[i][1] = member(&changed->refused[i], "why")->str;
	}
	changeset_begin(&o, &s, (const struct krux_str (*)[2])refused);
	o = (struct item_out){ krux_pool_get(k->call->pool, o.n + kept->out.n), o.n + kept->out.n, 0 };
	if (!o.p)
		return false;
	changeset_begin(&o, &s, (const struct krux_str (*)[2])refused);
	item_raw(&o, (struct krux_str){ (const char *)kept->out.p, kept->out.n });
	*out = (struct krux_str){ (const char *)o.p, o.n };
	return true;
}

void changes_keep(struct command *k, int status, const struct stream stream[static 2], struct changed *out)
{
	static const char root[] = "/workspace", over[] =
		"Nothing was changed: what the program has changed is more than the 16384 changes or 4 MiB that can be approved.";
	struct walk_changes *w = changes_begin(k, out);
	struct kept kept;
	struct krux_str set = { NULL, 0 };

	if (!kept_begin(&kept, k->call->pool))
		_exit(CHILD_BROKEN);
	w->kept = &kept;
	changes_walk(w);
	if (!kept.over && kept.n && !set_make(k, &kept, status, stream, out, &set))
		_exit(CHILD_BROKEN);
	if (kept.over || set.n > CHANGESET_BYTES) {
		memcpy(w->path, root, sizeof root);
		refused_tell(w, sizeof root - 1, over);
		return;
	}
	k->call->changes = set;
}
