/* Languages of paths: folders, and what is left out below them.
 *
 * A node's automaton is read as a tree of folders, once for all of its classes. Below a folder
 * either everything leads to one child; or all but some names that are spelled out, which are
 * folders again: a fork; or exceptions go on below every name: a cone. Folders whose cones have
 * the same exceptions share them, whatever else is decided there. */
#include "compiler/plan/words_path.h"

#include <string.h>

enum { MOST_EXACT = 24, CONES = 256, OWN_WORK = 1 << 14 };

enum folder_kind { EVEN, FORK, CONE };

struct place {
	struct folder f;
	enum folder_kind kind;
	uint32_t out;                      /* of the folder itself */
	uint32_t usual;                    /* of what lies below: all of it, or what is not mentioned */
	struct place *child, *last, *next; /* FORK */
};

/* A node's folders; the last one that was read is kept. */
struct paths {
	struct words *w;
	struct dd *m;
	uint32_t node, var;
	struct subject subject;
	struct place *root;                /* NULL: not of this shape */
	struct place *at;                  /* while reading: the fork whose names are read */
	const struct cone *cone[CONES];    /* of states, to find them again */
	struct names names;
};

/* ---- reading ---- */

static struct place *place_read(struct paths *p, uint32_t out, uint32_t below, size_t n);

static void child_read(struct names *names, uint32_t state, uint32_t usual, size_t n)
{
	struct paths *p = names->ctx;
	uint32_t out = dd_text_at(p->m, state).out, below = dd_text_step(p->m, state, '/');
	struct place *parent = p->at, *child;

	if (out == dd_text_at(p->m, usual).out && below == dd_text_step(p->m, usual, '/'))
		return;
	child = place_read(p, out, below, n);
	p->at = parent;
	if (!child) {
		names->hard = true;
		return;
	}
	if (parent->last)
		parent->last->next = child;
	else
		parent->child = child;
	parent->last = child;
}

static const struct cone *cone_of(struct paths *p, uint32_t out, uint32_t below)
{
	const struct cone **kept = &p->cone[(below ^ out * 31) % CONES];

	if (!*kept || (*kept)->below != below || (*kept)->out != out)
		*kept = cone_read(p->w, p->m, out, below);
	return *kept;
}

/* A folder, whose path stands at names.text[0..n). NULL: what is below is not of this shape. */
static struct place *place_read(struct paths *p, uint32_t out, uint32_t below, size_t n)
{
	struct place *f = ARENA_NEW(p->w->arena, struct place);
	struct dd_text_two two;
	uint32_t usual;

	f->out = out;
	f->f = (struct folder){ p->m, p->node, p->var, arena_str(p->w->arena, (struct krux_str){ p->names.text, n }), NULL };
	f->usual = dd_text_at(p->m, below).settled;
	if (f->usual != UINT32_MAX)
		return f;
	dd_text_two(p->m, below, &two);
	usual = names_usual(p->m, two.state);
	if (usual == UINT32_MAX)
		return NULL;
	f->usual = dd_text_at(p->m, usual).settled;
	if (f->usual == UINT32_MAX) {
		f->kind = CONE;
		f->f.cone = cone_of(p, out, below);
		return f->f.cone ? f : NULL;
	}
	f->kind = FORK;
	f->usual = cone_node(&two, f->usual);
	usual = names_usual(p->m, below);
	p->at = f;
	p->names.text[n] = '/';
	names_read(&p->names, below, usual, n + 1);
	return p->names.hard ? NULL : f;
}

static struct paths *paths_read(struct words *w, struct dd *m, uint32_t node)
{
	struct paths *p = w->paths;
	uint32_t root;

	if (p && p->m == m && p->node == node)
		return p;
	if (!p)
		p = w->paths = ARENA_NEW(w->arena, struct paths);
	memset(p->cone, 0, sizeof p->cone);
	p->w = w;
	p->m = m;
	p->node = node;
	p->var = dd_var_of(m, node);
	p->subject = words_subject(m, p->var);
	p->names.m = m;
	p->names.end = child_read;
	p->names.ctx = p;
	p->names.steps = 0;
	p->names.hard = false;
	/* The path "/" ends where the first component begins. */
	root = dd_text_step(m, dd_text_start(m, node), '/');
	p->root = place_read(p, dd_text_at(m, root).out, root, 0);
	return p;
}

/* ---- one class ---- */

/* What is asked for: paths that lead to the child, or those that lead elsewhere. */
struct asked {
	uint32_t to;
	bool other;
};

struct group {
	const struct cond *inner;          /* holds below each of the folders */
	struct krux_str *path;
	size_t n, cap;
};

struct pieces {
	struct group *group;
	size_t ngroups, cap_groups;
	struct krux_str *exact;            /* paths by themselves */
	size_t nexact, cap_exact;
};

static bool wanted(const struct asked *q, uint32_t out)
{
	return out != DD_IMPOSSIBLE && (out == q->to) != q->other;
}

static struct krux_str path_text(struct krux_str path)
{
	return path.n ? path : KRUX_STR("/");
}

static void under_add(struct arena *a, struct pieces *x, struct krux_str path, const struct cond *inner)
{
	size_t i = 0;

	/* Groups are few, but for those of one folder each. */
	while (i < x->ngroups && i < 16 && x->group[i].inner != inner)
		i++;
	if (i == x->ngroups || x->group[i].inner != inner) {
		i = x->ngroups;
		ARENA_PUSH(a, x->group, x->ngroups, x->cap_groups, (struct group){ .inner = inner });
	}
	ARENA_PUSH(a, x->group[i].path, x->group[i].n, x->group[i].cap, path_text(path));
}

static const struct cond *pieces_words(struct paths *p, struct pieces *x, const struct asked *q, struct krux_str within);

static const struct cond *path_is(struct paths *p, struct krux_str path)
{
	struct krux_str *text = ARENA_NEW(p->w->arena, struct krux_str);

	*text = path_text(path);
	return words_test(p->w->arena, &p->subject, LANG_LITERALS, text, 1);
}

static bool place_collect(struct paths *p, const struct place *f, const struct asked *q, struct pieces *x);

/* A fork of which the rest is wanted: all under it but what the names say. */
static bool fork_collect(struct paths *p, const struct place *f, const struct asked *q, struct pieces *x)
{
	struct asked rest = { q->to, !q->other };
	struct pieces without = { 0 };
	const struct cond *c;

	if (wanted(&rest, f->out))
		ARENA_PUSH(p->w->arena, without.exact, without.nexact, without.cap_exact, path_text(f->f.path));
	for (const struct place *k = f->child; k; k = k->next)
		if (!place_collect(p, k, &rest, &without))
			return false;
	c = pieces_words(p, &without, &rest, f->f.path);
	if (c)
		under_add(p->w->arena, x, f->f.path, words_not(p->w->arena, c));
	return c != NULL;
}

/* Is of a cone nothing wanted but the folder. */
static bool only_itself(struct paths *p, const struct place *f, const struct asked *q)
{
	const struct cone *k = f->f.cone;
	const bool *leads;

	if (!wanted(q, f->out) || wanted(q, k->usual))
		return false;
	leads = shape_leads(p->w, p->m, &f->f, q->to, q->other);
	return !leads[shape_number(p->w, k->two.state)];
}

static bool place_collect(struct paths *p, const struct place *f, const struct asked *q, struct pieces *x)
{
	struct arena *a = p->w->arena;
	const struct cond *inner;

	if (f->kind == CONE && x->nexact < MOST_EXACT && only_itself(p, f, q)) {
		ARENA_PUSH(a, x->exact, x->nexact, x->cap_exact, path_text(f->f.path));
		return true;
	}
	if (f->kind == CONE) {
		inner = cone_words(p->w, &f->f, q->to, q->other);
		if (inner && inner->kind != COND_FALSE)
			under_add(a, x, f->f.path, inner);
		return inner != NULL;
	}
	if (f->kind == FORK && wanted(q, f->usual))
		return fork_collect(p, f, q, x);
	if (wanted(q, f->usual)) {
		inner = wanted(q, f->out) || f->out == DD_IMPOSSIBLE ? p->w->always
		                                                     : words_not(a, path_is(p, f->f.path));
		under_add(a, x, f->f.path, inner);
		return true;
	}
	if (wanted(q, f->out))
		ARENA_PUSH(a, x->exact, x->nexact, x->cap_exact, path_text(f->f.path));
	for (const struct place *k = f->child; k; k = k->next)
		if (!place_collect(p, k, q, x))
			return false;
	return true;
}

/* Begins the text with the folder's path, whose letters all stand for themselves. */
static bool begins_with(struct krux_str text, struct krux_str folder)
{
	return text.n >= folder.n && !memcmp(text.p, folder.p, folder.n) &&
	       (text.n == folder.n || text.p[folder.n] == '/');
}

/* Does the condition ask for the folder or what is below it anyway. */
static bool lies_under(const struct cond *c, struct krux_str folder)
{
	if (c->kind == COND_AND)
		return lies_under(c->a, folder) || lies_under(c->b, folder);
	if (c->kind == COND_OR)
		return lies_under(c->a, folder) && lies_under(c->b, folder);
	if (c->kind != COND_TEST || c->set.numeric)
		return false;
	if (c->set.language != LANG_LITERALS && c->set.language != LANG_UNDER_PATH &&
	    (c->set.language != LANG_GLOB || !words_glob_safe(folder)))
		return false;
	for (size_t i = 0; i < c->set.ntexts; i++)
		if (!begins_with(c->set.text[i], folder))
			return false;
	return true;
}

static const struct cond *group_words(struct paths *p, const struct group *g)
{
	const struct cond **part = ARENA_ARRAY(p->w->arena, const struct cond *, g->n);

	if (g->n == 1 && lies_under(g->inner, g->path[0]))
		return g->inner;
	for (size_t i = 0; i < g->n; i++)
		part[i] = g->path[i].n == 1 ? p->w->always
		                            : words_test(p->w->arena, &p->subject, LANG_UNDER_PATH, &g->path[i], 1);
	return words_pair(p->w->arena, COND_AND, words_join(p->w->arena, COND_OR, part, g->n), g->inner);
}

static size_t tests_of(const struct cond *c)
{
	if (c->kind == COND_AND || c->kind == COND_OR)
		return tests_of(c->a) + tests_of(c->b);
	return c->kind == COND_NOT ? tests_of(c->a) : 1;
}

/* From the policy's own tests, where they are few and few of them do. */
static const struct cond *rest_own(struct paths *p, uint32_t rest)
{
	const struct value_set *const *set;
	const struct cond *c = NULL;

	if (dd_asked(p->m, p->var, &set) * dd_get(p->m, rest)->fa->nstates <= OWN_WORK)
		c = words_own(p->w, p->m, p->var, rest, false);
	return c && tests_of(c) <= MOST_EXACT ? c : NULL;
}

/* Many single paths: what is left of the class without the folders. */
static const struct cond *rest_words(struct paths *p, const struct asked *q, struct krux_str within,
                                     const struct cond *folders)
{
	struct arena *a = p->w->arena;
	struct dd *m = p->m;
	uint32_t rest = dd_class(m, p->node, q->to);
	const struct cond *own;
	struct krux_str *text;

	rest = dd_and(m, q->other ? dd_not(m, rest) : rest, dd_not(m, words_meaning(m, p->var, folders)));
	if (within.n)
		rest = dd_and(m, rest, words_meaning(m, p->var, words_test(a, &p->subject, LANG_UNDER_PATH, &within, 1)));
	if (dd_get(m, rest)->kind != DD_STRING)
		return NULL;
	own = rest_own(p, rest);
	if (own)
		return own;
	text = ARENA_NEW(a, struct krux_str);
	*text = words_regex(a, dd_get(m, rest)->fa);
	return text->p ? words_test(a, &p->subject, LANG_REGEX, text, 1) : NULL;
}

static const struct cond *pieces_words(struct paths *p, struct pieces *x, const struct asked *q, struct krux_str within)
{
	struct arena *a = p->w->arena;
	const struct cond **part = ARENA_ARRAY(a, const struct cond *, x->ngroups + 1), *rest;
	size_t n = 0;

	for (size_t i = 0; i < x->ngroups; i++)
		part[n++] = group_words(p, &x->group[i]);
	if (x->nexact && x->nexact <= MOST_EXACT)
		part[n++] = words_test(a, &p->subject, LANG_LITERALS, x->exact, x->nexact);
	if (x->nexact > MOST_EXACT) {
		rest = rest_words(p, q, within, words_join(a, COND_OR, part, n));
		if (!rest)
			return NULL;
		part[n++] = rest;
	}
	return words_join(a, COND_OR, part, n);
}

const struct cond *words_path(struct words *w, struct dd *m, uint32_t node, uint32_t to)
{
	struct paths *p = paths_read(w, m, node);
	struct asked q = { to, false };
	struct pieces x = { 0 };

	if (!p->root || !place_collect(p, p->root, &q, &x))
		return NULL;
	return pieces_words(p, &x, &q, KRUX_STR(""));
}
