/* A tree about to get another name, to a yes, or to the reason why one of its paths must keep its
 * name. The lock on the workspace keeps the answer true until the rename. */
#include "stdlib-caps/filesystem/moved.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "stdlib-caps/common/place.h"
#include "stdlib-caps/common/walk.h"

struct check {
	struct handler_call *call;
	const struct moved *moved;
	char path[2 * HANDLER_PATH];
};

bool moved_inside(struct krux_str inner, struct krux_str outer)
{
	return inner.n >= outer.n && !memcmp(inner.p, outer.p, outer.n) &&
	       (inner.n == outer.n || inner.p[outer.n] == '/');
}

/* One name of one path: base + "/" + below. */
static bool name_check(struct check *k, const char *field, struct krux_str base,
                       struct krux_str below)
{
	struct handler_call *c = k->call;
	struct krux_str path = { k->path, base.n + 1 + below.n };
	int shown;

	if (!field)
		return true;
	if (path.n > HANDLER_PATH)
		return handler_fail(c, "TooLarge",
		                    "The folder holds a path of more than 4096 bytes.");
	memcpy(k->path, base.p, base.n);
	k->path[base.n] = '/';
	memcpy(k->path + base.n + 1, below.p, below.n);
	shown = handler_shown(path);
	if (!path_changeable(c, path))
		return false;
	if (!c->allows(c->allows_ctx, (struct krux_str){ field, strlen(field) }, path))
		return handler_fail(c, "NotAllowed", "%.*s: the policy does not allow it.",
			shown, path.p);
	return true;
}

static bool age_check(struct check *k, const struct walk_entry *e)
{
	const struct timespec *t = &e->st.st_ctim;

	return !k->moved->since || (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec <= k->moved->since ||
	       handler_fail(k->call, "Changed", "%.*s was changed meanwhile.", handler_shown(e->path), e->path.p);
}

static enum walk_next moved_visit(void *ctx, const struct walk_entry *e)
{
	struct check *k = ctx;
	const struct moved *m = k->moved;

	if (!age_check(k, e))
		return WALK_STOP;
	if (!name_check(k, m->from_field, m->from, e->below) ||
	    !name_check(k, m->to_field, m->to, e->below))
		return WALK_STOP;
	return WALK_ON;
}

static bool allow_any(void *ctx, struct krux_str field, struct krux_str path)
{
	(void)ctx, (void)field, (void)path;
	return true;
}

bool moved_check(struct handler_call *c, int folder, const char *name, const struct moved *m,
                 const struct stat *st, uint64_t *entries)
{
	struct check *k = krux_pool_get(c->pool, sizeof *k);
	/* The walk asks nothing itself: moved_visit asks, for each of the two names. */
	struct handler_call *quiet = krux_pool_get(c->pool, sizeof *quiet);
	struct walk w = { .call = quiet,
		          .field = "path",
		          .hidden = true,
		          .all = true,
		          .max = WALK_PART,
		          .visit = moved_visit,
		          .ctx = k };
	bool ok;
	int fd;

	*entries = 1;
	if (!S_ISDIR(st->st_mode))
		return true;
	if (!k || !quiet)
		return handler_memory(c, "IoError");
	fd = place_child(folder, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return handler_failed(c, errno, m->from.n ? m->from : m->to);
	*k = (struct check){ .call = c, .moved = m };
	*quiet = *c;
	quiet->allows = allow_any;
	ok = walk_below(&w, fd, m->from.n ? m->from : m->to);
	*entries = w.entries + 1;
	if (!ok && !c->error) {
		memcpy(c->detail, quiet->detail, sizeof c->detail);
		c->error = quiet->error;
	}
	return ok && !c->error;
}
