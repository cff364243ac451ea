/* The automaton of a set is followed as long as few characters lead on: up to a path that is in the set, or
 * to a place where many do, of which the folder above holds all. Nothing is looked for in a folder that is
 * held, so that each walk to an end adds one; beyond MOST_ENDS of them it is all the workspace. */
#include "compiler/plan/folders.h"

#include <string.h>

static const char workspace[] = "/workspace";
enum { FORKS = KRUX_REACH_MOST, LONGEST = 1024, MOST_ENDS = 4096 };

struct walk {
	struct folders *f;
	struct arena *a;
	struct dd *m;
	bool above;
	unsigned ends;
	char path[LONGEST + 8];
};

/* `outer` is `inner` or above it. */
static bool covers(struct krux_str outer, struct krux_str inner)
{
	return !outer.n || (inner.n >= outer.n && !memcmp(outer.p, inner.p, outer.n) &&
	                    (inner.n == outer.n || inner.p[outer.n] == '/'));
}

static void whole_set(struct folders *f)
{
	f->list[0] = KRUX_STR("");
	f->n = 1;
}

static int folder_order(struct krux_str a, struct krux_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = memcmp(a.p, b.p, n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* The deepest folder that holds both. */
static struct krux_str common(struct krux_str a, struct krux_str b)
{
	size_t n = 0, end = 0;

	for (; n < a.n && n < b.n && a.p[n] == b.p[n]; n++)
		if (a.p[n] == '/')
			end = n;
	return (struct krux_str){ a.p, end };
}

static size_t depth(struct krux_str folder)
{
	size_t n = folder.n ? 1 : 0;

	for (size_t i = 0; i < folder.n; i++)
		n += folder.p[i] == '/';
	return n;
}

/* What lies below one folder stands side by side, since it begins alike. */
static void deepest_join(struct folders *f)
{
	struct krux_str best = common(f->list[0], f->list[1]);
	size_t n = 0;
	bool put = false;

	for (size_t i = 1; i + 1 < f->n; i++) {
		struct krux_str c = common(f->list[i], f->list[i + 1]);

		if (depth(c) > depth(best))
			best = c;
	}
	for (size_t i = 0; i < f->n; i++) {
		bool held = covers(best, f->list[i]);

		if (!held || !put)
			f->list[n++] = held ? best : f->list[i];
		put |= held;
	}
	f->n = n;
	f->joined = true;
}

static void folder_add(struct folders *f, struct krux_str folder)
{
	size_t n = 0, at;

	for (size_t i = 0; i < f->n; i++)
		if (covers(f->list[i], folder))
			return;
	for (size_t i = 0; i < f->n; i++)
		if (!covers(folder, f->list[i]))
			f->list[n++] = f->list[i];
	f->n = n;
	for (at = n; at && folder_order(f->list[at - 1], folder) > 0; at--)
		f->list[at] = f->list[at - 1];
	f->list[at] = folder;
	if (++f->n > KRUX_REACH_MOST)
		deepest_join(f);
}

/* The first n bytes of the path at hand, a folder of which is wanted: those below the workspace. */
static void path_add(struct walk *w, size_t n, bool cut)
{
	const size_t root = sizeof workspace - 1;
	const char *slash = cut ? memrchr(w->path, '/', n) : NULL;

	if (++w->ends > MOST_ENDS) {
		whole_set(w->f);
		w->f->joined = true;
		return;
	}
	if (slash)
		n = (size_t)(slash - w->path);
	if (n < root)
		/* Only the root itself is left; what is beside it is in no workspace. */
		n = root;
	n -= root;
	folder_add(w->f, arena_str(w->a, (struct krux_str){ w->path + root + (n ? 1 : 0), n ? n - 1 : 0 }));
}

/* Is all that begins with the first n bytes of the path at hand in a folder that is held. */
static bool is_held(const struct walk *w, size_t n)
{
	const size_t root = sizeof workspace - 1;
	const char *slash = memrchr(w->path, '/', n);
	size_t end = slash ? (size_t)(slash - w->path) : 0;
	struct krux_str folder = { w->path + root + 1, end > root ? end - root - 1 : 0 };

	for (size_t i = 0; i < w->f->n; i++)
		if (end >= root ? covers(w->f->list[i], folder) : !w->f->list[i].n)
			return true;
	return false;
}

static bool is_dead(const struct dd_text *t)
{
	return t->settled == DD_FALSE || t->settled == DD_IMPOSSIBLE;
}

static size_t scalar_put(char *p, uint32_t c)
{
	if (c < 0x80)
		return *p = (char)c, 1;
	if (c < 0x800)
		return p[0] = (char)(0xC0 | c >> 6), p[1] = (char)(0x80 | (c & 0x3F)), 2;
	if (c < 0x10000)
		return p[0] = (char)(0xE0 | c >> 12), p[1] = (char)(0x80 | (c >> 6 & 0x3F)),
		       p[2] = (char)(0x80 | (c & 0x3F)), 3;
	return p[0] = (char)(0xF0 | c >> 18), p[1] = (char)(0x80 | (c >> 12 & 0x3F)),
	       p[2] = (char)(0x80 | (c >> 6 & 0x3F)), p[3] = (char)(0x80 | (c & 0x3F)), 4;
}

/* Characters that lead on to some path of the set, at most FORKS; FORKS + 1: more. */
struct fork {
	uint32_t scalar[FORKS], to[FORKS];
	unsigned n;
};

static void fork_find(struct walk *w, const struct dd_text *t, struct fork *out)
{
	uint32_t lo = 1;

	out->n = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		struct arc arc = dd_text_arc(t, i);
		struct dd_text next = dd_text_at(w->m, arc.to);

		if (!is_dead(&next) && arc.hi - lo >= FORKS - out->n) {
			out->n = FORKS + 1;
			return;
		}
		for (; !is_dead(&next) && lo <= arc.hi; lo++) {
			out->scalar[out->n] = lo;
			out->to[out->n++] = arc.to;
		}
		lo = arc.hi + 1;
	}
}

static bool in_workspace(const char *path, size_t n)
{
	const size_t root = sizeof workspace - 1;

	return n > root ? !memcmp(path, workspace, root) && path[root] == '/' : !memcmp(path, workspace, n);
}

static void state_walk(struct walk *w, uint32_t state, size_t n)
{
	struct dd_text t = dd_text_at(w->m, state);
	struct fork fork;

	if (is_held(w, n) || is_dead(&t) || !in_workspace(w->path, n))
		return;
	fork_find(w, &t, &fork);
	if (n < sizeof workspace - 1 && fork.n > FORKS) {
		whole_set(w->f);
		return;
	}
	if (t.out != DD_FALSE && t.out != DD_IMPOSSIBLE && n >= sizeof workspace - 1) {
		/* "/a" holds "/a/b", not "/ab". */
		path_add(w, n, w->above || fork.n > 1 || (fork.n && fork.scalar[0] != '/'));
		return;
	}
	if (fork.n > FORKS || n >= LONGEST) {
		path_add(w, n, true);
		return;
	}
	for (unsigned i = 0; i < fork.n; i++)
		state_walk(w, fork.to[i], n + scalar_put(w->path + n, fork.scalar[i]));
}

void folders_add(struct folders *f, struct arena *a, struct dd *m, uint32_t set, bool above)
{
	struct walk *w;

	if (dd_is_terminal(set)) {
		if (set != DD_FALSE && set != DD_IMPOSSIBLE)
			whole_set(f);
		return;
	}
	/* A question about the size alone. */
	if (dd_get(m, set)->kind != DD_STRING) {
		whole_set(f);
		return;
	}
	w = ARENA_NEW(a, struct walk);
	*w = (struct walk){ .f = f, .a = a, .m = m, .above = above };
	state_walk(w, dd_text_start(m, set), 0);
}
