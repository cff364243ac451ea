/* What is left out below a folder, at any depth: `**` patterns, and places of the folder's own.
 *
 * Such a set is found once for all folders below which the same names matter (their shape), by
 * reading the names off the automaton; where those do not say it, by a greedy cover. For each
 * folder it is then followed along the folder's path: if what is left of it there is the very
 * state that the class has, the words are exact. */
#include "compiler/plan/words_path.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/plan/words_cover.h"

enum { NAMED = 8 };

/* What lies elsewhere than unmentioned names do, for one answer of a shape. */
struct exceptions {
	struct exceptions *next;
	uint32_t answer, domain;
	struct krux_str field;             /* of the subject that the conditions are about */
	const struct cond *set, *not_set;  /* at any depth; NULL: none */
	uint32_t start;                    /* of set */
	uint32_t state;                    /* of the class, after the folder's slash */
	const struct pattern *near;
	size_t nnear;
};

static const struct cond *any_words(struct words *w, const struct subject *s, const struct patterns *p)
{
	const struct cond **part = ARENA_ARRAY(w->arena, const struct cond *, p->nany);
	struct krux_str *text = ARENA_ARRAY(w->arena, struct krux_str, p->nany);
	const struct cond *c;

	if (!p->nany)
		return NULL;
	for (size_t i = 0; i < p->nany; i++) {
		text[i] = arena_printf(w->arena, p->any[i].exact ? "**/%.*s" : "**/%.*s/**", STR_ARG(p->any[i].name));
		part[i] = words_test(w->arena, s, LANG_GLOB, &text[i], 1);
	}
	c = words_join(w->arena, COND_OR, part, p->nany);
	return p->nany >= NAMED ? words_name(w, c) : c;
}

/* ---- one folder ---- */

/* Does the set from `start` on say, below the folder and for itself, what the class is. */
static bool is_exact(const struct folder *f, const struct exceptions *e, uint32_t start, bool own)
{
	uint32_t s = start;
	bool same;

	for (size_t i = 0; i < f->path.n;) {
		unsigned len;

		s = dd_text_step(f->m, s, krux_utf8_get(f->path.p + i, f->path.n - i, &len));
		i += len;
	}
	same = !f->path.n || (dd_text_at(f->m, s).out == DD_TRUE) == own;
	return same && dd_text_step(f->m, s, '/') == e->state;
}

static const struct cond *near_words(struct words *w, const struct folder *f, const struct exceptions *e, bool self)
{
	struct subject s = words_subject(f->m, f->var);
	const struct cond **part = ARENA_ARRAY(w->arena, const struct cond *, e->nnear + 1);
	struct krux_str *text = ARENA_ARRAY(w->arena, struct krux_str, e->nnear + 1);
	size_t n = 0;

	for (size_t i = 0; i < e->nnear; i++, n++) {
		const struct pattern *p = &e->near[i];
		bool star = memchr(p->name.p, '*', p->name.n);

		text[n] = arena_printf(w->arena, star && !p->exact ? "%.*s/%.*s/**" : "%.*s/%.*s", STR_ARG(f->path),
		                       STR_ARG(p->name));
		part[n] = words_test(w->arena, &s, star ? LANG_GLOB : p->exact ? LANG_LITERALS : LANG_UNDER_PATH, &text[n], 1);
	}
	if (self) {
		text[n] = f->path.n ? f->path : KRUX_STR("/");
		part[n] = words_test(w->arena, &s, LANG_LITERALS, &text[n], 1);
		n++;
	}
	return words_join(w->arena, COND_OR, part, n);
}

/* The set together with what is the folder's own, where that is exact. */
static const struct cond *with_near(struct words *w, const struct folder *f, const struct exceptions *e, bool own,
                                    bool self)
{
	const struct cond *c = near_words(w, f, e, self);
	uint32_t node = words_meaning(f->m, f->var, c);

	if (e->set)
		node = dd_or(f->m, dd_text_node(f->m, f->var, e->start), node);
	if (dd_is_terminal(node) || dd_var_of(f->m, node) != f->var || !is_exact(f, e, dd_text_start(f->m, node), own))
		return NULL;
	return e->set ? words_pair(w->arena, COND_OR, e->set, c) : c;
}

/* Does a cover speak of any depth alone, and at length. */
static bool deserves_name(const struct cover *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->atom[i]->set.language != LANG_GLOB || c->atom[i]->set.text[0].p[0] != '*')
			return false;
	return c->n >= NAMED;
}

/* A greedy cover, which then is what is tried for the next folder. */
static const struct cond *greedy(struct words *w, const struct folder *f, uint32_t to, bool other,
                                 struct exceptions *e)
{
	struct cover *c = ARENA_NEW(w->arena, struct cover);
	uint32_t target = dd_class(f->m, f->node, to), within = DD_TRUE, node;

	*c = (struct cover){ .arena = w->arena, .m = f->m, .var = f->var, .subject = words_subject(f->m, f->var) };
	if (f->path.n)
		within = words_meaning(f->m, f->var, words_test(w->arena, &c->subject, LANG_UNDER_PATH, &f->path, 1));
	if (!cover_find(c, other ? dd_not(f->m, target) : target, within))
		return NULL;
	e->set = deserves_name(c) ? words_name(w, cover_cond(c)) : cover_cond(c);
	e->not_set = NULL;
	e->nnear = 0;
	node = words_meaning(f->m, f->var, e->set);
	if (dd_is_terminal(node))
		return NULL;
	e->start = dd_text_start(f->m, node);
	return e->set;
}

static struct exceptions *exceptions_find(struct words *w, const struct folder *f, uint32_t answer, bool other)
{
	struct exceptions **list = shape_exceptions(f->cone->shape);
	struct krux_str field = words_subject(f->m, f->var).access.text;
	uint32_t domain = dd_text_domain(f->m, f->var), to = f->cone->answer[answer];
	struct exceptions *e;
	bool shared = !words_subject(f->m, f->var).depth;
	struct patterns p = { 0 };

	for (e = *list; e && shared; e = e->next)
		if (e->answer == answer && e->domain == domain && krux_str_eq(e->field, field))
			return e;
	e = ARENA_NEW(w->arena, struct exceptions);
	e->answer = answer;
	e->domain = domain;
	e->field = field;
	if (shared) {
		e->next = *list;
		*list = e;
	}
	e->state = dd_text_class(f->m, f->cone->below, to, other);
	if (patterns_read(w, f, to, other, &p)) {
		struct subject s = words_subject(f->m, f->var);

		e->set = any_words(w, &s, &p);
		e->near = p.near;
		e->nnear = p.nnear;
	}
	if (e->set) {
		uint32_t node = words_meaning(f->m, f->var, e->set);

		if (dd_is_terminal(node))
			e->set = NULL;
		else
			e->start = dd_text_start(f->m, node);
	}
	return e;
}

const struct cond *cone_words(struct words *w, const struct folder *f, uint32_t to, bool other)
{
	const struct cone *k = f->cone;
	bool is_usual = k->usual == to, own;   /* the exceptions are what leads elsewhere than to `to` */
	struct exceptions *e;
	const struct cond *c = NULL;
	uint32_t i = 0;

	while (i < k->nanswers && k->answer[i] != to)
		i++;
	if (i == k->nanswers)
		return other ? w->always : words_not(w->arena, w->always);
	e = exceptions_find(w, f, i, is_usual);
	own = k->out != DD_IMPOSSIBLE && (k->out == to) != is_usual;
	if (e->set && !e->nnear && is_exact(f, e, e->start, own)) {
		if (is_usual == other)
			return e->set;
		if (!e->not_set)
			e->not_set = words_not(w->arena, e->set);
		return e->not_set;
	}
	if (e->nnear)
		c = with_near(w, f, e, own, false);
	if (!c && own && (e->set || e->nnear))
		c = with_near(w, f, e, own, true);
	if (!c)
		c = greedy(w, f, to, is_usual, e);
	return !c || is_usual == other ? c : words_not(w->arena, c);
}
