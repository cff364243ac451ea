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

static const struct cond *words_number(struct arena *a, const struct subject *s, const struct dd_step *step)
{
	struct cond *c = ARENA_NEW(a, struct cond);

	c->kind = COND_TEST;
	c->subject = *s;
	c->set.numeric = true;
	c->set.interval = step->interval;
	c->set.nintervals = step->nintervals;
	return c;
}

const struct cond *words_language(struct arena *a, struct dd *m, const struct subject *s, uint32_t f,
                                  const struct dd_automaton *fa)
{
	const struct cond *c = NULL;
	struct krux_str *text;
	bool path = s->kind == SUBJECT_FIELD && s->type && s->type->kind == KRUX_T_PATH;

	if (path)
		c = words_path(a, m, s, f, fa);
	if (c && dd_cond(m, c) == f)
		return c;
	c = words_text(a, m, s, f, fa);
	if (c && dd_cond(m, c) == f)
		return c;
	text = ARENA_NEW(a, struct krux_str);
	*text = words_regex(a, fa);
	return words_test(a, s, LANG_REGEX, text, 1);
}

const struct cond *words_step(struct arena *a, struct dd *m, const struct dd_step *step)
{
	const struct dd_node *n = dd_get(m, step->node);
	const struct dd_var *v = dd_variable(m, n->var);
	struct subject subject = v->subject;
	uint32_t f;

	/* Words speak of the innermost `it` alone. */
	subject.depth = subject.depth != 0;

	if (v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET))
		return NULL;
	if (n->kind == DD_NUMBER)
		return words_number(a, &subject, step);
	f = dd_class(m, step->node, *step->to);
	if (n->kind == DD_LIST)
		return words_list(a, m, &subject, f, step->language);
	return words_language(a, m, &subject, f, step->language);
}
