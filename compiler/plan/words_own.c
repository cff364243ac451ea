/* What nothing else says, from the policy's own tests: those that hold of all of the set, but for
 * those that hold of none of it, and where that is too much, only what some others hold of. Exact:
 * each step is compared with the set, and what is not needed is left out. */
#include <string.h>

#include "compiler/plan/words.h"

enum { NAMED = 8, SPLITS = 16, MOST_RELATED = 64, RELATED_WORK = 1 << 16 };

struct tests {
	const struct cond **c;
	uint32_t *node;
	size_t n;
};

struct own {
	struct words *w;
	struct dd *m;
	uint32_t var;
	struct subject subject;
	struct tests all;
};

static void tests_room(struct arena *a, struct tests *t, size_t n)
{
	t->c = ARENA_ARRAY(a, const struct cond *, n + 1);
	t->node = ARENA_ARRAY(a, uint32_t, n + 1);
	t->n = 0;
}

static void test_add(struct tests *t, const struct cond *c, uint32_t node)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->node[i] == node)
			return;
	t->c[t->n] = c;
	t->node[t->n++] = node;
}

/* A pattern of agents without a star is an agent. */
static void asked_add(struct own *o, enum language_kind kind, const struct krux_str *text, size_t n)
{
	bool agent = kind == LANG_AGENT_GLOB && n == 1 && !memchr(text->p, '*', text->n);
	const struct cond *c = words_test(o->w->arena, &o->subject, agent ? LANG_LITERALS : kind, text, n);
	uint32_t node = words_meaning(o->m, o->var, c);

	if (!dd_is_terminal(node))
		test_add(&o->all, c, node);
}

/* One set of several literals is one test, several globs are several; several agents are both, together before
 * each, since thinning keeps the first. */
static void tests_collect(struct own *o)
{
	const struct value_set *const *set;
	size_t n = dd_asked(o->m, o->var, &set), all = n;

	for (size_t i = 0; i < n; i++)
		all += set[i]->ntexts;
	tests_room(o->w->arena, &o->all, all > 4 * DD_MOST_ASKED ? 0 : all);
	if (all > 4 * DD_MOST_ASKED)
		return;
	for (size_t i = 0; i < n; i++)
		if (set[i]->language == LANG_AGENT_GLOB && set[i]->ntexts > 1)
			asked_add(o, LANG_AGENT_GLOB, set[i]->text, set[i]->ntexts);
	for (size_t i = 0; i < n; i++) {
		size_t step = set[i]->language == LANG_LITERALS ? set[i]->ntexts : 1;

		for (size_t k = 0; k < set[i]->ntexts; k += step)
			asked_add(o, set[i]->language, set[i]->text + k, step);
	}
}

static void related_add(struct own *o, enum language_kind kind, struct krux_str s)
{
	struct krux_str *text = ARENA_NEW(o->w->arena, struct krux_str);
	const struct cond *c;
	uint32_t node;

	*text = s;
	c = words_test(o->w->arena, &o->subject, kind, text, 1);
	node = words_meaning(o->m, o->var, c);
	if (!dd_is_terminal(node))
		test_add(&o->all, c, node);
}

/* The folders on the way of a path or pattern, as far as it is not of any depth: by themselves and with all below
 * them, or as a pattern. */
static void folders_add(struct own *o, struct krux_str s, bool pattern, size_t most)
{
	for (size_t i = 1; i <= s.n && o->all.n + 2 <= most; i++) {
		struct krux_str folder = { s.p, i };

		if (i < s.n && s.p[i] != '/')
			continue;
		if (pattern && memmem(folder.p, folder.n, "**", 2))
			return;
		if (pattern && !words_glob_safe(folder)) {
			related_add(o, LANG_GLOB, folder);
			continue;
		}
		related_add(o, LANG_LITERALS, folder);
		related_add(o, LANG_UNDER_PATH, folder);
	}
}

/* What is decided for all that lies below a path asks of the path whether a test can hold there. So the tests of
 * paths bring those of the folders that they speak of. False: there are none, f is of no paths, or looking through
 * it with all of them would take too long. */
static bool related_collect(struct own *o, uint32_t f)
{
	struct tests own = o->all;
	const struct dd_node *node = dd_get(o->m, f);
	size_t most = own.n + MOST_RELATED;

	if (!o->subject.type || o->subject.type->kind != KRUX_T_PATH || node->kind != DD_STRING ||
	    most * node->fa->nstates > RELATED_WORK)
		return false;
	tests_room(o->w->arena, &o->all, most);
	for (size_t i = 0; i < own.n; i++)
		test_add(&o->all, own.c[i], own.node[i]);
	for (size_t i = 0; i < own.n; i++) {
		const struct value_set *set = &own.c[i]->set;

		if (set->language != LANG_GLOB && set->language != LANG_LITERALS && set->language != LANG_UNDER_PATH)
			continue;
		for (size_t k = 0; k < set->ntexts; k++)
			if (set->text[k].n > 1 && set->text[k].p[0] == '/')
				folders_add(o, set->text[k], set->language == LANG_GLOB, most);
	}
	return o->all.n > own.n;
}

/* All of t by `op`, in words. */
static const struct cond *joined(struct own *o, enum cond_kind kind, const struct tests *t)
{
	return words_join(o->w->arena, kind, t->c, t->n);
}

static uint32_t or_all(struct own *o, const struct tests *t)
{
	uint32_t f = DD_FALSE;

	for (size_t i = 0; i < t->n; i++)
		f = dd_or(o->m, f, t->node[i]);
	return f;
}

/* Leaves tests out of a union, from the last on, while `within` and the union (with `not`, what is
 * outside of it) stay the set that is wanted. */
static void thin(struct own *o, struct tests *t, uint32_t within, bool not, uint32_t want)
{
	uint32_t *before = ARENA_ARRAY(o->w->arena, uint32_t, t->n + 1), kept = DD_FALSE;
	size_t n = t->n;

	before[0] = DD_FALSE;
	for (size_t i = 0; i < n; i++)
		before[i + 1] = dd_or(o->m, before[i], t->node[i]);
	for (size_t i = n; i-- > 0;) {
		uint32_t rest = dd_or(o->m, before[i], kept);

		if (dd_and(o->m, within, not ? dd_not(o->m, rest) : rest) == want)
			t->c[i] = NULL;
		else
			kept = dd_or(o->m, kept, t->node[i]);
	}
	t->n = 0;
	for (size_t i = 0; i < n; i++)
		if (t->c[i]) {
			t->c[t->n] = t->c[i];
			t->node[t->n++] = t->node[i];
		}
}

/* all of `must`, some of `some` (where there are any), none of `none`. */
struct form {
	struct tests must, some, none;
};

static const struct cond *form_cond(struct own *o, struct form *f)
{
	const struct cond *c = joined(o, COND_AND, &f->must), *none;

	if (f->some.n)
		c = words_pair(o->w->arena, COND_AND, c, joined(o, COND_OR, &f->some));
	if (!f->none.n)
		return c;
	none = joined(o, COND_OR, &f->none);
	if (f->none.n >= NAMED && o->subject.type && o->subject.type->kind == KRUX_T_PATH)
		none = words_name(o->w, none);
	return words_pair(o->w->arena, COND_AND, c, words_not(o->w->arena, none));
}

/* An intersection is what is outside of the union of what each test does not hold of. */
static void must_thin(struct own *o, struct tests *must, uint32_t within, uint32_t want)
{
	for (size_t i = 0; i < must->n; i++)
		must->node[i] = dd_not(o->m, must->node[i]);
	thin(o, must, within, true, want);
	for (size_t i = 0; i < must->n; i++)
		must->node[i] = dd_not(o->m, must->node[i]);
}

/* What meets nothing of it takes nothing away. */
static void tests_within(struct own *o, struct tests *t, uint32_t within)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (dd_and(o->m, within, t->node[i]) != DD_FALSE) {
			t->c[n] = t->c[i];
			t->node[n++] = t->node[i];
		}
	t->n = n;
}

static const struct cond *form_find(struct own *o, uint32_t f)
{
	struct arena *a = o->w->arena;
	struct form out;
	uint32_t must = DD_TRUE, none, left, some = DD_TRUE;

	tests_room(a, &out.must, o->all.n);
	tests_room(a, &out.some, 2 * o->all.n);
	tests_room(a, &out.none, o->all.n);
	for (size_t i = 0; i < o->all.n; i++) {
		uint32_t both = dd_and(o->m, f, o->all.node[i]);

		if (both == f)
			test_add(&out.must, o->all.c[i], o->all.node[i]);
		else if (both == DD_FALSE)
			test_add(&out.none, o->all.c[i], o->all.node[i]);
	}
	for (size_t i = 0; i < out.must.n; i++)
		must = dd_and(o->m, must, out.must.node[i]);
	tests_within(o, &out.none, must);
	none = or_all(o, &out.none);
	left = dd_and(o->m, must, dd_not(o->m, none));
	if (left != f) {
		for (size_t i = 0; i < 2 * o->all.n; i++) {
			const struct cond *c = o->all.c[i / 2];
			uint32_t node = o->all.node[i / 2], part;

			if (i & 1) {
				c = words_not(a, c);
				node = dd_not(o->m, node);
			}
			part = dd_and(o->m, left, node);
			if (part != DD_FALSE && dd_and(o->m, part, f) == part)
				test_add(&out.some, c, node);
		}
		some = or_all(o, &out.some);
		if (dd_and(o->m, left, some) != f)
			return NULL;
		thin(o, &out.some, left, false, f);
		some = or_all(o, &out.some);
	}
	must_thin(o, &out.must, dd_and(o->m, some, dd_not(o->m, none)), f);
	must = DD_TRUE;
	for (size_t i = 0; i < out.must.n; i++)
		must = dd_and(o->m, must, out.must.node[i]);
	thin(o, &out.none, dd_and(o->m, must, some), true, f);
	return form_cond(o, &out);
}

/* Where one form is not enough, two: on either side of one test. */
static const struct cond *split(struct own *o, uint32_t f)
{
	for (size_t i = 0; i < o->all.n && i < SPLITS; i++) {
		uint32_t in = dd_and(o->m, f, o->all.node[i]), out = dd_and(o->m, f, dd_not(o->m, o->all.node[i]));
		const struct cond *a, *b;

		if (in == DD_FALSE || out == DD_FALSE)
			continue;
		a = form_find(o, in);
		b = a ? form_find(o, out) : NULL;
		if (b)
			return words_pair(o->w->arena, COND_OR, a, b);
	}
	return NULL;
}

/* Is c, or one of what it joins, a `not`. */
static bool has_not(const struct cond *c, enum cond_kind kind)
{
	return c->kind == COND_NOT || (c->kind == kind && (has_not(c->a, kind) || has_not(c->b, kind)));
}

/* What c does not say; a `not` inside of a `not` is turned around. */
static const struct cond *denied(struct arena *a, const struct cond *c)
{
	bool pair = c->kind == COND_AND || c->kind == COND_OR;

	if (c->name.n || !pair || !has_not(c, c->kind))
		return words_not(a, c);
	return words_pair(a, c->kind == COND_AND ? COND_OR : COND_AND, denied(a, c->a), denied(a, c->b));
}

const struct cond *words_own(struct words *w, struct dd *m, uint32_t var, uint32_t f, bool related)
{
	struct own o = { .w = w, .m = m, .var = var, .subject = words_subject(m, var) };
	const struct cond *c;

	tests_collect(&o);
	if (!o.all.n || dd_is_terminal(f) || (related && !related_collect(&o, f)))
		return NULL;
	c = form_find(&o, f);
	if (!c) {
		c = form_find(&o, dd_not(m, f));
		c = c ? denied(w->arena, c) : split(&o, f);
	}
	return c && words_meaning(m, var, c) == f ? c : NULL;
}
