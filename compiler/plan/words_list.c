/* Sets of element classes in words. A list's automaton reads elements in any order and as often
 * as they come, so it never goes back: from each state, either all elements stay, or some element
 * of a class leads on, and then the whole list is as the next state says. */
#include "compiler/plan/words.h"

enum { MOST_DEPTH = 24, MOST_TERMS = 256 };

struct reader {
	struct words *words;
	struct arena *arena;
	struct dd *m;
	const struct subject *list;
	const struct dd_automaton *fa;
	size_t terms;
};

static const struct cond *truth(struct arena *a, bool yes)
{
	struct cond *c = ARENA_NEW(a, struct cond);

	c->kind = yes ? COND_TRUE : COND_FALSE;
	return c;
}

/* ---- classes of elements ---- */

struct terms {
	struct words *words;
	struct arena *arena;
	struct dd *m;
	const struct cond *term[MOST_TERMS];
	size_t n;
	bool full;
};

static bool term_add(void *ctx, const struct dd_region *r)
{
	struct terms *t = ctx;
	const struct cond *all = truth(t->arena, true);

	if (r->value != DD_TRUE)
		return true;
	if (t->n == MOST_TERMS) {
		t->full = true;
		return false;
	}
	for (size_t i = 0; i < r->nsteps; i++) {
		const struct cond *c = words_step(t->words, t->m, &r->step[i]);

		if (!c || words_too_large(c)) {
			t->full = true;
			return false;
		}
		all = words_pair(t->arena, COND_AND, all, c);
	}
	t->term[t->n++] = all;
	return true;
}

/* A TRUE-FALSE diagram over elements as a condition on `it`; NULL when it is too long. */
static const struct cond *element_words(struct words *w, struct dd *m, uint32_t f)
{
	struct arena *a = w->arena;
	struct terms *t;

	if (f == DD_TRUE || f == DD_FALSE)
		return truth(a, f == DD_TRUE);
	t = ARENA_NEW(a, struct terms);
	t->words = w;
	t->arena = a;
	t->m = m;
	dd_regions(m, a, f, term_add, t);
	return t->full ? NULL : words_join(a, COND_OR, t->term, t->n);
}

/* ---- states ---- */

static uint32_t leads_to(void *ctx, uint32_t value)
{
	return value == *(uint32_t *)ctx ? DD_TRUE : DD_FALSE;
}

static const struct cond *any_of(struct reader *r, uint32_t s, uint32_t to)
{
	uint32_t target = DD_STATE + to, f = dd_map(r->m, leads_to, &target, r->fa->state[s].element);
	const struct cond *body;
	struct cond *c;

	if (!dd_satisfiable(r->m, f))
		return truth(r->arena, false);
	body = element_words(r->words, r->m, f);
	if (!body)
		return NULL;
	c = ARENA_NEW(r->arena, struct cond);
	c->kind = COND_ANY;
	c->list = *r->list;
	c->a = body;
	return c;
}

/* What the whole list must be for the answer TRUE, once it has led to state s. */
static const struct cond *state_words(struct reader *r, uint32_t s, unsigned depth)
{
	bool yes = r->fa->state[s].out == DD_TRUE;
	const struct cond *all = truth(r->arena, false);

	if (depth > MOST_DEPTH)
		return NULL;
	/* Where the answer so far is yes, it is said what would make it no. */
	for (uint32_t to = 0; to < r->fa->nstates; to++) {
		const struct cond *some, *then;

		if (to == s)
			continue;
		some = any_of(r, s, to);
		if (!some)
			return NULL;
		if (some->kind == COND_FALSE)
			continue;
		if (++r->terms > MOST_TERMS)
			return NULL;
		then = state_words(r, to, depth + 1);
		if (!then)
			return NULL;
		then = words_pair(r->arena, COND_AND, some, yes ? words_not(r->arena, then) : then);
		then = words_pair(r->arena, COND_OR, all, then);
		/* The same elements in another order say nothing new. */
		if (r->list->depth || dd_differ(r->m, dd_cond(r->m, then), dd_cond(r->m, all)))
			all = then;
	}
	return yes ? words_not(r->arena, all) : all;
}

const struct cond *words_list(struct words *w, struct dd *m, uint32_t var, uint32_t f,
                              const struct dd_automaton *fa)
{
	struct subject s = words_subject(m, var);
	struct reader r = { .words = w, .arena = w->arena, .m = m, .list = &s, .fa = fa };
	const struct cond *c = state_words(&r, 0, 0);

	/* Lists inside of elements cannot be asked by themselves. */
	return c && (s.depth || !dd_differ(m, dd_cond(m, c), f)) ? c : NULL;
}
