/* Texts state by state, as callers read them: nothing is copied. */
#include "compiler/dd/apply.h"
#include "compiler/dd/language.h"
#include "compiler/dd/pair.h"

bool dd_is_terminal(uint32_t node)
{
	return is_terminal(node);
}

uint32_t dd_var_of(const struct dd *m, uint32_t node)
{
	(void)m;
	return node_var(node)->number;
}

uint32_t dd_text_start(const struct dd *m, uint32_t node)
{
	(void)m;
	return node_at(node)->n;
}

static uint32_t arcs_make(struct dd *m, void *p)
{
	(void)m;
	state_at(*(const uint32_t *)p);
	return 1;
}

/* With its arcs; the dead state where there is no room for them. */
static const struct state *state_opened(const struct dd *m, uint32_t state)
{
	if (!store.state[state].n && !store_guard((struct dd *)(uintptr_t)m, arcs_make, &state))
		return &store.state[DEAD];
	return &store.state[state];
}

struct dd_text dd_text_at(const struct dd *m, uint32_t state)
{
	const struct state *s = state_opened(m, state);

	return (struct dd_text){ s->out, s->settled, s->n, s->first };
}

struct arc dd_text_arc(const struct dd_text *t, uint32_t i)
{
	return store.arc[t->first + i];
}

uint32_t dd_text_step(const struct dd *m, uint32_t state, uint32_t scalar)
{
	const struct state *s = state_opened(m, state);
	const struct arc *arc = store.arc + s->first;
	uint32_t lo = 0, hi = s->n - 1;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (arc[mid].hi < scalar)
			lo = mid + 1;
		else
			hi = mid;
	}
	return arc[lo].to;
}

bool dd_text_two(const struct dd *m, uint32_t state, struct dd_text_two *out)
{
	struct two two;

	(void)m;
	if (store.state[state].settled != NONE || !state_two(state, &two)) {
		*out = (struct dd_text_two){ state, DD_IMPOSSIBLE, DD_IMPOSSIBLE };
		return false;
	}
	*out = (struct dd_text_two){ two.boolean, two.lo, two.hi };
	return true;
}

struct args {
	uint32_t state, out, var;
	bool other;
};

static uint32_t class_make(struct dd *m, void *p)
{
	const struct args *x = p;

	(void)m;
	return x->other ? state_class_not(x->state, x->out) : state_class(x->state, x->out);
}

uint32_t dd_text_class(struct dd *m, uint32_t state, uint32_t out, bool other)
{
	return store_guard(m, class_make, &(struct args){ .state = state, .out = out, .other = other });
}

static uint32_t text_node(struct dd *m, void *p)
{
	const struct args *x = p;

	return node_string(m->var[x->var], x->state);
}

uint32_t dd_text_node(struct dd *m, uint32_t var, uint32_t start)
{
	return store_guard(m, text_node, &(struct args){ .state = start, .var = var });
}

static uint32_t text_domain(struct dd *m, void *p)
{
	struct var *v = m->var[((const struct args *)p)->var];

	domain_of(v);
	return v->domain;
}

uint32_t dd_text_domain(struct dd *m, uint32_t var)
{
	return store_guard(m, text_domain, &(struct args){ .var = var });
}
