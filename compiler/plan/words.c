/* One variable's class in words: numbers directly, strings and lists by their own files. */
#include "compiler/plan/words.h"

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

static const struct cond *words_number(struct arena *a, const struct subject *s, const struct dd_step *step)
{
	struct cond *c = ARENA_NEW(a, struct cond);

	c->kind = COND_TEST;
	c->subject = *s;
	c->set.numeric = true;
	c->set.interval = step->interval;
	c->set.nintervals = step->nintervals;
	if (s->kind != SUBJECT_FIELD || s->type->kind != KRUX_T_IP || step->interval[0].lo)
		return c;
	/* Of addresses, what reaches down to the first is shorter by what it leaves out. */
	struct interval *rest = ARENA_ARRAY(a, struct interval, step->nintervals + 1);
	size_t n = 0;

	for (size_t i = 0; i < step->nintervals; i++) {
		bool last = i + 1 == step->nintervals;

		if (last && step->interval[i].hi == number_domain(s).hi)
			break;
		rest[n].lo = step->interval[i].hi + 1;
		rest[n++].hi = last ? number_domain(s).hi : step->interval[i + 1].lo - 1;
	}
	c->set.interval = rest;
	c->set.nintervals = n;
	return words_not(a, c);
}

bool words_too_large(const struct cond *c)
{
	return c->kind == COND_TEST && !c->set.numeric && c->set.language == LANG_REGEX && !c->set.text[0].p;
}

const struct cond *words_language(struct arena *a, struct dd *m, uint32_t var, uint32_t f,
                                  const struct dd_automaton *fa)
{
	const struct cond *c = NULL;
	struct krux_str *text;
	struct subject s = words_subject(m, var);

	if (s.kind == SUBJECT_FIELD && s.type && s.type->kind == KRUX_T_PATH)
		c = words_path(a, m, var, f, fa);
	if (c && words_meaning(m, var, c) == f)
		return c;
	c = words_text(a, m, var, f, fa);
	if (c && words_meaning(m, var, c) == f)
		return c;
	text = ARENA_NEW(a, struct krux_str);
	*text = words_regex(a, fa);
	return words_test(a, &s, LANG_REGEX, text, 1);
}

const struct cond *words_step(struct arena *a, struct dd *m, const struct dd_step *step)
{
	const struct dd_node *n = dd_get(m, step->node);
	const struct dd_var *v = dd_variable(m, n->var);
	struct subject subject = words_subject(m, n->var);
	uint32_t f;

	if (v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET))
		return NULL;
	if (n->kind == DD_NUMBER)
		return words_number(a, &subject, step);
	f = dd_class(m, step->node, *step->to);
	if (n->kind == DD_LIST)
		return words_list(a, m, n->var, f, step->language);
	return words_language(a, m, n->var, f, step->language);
}
