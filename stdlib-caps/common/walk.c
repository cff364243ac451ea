/* A folder to a sequence of visits. Each level keeps its folder open and reads names from it, so
 * no path is ever looked up again and a folder that is moved meanwhile leads nowhere else.
 * Whether the policy lets the call reach a path is asked path by path, before it is shown. */
#include "stdlib-caps/common/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "capspec/canon.h"
#include "stdlib-caps/common/entries.h"
#include "stdlib-caps/common/place.h"

struct levels {
	struct entries in[WALK_DEPTH];
	size_t length[WALK_DEPTH];        /* of the folder's path */
	char path[HANDLER_PATH + 1];
	size_t root;                      /* where `below` starts */
};

/* Leaves an entry out; false where nothing may be left out. */
static bool entry_skip(struct walk *w, const char *error, const char *why, struct krux_str path)
{
	if (w->all)
		return handler_fail(w->call, error, "%.*s: %s", handler_shown(path), path.p, why);
	w->skipped++;
	return true;
}

static bool bound_reached(struct walk *w, const char *what)
{
	w->complete = false;
	return w->all ? handler_fail(w->call, "TooLarge", "The folder holds more than %s.", what)
	              : true;
}

/* The entry's path after its folder's. False: it is left out, or the call failed. */
static bool entry_named(struct walk *w, struct levels *l, unsigned level, const char *name,
                        struct walk_entry *e, bool *failed)
{
	size_t at = l->length[level], n = strlen(name);
	struct krux_str folder = { l->path, at };

	*failed = false;
	if (!krux_utf8_valid((struct krux_str){ name, n })) {
		*failed = !entry_skip(w, "NotAllowed",
		                      "it holds a name that is not UTF-8, which no policy "
		                      "can speak about.",
		                      folder);
		return false;
	}
	if (at + 1 + n > HANDLER_PATH) {
		*failed = !entry_skip(w, "TooLarge", "it holds a path of more than 4096 bytes.",
		                      folder);
		return false;
	}
	if (l->path[at - 1] != '/')
		l->path[at++] = '/';
	memcpy(l->path + at, name, n + 1);
	e->path = (struct krux_str){ l->path, at + n };
	e->below = (struct krux_str){ l->path + l->root, at + n - l->root };
	e->name = name;
	e->folder = l->in[level].fd;
	e->depth = level + 1;
	return true;
}

static bool entry_allowed(struct walk *w, struct walk_entry *e, bool *failed)
{
	*failed = false;
	if (path_reserved(e->path))
		return false;
	if (!w->call->allows(w->call->allows_ctx, (struct krux_str){ w->field, strlen(w->field) },
	                     e->path)) {
		*failed = !entry_skip(w, "NotAllowed", "the policy does not allow it.", e->path);
		return false;
	}
	if (fstatat(e->folder, e->name, &e->st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			*failed =
				!entry_skip(w, "AccessDenied", "it cannot be looked at.", e->path);
		return false;
	}
	return true;
}

/* One name: shown, and its folder entered. *level rises when it is. */
static bool entry_visit(struct walk *w, struct levels *l, unsigned *level, const char *name)
{
	struct walk_entry e;
	bool failed;

	if (name[0] == '.' && !w->hidden)
		return true;
	if (!entry_named(w, l, *level, name, &e, &failed) || !entry_allowed(w, &e, &failed))
		return !failed;
	if (w->entries == w->max) {
		w->stopped = true;
		return bound_reached(w, w->max == WALK_PART ? "10,000 entries" : "200,000 entries");
	}
	w->entries++;
	switch (w->visit(w->ctx, &e)) {
	case WALK_STOP:
		w->stopped = true;
		return !w->call->error;
	case WALK_SKIP:
		return true;
	case WALK_ON:
		break;
	}
	if (!S_ISDIR(e.st.st_mode))
		return true;
	if (*level + 1 == WALK_DEPTH)
		return bound_reached(w, "64 levels");
	if (!entries_open(&l->in[*level + 1], e.folder, name))
		return entry_skip(w, "AccessDenied", "it cannot be opened.", e.path);
	l->length[++*level] = e.path.n;
	return true;
}

static bool levels_walk(struct walk *w, struct levels *l, int root)
{
	unsigned level = 0;
	bool ok = true;

	if (!entries_open(&l->in[0], root, "."))
		return handler_failed(w->call, errno, (struct krux_str){ l->path, l->length[0] });
	for (;;) {
		const char *name = ok && !w->stopped ? entries_next(&l->in[level]) : NULL;

		if (name) {
			ok = entry_visit(w, l, &level, name);
			continue;
		}
		if (ok && l->in[level].failed)
			ok = entry_skip(w, "IoError", "it cannot be read to its end.",
			                (struct krux_str){ l->path, l->length[level] });
		entries_close(&l->in[level]);
		if (!level)
			return ok;
		level--;
	}
}

bool walk_below(struct walk *w, int root, struct krux_str path)
{
	struct levels *l = krux_pool_get(w->call->pool, sizeof *l);

	w->entries = w->skipped = 0;
	w->complete = true;
	w->stopped = false;
	if (!l || path.n > HANDLER_PATH)
		return handler_memory(w->call, "IoError");
	memcpy(l->path, path.p, path.n);
	l->length[0] = path.n;
	l->root = path.n + 1;
	return levels_walk(w, l, root);
}
