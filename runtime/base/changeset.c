/* A change set to bytes, and bytes of anybody to a change set. One form for each: a list of version, started, status, two
 * streams, cut, refused and changes. */
#include "runtime/base/changeset.h"

#include "capspec/canon.h"
#include "capspec/digest.h"

#include <string.h>
#include <sys/stat.h>

_Static_assert((int)CHANGESET_HASH == (int)KRUX_SHA256, "the digest of what was there");

enum { VERSION = 1, PARTS = 8, CHANGE_PARTS = 6, PATH_MOST = 4096 };

static void bool_put(struct item_out *o, bool b)
{
	item_head(o, ITEM_UINT, b);
}

/* ---- writing ---- */

static void was_put(struct item_out *o, const struct change_was *w)
{
	item_head(o, ITEM_LIST, w->there ? w->hashed ? 4 : 3 : 0);
	if (!w->there)
		return;
	item_head(o, ITEM_UINT, w->mode);
	item_head(o, ITEM_UINT, w->inode);
	item_head(o, ITEM_UINT, w->size);
	if (w->hashed)
		item_str(o, ITEM_BYTES, (struct krux_str){ (const char *)w->digest, sizeof w->digest });
}

void changeset_add(struct item_out *o, const struct change *c)
{
	item_head(o, ITEM_LIST, CHANGE_PARTS);
	item_head(o, ITEM_UINT, c->what);
	item_str(o, ITEM_TEXT, c->path);
	item_head(o, ITEM_UINT, c->mode);
	was_put(o, &c->was);
	item_head(o, ITEM_LIST, c->compared);
	if (c->compared)
		item_str(o, ITEM_BYTES, c->old);
	item_str(o, ITEM_BYTES, c->content);
}

void changeset_begin(struct item_out *o, const struct changeset *s, const struct krux_str (*refused)[2])
{
	item_head(o, ITEM_LIST, PARTS);
	item_head(o, ITEM_UINT, VERSION);
	item_head(o, ITEM_UINT, s->started);
	item_head(o, ITEM_UINT, s->status);
	for (int i = 0; i < 2; i++)
		item_str(o, ITEM_BYTES, s->out[i]);
	bool_put(o, s->cut);
	item_head(o, ITEM_LIST, s->nrefused);
	for (uint64_t i = 0; i < s->nrefused; i++) {
		item_head(o, ITEM_LIST, 2);
		item_str(o, ITEM_TEXT, refused[i][0]);
		item_str(o, ITEM_TEXT, refused[i][1]);
	}
	item_head(o, ITEM_LIST, s->nchanges);
}

/* ---- reading ---- */

static bool list_take(struct item_in *in, uint64_t n)
{
	uint64_t have;

	return item_take(in, ITEM_LIST, &have) && have == n;
}

static bool bool_take(struct item_in *in, bool *out)
{
	uint64_t v;

	if (!item_take(in, ITEM_UINT, &v) || v > 1)
		return false;
	*out = v;
	return true;
}

static bool number_take(struct item_in *in, uint32_t *out)
{
	uint64_t v;

	if (!item_take(in, ITEM_UINT, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool was_take(struct item_in *in, struct change_was *w)
{
	struct krux_str digest;
	uint64_t n;

	*w = (struct change_was){ .there = false };
	if (!item_take(in, ITEM_LIST, &n) || (n && n != 3 && n != 4))
		return false;
	w->there = n;
	w->hashed = n == 4;
	if (!n)
		return true;
	if (!number_take(in, &w->mode) || !item_take(in, ITEM_UINT, &w->inode) || !item_take(in, ITEM_UINT, &w->size))
		return false;
	if (!w->hashed)
		return true;
	if (!item_take_str(in, ITEM_BYTES, &digest) || digest.n != sizeof w->digest)
		return false;
	memcpy(w->digest, digest.p, sizeof w->digest);
	return true;
}

/* Below /workspace, and every name in it one that a folder can have. */
static bool path_holds(struct krux_str path)
{
	static const char root[] = "/workspace/";
	const char *p = path.p + sizeof root - 1, *end = path.p + path.n, *stop;

	if (path.n < sizeof root || path.n > PATH_MOST || memcmp(path.p, root, sizeof root - 1) != 0 ||
	    memchr(path.p, '\0', path.n))
		return false;
	for (; p <= end; p = stop + 1) {
		size_t n;

		stop = p < end ? memchr(p, '/', (size_t)(end - p)) : NULL;
		if (!stop)
			stop = end;
		n = (size_t)(stop - p);
		if (!n || n > 255 || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
			return false;
	}
	return true;
}

static bool change_take(struct item_in *in, struct change *c)
{
	uint64_t what, n;

	*c = (struct change){ .compared = false };
	if (!list_take(in, CHANGE_PARTS) || !item_take(in, ITEM_UINT, &what) || what >= CHANGE_WHATS ||
	    !item_take_str(in, ITEM_TEXT, &c->path) || !path_holds(c->path) || !number_take(in, &c->mode) || c->mode > 0777 ||
	    !was_take(in, &c->was) || !item_take(in, ITEM_LIST, &n) || n > 1)
		return false;
	c->what = (enum change_what)what;
	c->compared = n;
	if ((n && !item_take_str(in, ITEM_BYTES, &c->old)) || !item_take_str(in, ITEM_BYTES, &c->content))
		return false;
	/* What is there before is a file where it is written, or anything where it is deleted, and nothing where it is made. */
	switch (c->what) {
	case CHANGE_FILE:
		return (!c->was.there || S_ISREG(c->was.mode)) && (!c->compared || c->was.there);
	case CHANGE_FOLDER:
		return !c->was.there && !c->compared && !c->content.n;
	default:
		return c->was.there && !c->mode && !c->compared && !c->content.n;
	}
}

/* A difference from another text than what is there would hide what becomes of it. */
static bool old_holds(const struct change *c)
{
	uint8_t digest[CHANGESET_HASH];

	if (!c->compared)
		return true;
	krux_sha256(c->old, digest);
	return c->was.hashed && c->was.size == c->old.n && !memcmp(digest, c->was.digest, sizeof digest);
}

static bool pair_take(struct item_in *in, struct krux_str *path, struct krux_str *why)
{
	return list_take(in, 2) && item_take_str(in, ITEM_TEXT, path) && item_take_str(in, ITEM_TEXT, why);
}

bool changeset_refused(struct changeset *s, struct krux_str *path, struct krux_str *why)
{
	return s->refused.p != s->refused.end && pair_take(&s->refused, path, why);
}

bool changeset_change(struct changeset *s, struct change *out)
{
	return s->changes.p != s->changes.end && change_take(&s->changes, out);
}

static bool head_take(struct item_in *in, struct changeset *s)
{
	uint64_t version;

	return list_take(in, PARTS) && item_take(in, ITEM_UINT, &version) && version == VERSION &&
	       item_take(in, ITEM_UINT, &s->started) && item_take(in, ITEM_UINT, &s->status) &&
	       item_take_str(in, ITEM_BYTES, &s->out[0]) && item_take_str(in, ITEM_BYTES, &s->out[1]) && bool_take(in, &s->cut);
}

bool changeset_read(struct krux_str bytes, struct changeset *s, const char **why)
{
	struct item_in in = { (const uint8_t *)bytes.p, (const uint8_t *)bytes.p + bytes.n, NULL };
	struct krux_str path, reason;
	struct change c;

	*s = (struct changeset){ .cut = false };
	*why = "no change set";
	if (bytes.n > CHANGESET_BYTES || !head_take(&in, s) || !item_take(&in, ITEM_LIST, &s->nrefused))
		return false;
	*why = "a change set with something else in it than what was refused";
	s->refused.p = in.p;
	for (uint64_t i = 0; i < s->nrefused; i++)
		if (!pair_take(&in, &path, &reason))
			return false;
	s->refused.end = in.p;
	*why = "a change set with something else in it than changes";
	if (!item_take(&in, ITEM_LIST, &s->nchanges) || !s->nchanges || s->nchanges > CHANGESET_CHANGES)
		return false;
	s->changes.p = in.p;
	for (uint64_t i = 0; i < s->nchanges; i++)
		if (!change_take(&in, &c) || !old_holds(&c))
			return false;
	s->changes.end = in.p;
	*why = "a change set with something behind it";
	return in.p == in.end;
}

bool changeset_waited(struct krux_str bytes, uint64_t ticket, const char **why)
{
	struct changeset s;

	if (!changeset_read(bytes, &s, why))
		return false;
	*why = "a change set of a run that began after its ticket was made";
	return s.started <= ticket;
}

bool changeset_text(struct krux_str s)
{
	return krux_utf8_valid(s) && !(s.n && memchr(s.p, '\0', s.n));
}
