/* One variable's class in words: numbers directly, strings and lists by their own files. */
#include "compiler/plan/words.h"

#include "compiler/base/buf.h"
#include "compiler/plan/cond_print.h"

const struct cond *words_not(struct arena *a, const struct cond *c)
{
	struct cond *n;

	if (c->kind == COND_NOT)
		return c->a;
	n = ARENA_NEW(a, struct cond);
	n->kind = c->kind == COND_TRUE ? COND_FALSE : c->kind == COND_FALSE ? COND_TRUE : COND_NOT;
	n->a = c;
	return n;
}

const struct cond *words_pair(struct arena *a, enum cond_kind kind, const struct cond *x, const struct cond *y)
{
	enum cond_kind zero = kind == COND_AND ? COND_FALSE : COND_TRUE,
	               one = kind == COND_AND ? COND_TRUE : COND_FALSE;
	struct cond *c;

	if (x->kind == zero || y->kind == one)
		return x;
	if (y->kind == zero || x->kind == one)
		return y;
	c = ARENA_NEW(a, struct cond);
	c->kind = kind;
	c->a = x;
	c->b = y;
	return c;
}

const struct cond *words_join(struct arena *a, enum cond_kind kind, const struct cond *const *list, size_t n)
{
	struct cond *c;

	if (n == 1)
		return list[0];
	if (n)
		return words_pair(a, kind, words_join(a, kind, list, n / 2),
		                 words_join(a, kind, list + n / 2, n - n / 2));
	c = ARENA_NEW(a, struct cond);
	c->kind = kind == COND_AND ? COND_TRUE : COND_FALSE;
	return c;
}

const struct cond *words_test(struct arena *a, const struct subject *s, enum language_kind kind,
                                  const struct krux_str *text, size_t n)
{
	struct cond *c = ARENA_NEW(a, struct cond);

	c->kind = COND_TEST;
	c->subject = *s;
	c->set.language = kind;
	c->set.text = text;
	c->set.ntexts = n;
	return c;
}

struct subject words_subject(const struct dd *m, uint32_t var)
{
	struct subject s = dd_variable(m, var)->subject;

	s.depth = s.depth != 0;
	return s;
}

uint32_t words_meaning(struct dd *m, uint32_t var, const struct cond *c)
{
	switch (c->kind) {
	case COND_TRUE:
		return DD_TRUE;
	case COND_NOT:
		return dd_not(m, words_meaning(m, var, c->a));
	case COND_AND:
		return dd_and(m, words_meaning(m, var, c->a), words_meaning(m, var, c->b));
	case COND_OR:
		return dd_or(m, words_meaning(m, var, c->a), words_meaning(m, var, c->b));
	case COND_TEST:
		return dd_test(m, var, &c->set);
	default:
		return DD_FALSE;
	}
}

static size_t words_length(const struct cond *c)
{
	struct buf b = { 0 };
	size_t n;

	cond_print(&b, c);
	n = b.n;
	buf_free(&b);
	return n;
}

/* Addresses are said as blocks: those that are meant, or the others, whichever is shorter. */
static const struct cond *addresses_shorter(struct arena *a, const struct subject *s, const struct cond *c)
{
	struct interval *rest = ARENA_ARRAY(a, struct interval, c->set.nintervals + 1), domain = number_domain(s);
	struct cond *other = ARENA_NEW(a, struct cond);
	const struct cond *not;
	krux_u128 lo = domain.lo;
	size_t n = 0;
	bool end = false;

	for (size_t i = 0; i < c->set.nintervals; i++) {
		const struct interval *x = &c->set.interval[i];

		if (x->lo > lo)
			rest[n++] = (struct interval){ lo, x->lo - 1 };
		end = x->hi == domain.hi;
		lo = x->hi + 1;
	}
	if (!end)
		rest[n++] = (struct interval){ lo, domain.hi };
	*other = *c;
	other->set.interval = rest;
	other->set.nintervals = n;
	not = words_not(a, other);
	return n && words_length(not) < words_length(c) ? not : c;
}

static const struct cond *words_number(struct arena *a, const struct subject *s, const struct dd_step *step)
{
	struct cond *c = ARENA_NEW(a, struct cond);

	c->kind = COND_TEST;
	c->subject = *s;
	c->set.numeric = true;
	c->set.interval = step->interval;
	c->set.nintervals = step->nintervals;
	return s->kind == SUBJECT_FIELD && s->type->kind == KRUX_T_IP ? addresses_shorter(a, s, c) : c;
}

bool words_too_large(const struct cond *c)
{
	return c->kind == COND_TEST && !c->set.numeric && c->set.language == LANG_REGEX && !c->set.text[0].p;
}

/* ---- names of long conditions ---- */

const struct cond *words_name(struct words *w, const struct cond *c)
{
	struct cond *named = ARENA_NEW(w->arena, struct cond);
	struct buf text = { 0 };
	struct krux_str all;
	uint64_t h = 0xCBF29CE484222325u;

	cond_print(&text, c);
	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 0x100000001B3u;
	h = (h ^ h >> 32) & UINT32_MAX;
	all = arena_str(w->arena, (struct krux_str){ text.p, text.n });
	buf_free(&text);
	for (size_t i = 0; i < w->nnamed; i++)
		if (w->named[i].hash == h)
			return krux_str_eq(w->named[i].text, all) ? w->named[i].c : c;
	*named = *c;
	named->name = arena_printf(w->arena, "paths_%08x", (unsigned)h);
	ARENA_PUSH(w->arena, w->named, w->nnamed, w->cap_named, ((struct words_named){ named, all, h }));
	return named;
}

/* ---- classes, each once ---- */

struct words_kept {
	uint32_t node, to;                  /* node 0: free; terminals are no steps */
	const struct cond *c;
};

static struct words_kept *kept_at(struct words_kept *slot, size_t cap, uint32_t node, uint32_t to)
{
	size_t at = (node * 0x9E3779B1u ^ to * 0x85EBCA77u) & (cap - 1);

	while (slot[at].node && (slot[at].node != node || slot[at].to != to))
		at = (at + 1) & (cap - 1);
	return &slot[at];
}

static void kept_room(struct words *w)
{
	size_t cap = w->cap_kept ? w->cap_kept * 2 : 64;
	struct words_kept *slot;

	if (w->nkept * 2 < w->cap_kept)
		return;
	slot = ARENA_ARRAY(w->arena, struct words_kept, cap);
	for (size_t i = 0; i < w->cap_kept; i++)
		if (w->slot[i].node)
			*kept_at(slot, cap, w->slot[i].node, w->slot[i].to) = w->slot[i];
	w->slot = slot;
	w->cap_kept = cap;
}

struct words *words_new(struct arena *a)
{
	struct words *w = ARENA_NEW(a, struct words);

	w->arena = a;
	w->always = words_join(a, COND_AND, NULL, 0);
	return w;
}

static const struct cond *too_large(struct words *w, const struct subject *s)
{
	return words_test(w->arena, s, LANG_REGEX, ARENA_NEW(w->arena, struct krux_str), 1);
}

/* Of a string or list. Whatever does not come to an end within the limits is too large. */
static const struct cond *class_words(struct words *w, struct dd *m, uint32_t node, uint32_t to)
{
	uint32_t var = dd_var_of(m, node), f;
	struct subject s = words_subject(m, var);
	struct dd_attempt attempt = dd_attempt(m);
	const struct cond *c = NULL;
	bool fine;

	if (dd_variable(m, var)->kind == DD_LIST) {
		c = words_list(w, m, var, dd_class(m, node, to), dd_class_automaton(m, w->arena, node, to));
		return dd_attempt_end(m, &attempt) ? c : NULL;
	}
	if (s.kind == SUBJECT_FIELD && s.type && s.type->kind == KRUX_T_PATH)
		c = words_path(w, m, node, to);
	f = c ? DD_TRUE : dd_class(m, node, to);
	if (!c) {
		c = words_text(w->arena, m, var, f);
		if (c && words_meaning(m, var, c) != f)
			c = NULL;
	}
	if (!dd_attempt_end(m, &attempt))
		c = NULL;
	if (!c) {
		attempt = dd_attempt(m);
		f = dd_class(m, node, to);
		c = words_own(w, m, var, f, false);
		fine = dd_attempt_end(m, &attempt);
		/* What there is of agents is short enough for an expression all the same. */
		if (!fine && s.kind != SUBJECT_AGENT)
			return too_large(w, &s);
		c = fine ? c : NULL;
	}
	if (!c) {
		attempt = dd_attempt(m);
		c = words_own(w, m, var, f, true);
		if (!dd_attempt_end(m, &attempt))
			c = NULL;
	}
	if (!c) {
		struct krux_str *text = ARENA_NEW(w->arena, struct krux_str);

		*text = words_regex(w->arena, dd_class_automaton(m, w->arena, node, to));
		c = words_test(w->arena, &s, LANG_REGEX, text, 1);
	}
	return c;
}

/* A step's intervals are the caller's, and change with the next region. */
static const struct cond *number_words(struct words *w, const struct subject *s, const struct dd_step *step)
{
	const struct cond *c = words_number(w->arena, s, step);
	struct interval *own;
	struct cond *copy;

	if (c->kind != COND_TEST || c->set.interval != step->interval)
		return c;
	own = ARENA_ARRAY(w->arena, struct interval, c->set.nintervals + 1);
	for (size_t i = 0; i < c->set.nintervals; i++)
		own[i] = c->set.interval[i];
	copy = ARENA_NEW(w->arena, struct cond);
	*copy = *c;
	copy->set.interval = own;
	return copy;
}

const struct cond *words_step(struct words *w, struct dd *m, const struct dd_step *step)
{
	uint32_t var = dd_var_of(m, step->node);
	const struct dd_var *v = dd_variable(m, var);
	struct words_kept *k;
	const struct cond *c;

	if (v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET))
		return NULL;
	kept_room(w);
	k = kept_at(w->slot, w->cap_kept, step->node, *step->to);
	if (k->node)
		return k->c;
	if (v->kind == DD_NUMBER) {
		struct subject subject = words_subject(m, var);

		c = number_words(w, &subject, step);
	} else {
		c = class_words(w, m, step->node, *step->to);
	}
	kept_room(w);
	k = kept_at(w->slot, w->cap_kept, step->node, *step->to);
	w->nkept += !k->node;
	*k = (struct words_kept){ step->node, *step->to, c };
	return c;
}
