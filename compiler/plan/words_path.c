/* Languages of paths: folders, and what is left out below them.
 *
 * The automaton is read as a tree of components. Below a literal prefix it either goes on
 * literally, or it has come to a place where any name leads on: a cone. All cones with the same
 * residual share one list of exceptions, found by words_cover below one of them. */
#include "compiler/plan/words_cover.h"

#include <string.h>

#include "capspec/canon.h"

enum { LONGEST_PATH = 4096, MOST_STEPS = 4 << 20, MOST_EXACT = 24 };

/* What a path's end state means for what follows: its own answer, and the state after '/'. */
struct key {
	uint32_t out, next;
};

struct cone_group {
	struct key key;
	struct krux_str *path;
	size_t n, cap;
};

struct reader {
	struct arena *arena;
	struct dd *m;
	uint32_t var;
	struct subject subject;
	const struct dd_automaton *fa;
	bool *constant_false;              /* nothing TRUE is reachable */
	uint8_t *open;                     /* on the way inside the current component */
	struct cone_group *group;
	size_t ngroups, cap_groups;
	struct krux_str *exact;            /* TRUE by themselves, above all cones */
	size_t nexact, cap_exact;
	size_t steps;
	bool hard;                         /* not of this shape */
	char text[LONGEST_PATH + 8];
};

static uint32_t step(const struct dd_automaton *fa, uint32_t s, uint32_t scalar)
{
	const struct dd_state *st = &fa->state[s];
	uint32_t lo = 0, hi = st->n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (fa->range[st->first + mid].lo <= scalar)
			lo = mid;
		else
			hi = mid;
	}
	return fa->range[st->first + lo].to;
}

static void constant_find(struct reader *r)
{
	bool changed = true;

	for (uint32_t s = 0; s < r->fa->nstates; s++)
		r->constant_false[s] = r->fa->state[s].out != DD_TRUE;
	while (changed) {
		changed = false;
		for (uint32_t s = r->fa->nstates; s-- > 0;) {
			const struct dd_state *st = &r->fa->state[s];

			for (uint32_t i = 0; i < st->n && r->constant_false[s]; i++)
				if (!r->constant_false[r->fa->range[st->first + i].to]) {
					r->constant_false[s] = false;
					changed = true;
				}
		}
	}
}

static struct key key_of(const struct reader *r, uint32_t end)
{
	return (struct key){ r->fa->state[end].out, step(r->fa, end, '/') };
}

/* Where a name that nothing mentions leads from the start of a component: the state that the
 * widest range goes to, followed until it stays. UINT32_MAX: no such state. */
static uint32_t generic_end(const struct reader *r, uint32_t start)
{
	uint32_t s = start;

	for (int i = 0; i < 64; i++) {
		const struct dd_state *st = &r->fa->state[s];
		uint32_t widest = 0, to = s;

		for (uint32_t k = 0; k < st->n; k++) {
			const struct dd_range *g = &r->fa->range[st->first + k];

			if (g->hi - g->lo >= widest) {
				widest = g->hi - g->lo;
				to = g->to;
			}
		}
		if (to == s && i)
			return s;
		s = to;
	}
	return UINT32_MAX;
}

static void cone_add(struct reader *r, struct key key, size_t at)
{
	struct krux_str path = arena_str(r->arena, (struct krux_str){ r->text, at ? at : 1 });
	size_t i = 0;

	while (i < r->ngroups && (r->group[i].key.out != key.out || r->group[i].key.next != key.next))
		i++;
	if (i == r->ngroups)
		ARENA_PUSH(r->arena, r->group, r->ngroups, r->cap_groups, (struct cone_group){ .key = key });
	ARENA_PUSH(r->arena, r->group[i].path, r->group[i].n, r->group[i].cap, path);
}

static void folder_read(struct reader *r, struct key key, size_t at);

/* Reads the names that lead from `s`, inside a component, elsewhere than unmentioned ones do. */
static void names_read(struct reader *r, uint32_t s, uint32_t generic, size_t at, bool first)
{
	const struct dd_state *st = &r->fa->state[s];
	struct key usual = key_of(r, generic);

	if (r->hard || s == generic || ++r->steps > MOST_STEPS)
		return;
	if (r->open[s] || at + 8 > LONGEST_PATH) {
		r->hard = true;
		return;
	}
	r->open[s] = 1;
	if (!first && st->out != DD_IMPOSSIBLE) {
		struct key k = key_of(r, s);

		if (k.out != usual.out || k.next != usual.next)
			folder_read(r, k, at);
	}
	for (uint32_t i = 0; i < st->n && !r->hard; i++) {
		const struct dd_range *g = &r->fa->range[st->first + i];

		if (g->to == generic || (g->lo == '/' && g->hi == '/') || r->constant_false[g->to])
			continue;
		/* A mentioned name is spelled out letter by letter. */
		if (g->hi - g->lo > 64) {
			r->hard = true;
			break;
		}
		for (uint32_t c = g->lo; c <= g->hi && !r->hard; c++)
			if (c != '/')
				names_read(r, g->to, generic, at + krux_utf8_put(c, r->text + at), false);
	}
	r->open[s] = 0;
}

/* A literal folder: text[0..at), without a trailing slash; at 0 is the root. */
static void folder_read(struct reader *r, struct key key, size_t at)
{
	uint32_t generic;

	if (r->constant_false[key.next]) {
		if (key.out == DD_TRUE)
			ARENA_PUSH(r->arena, r->exact, r->nexact, r->cap_exact,
			           arena_str(r->arena, (struct krux_str){ r->text, at ? at : 1 }));
		return;
	}
	generic = generic_end(r, key.next);
	if (generic == UINT32_MAX) {
		r->hard = true;
		return;
	}
	if (!r->constant_false[generic]) {
		cone_add(r, key, at);
		return;
	}
	if (key.out == DD_TRUE)
		ARENA_PUSH(r->arena, r->exact, r->nexact, r->cap_exact,
		           arena_str(r->arena, (struct krux_str){ r->text, at ? at : 1 }));
	if (at + 8 > LONGEST_PATH || r->open[key.next]) {
		r->hard = true;
		return;
	}
	r->text[at] = '/';
	names_read(r, key.next, generic, at + 1, true);
}

/* `under` all folders of the group, without its exceptions. */
static const struct cond *group_cond(struct reader *r, const struct cone_group *g, uint32_t f)
{
	const struct cond **part = ARENA_ARRAY(r->arena, const struct cond *, g->n);
	const struct cond *under;
	struct cover *c = ARENA_NEW(r->arena, struct cover);
	uint32_t one, generic = generic_end(r, g->key.next);

	for (size_t i = 0; i < g->n; i++)
		part[i] = words_test(r->arena, &r->subject, LANG_UNDER_PATH, &g->path[i], 1);
	under = words_join(r->arena, COND_OR, part, g->n);
	one = words_meaning(r->m, r->var, part[0]);
	c->arena = r->arena;
	c->m = r->m;
	c->var = r->var;
	c->subject = r->subject;
	if (r->fa->state[generic].out == DD_TRUE) {
		if (!cover_find(c, dd_not(r->m, f), one))
			return NULL;
		return words_pair(r->arena, COND_AND, under, words_not(r->arena, cover_cond(c)));
	}
	if (!cover_find(c, f, one))
		return NULL;
	return words_pair(r->arena, COND_AND, under, cover_cond(c));
}

/* `under "/"` says nothing. */
static bool is_everything(const struct cone_group *g)
{
	return g->n == 1 && g->path[0].n == 1;
}

/* Many single paths are said by one expression: what is left of f without the folders. */
static const struct cond *rest_words(struct reader *r, uint32_t f, const struct cond *folders)
{
	uint32_t rest = dd_and(r->m, f, dd_not(r->m, words_meaning(r->m, r->var, folders)));
	struct krux_str *text = ARENA_NEW(r->arena, struct krux_str);

	if (dd_get(r->m, rest)->kind != DD_STRING)
		return NULL;
	*text = words_regex(r->arena, dd_get(r->m, rest)->fa);
	return text->p ? words_test(r->arena, &r->subject, LANG_REGEX, text, 1) : NULL;
}

static const struct cond *read_paths(struct arena *a, struct dd *m, uint32_t var, uint32_t f,
                                     const struct dd_automaton *fa)
{
	struct reader *r = ARENA_NEW(a, struct reader);
	const struct cond **part;
	size_t n = 0;

	*r = (struct reader){ .arena = a, .m = m, .var = var, .subject = words_subject(m, var), .fa = fa };
	r->constant_false = ARENA_ARRAY(a, bool, fa->nstates);
	r->open = ARENA_ARRAY(a, uint8_t, fa->nstates);
	constant_find(r);
	/* The path "/" ends where the first component starts. */
	uint32_t root = step(fa, 0, '/');
	folder_read(r, (struct key){ fa->state[root].out, root }, 0);
	if (r->hard)
		return NULL;
	part = ARENA_ARRAY(a, const struct cond *, r->ngroups + 2);
	for (size_t i = 0; i < r->ngroups; i++) {
		const struct cond *c = group_cond(r, &r->group[i], f);

		if (!c)
			return NULL;
		part[n++] = is_everything(&r->group[i]) && c->kind == COND_AND ? c->b : c;
	}
	if (r->nexact && r->nexact <= MOST_EXACT)
		part[n++] = words_test(a, &r->subject, LANG_LITERALS, r->exact, r->nexact);
	if (r->nexact > MOST_EXACT) {
		const struct cond *rest = rest_words(r, f, words_join(a, COND_OR, part, n));

		if (!rest)
			return NULL;
		part[n++] = rest;
	}
	return words_join(a, COND_OR, part, n);
}

/* How long a condition is, in tests. */
static size_t length_of(const struct cond *c)
{
	if (c->kind == COND_AND || c->kind == COND_OR)
		return length_of(c->a) + length_of(c->b);
	return c->kind == COND_NOT ? length_of(c->a) : 1;
}

const struct cond *words_path(struct arena *a, struct dd *m, uint32_t var, uint32_t f,
                              const struct dd_automaton *fa)
{
	uint32_t g = dd_not(m, f);
	const struct cond *yes = read_paths(a, m, var, f, fa), *no = NULL;

	if (yes && words_meaning(m, var, yes) != f)
		yes = NULL;
	if (dd_get(m, g)->kind == DD_STRING)
		no = read_paths(a, m, var, g, dd_get(m, g)->fa);
	if (no && words_meaning(m, var, no) != g)
		no = NULL;
	if (yes && (!no || length_of(yes) <= length_of(no)))
		return yes;
	return no ? words_not(a, no) : NULL;
}
