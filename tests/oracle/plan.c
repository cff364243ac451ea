/* The sandbox plans, made after the tables as `kruxc build` makes them, and read back: what a plan says of a
 * class of agents and of an operand is a condition that every call which is let through meets. */
#include <string.h>

#include "compiler/plan/reach.h"
#include "tests/oracle/roads.h"

struct held {
	struct krux_str text;
	struct o_bound *cond;
};

struct plan {
	struct plan_class {
		struct krux_str agents;
		struct o_bound *of;          /* NULL: all agents */
		bool never;
		struct held *held;
		size_t n;
	} *class;
	size_t n;
};

static const struct o_policy *names_bind(struct arena *a, const struct words *words)
{
	struct o_policy *names = ARENA_NEW(a, struct o_policy);

	names->define = ARENA_ARRAY(a, struct o_define, words->nnamed + 1);
	for (size_t i = 0; i < words->nnamed; i++)
		names->define[names->ndefines++] = (struct o_define){ words->named[i].c->name, o_cond_read(a, words->named[i].text) };
	return names;
}

/* NULL: for whatever there is, or said not to be in words; *why: it cannot be read. */
static struct o_bound *condition(struct arena *a, const struct o_cap *cap, const struct o_policy *names, struct krux_str text,
                                 const char **why)
{
	struct o_cond *c;
	struct o_bound *b;

	if (!text.n || o_is(text, "always"))
		return NULL;
	if (table_described(text)) {
		totals->described++;
		return NULL;
	}
	c = o_cond_read(a, text);
	b = c ? o_bind(a, cap, names, c) : NULL;
	if (!b)
		*why = arena_printf(a, "no condition: %.*s", (int)text.n, text.p).p;
	return b;
}

static struct plan *plan_bind(struct arena *a, const struct o_cap *cap, const struct o_policy *names, const struct reach *r,
                              const char **why)
{
	struct plan *p = ARENA_NEW(a, struct plan);

	p->class = ARENA_ARRAY(a, struct plan_class, r->n + 1);
	for (; p->n < r->n; p->n++) {
		const struct reach_class *from = &r->list[p->n];
		struct plan_class *to = &p->class[p->n];

		*to = (struct plan_class){ .agents = from->agents, .never = from->never };
		to->of = condition(a, cap, names, from->agents, why);
		to->held = ARENA_ARRAY(a, struct held, from->noperands + 1);
		for (size_t i = 0; i < from->noperands; i++) {
			struct held h = { from->operand[i].what, condition(a, cap, names, from->operand[i].what, why) };

			if (h.cond)
				to->held[to->n++] = h;
		}
	}
	return p;
}

bool plans_read(struct arena *a, struct world *w, const char **why)
{
	size_t n = w->p->caps.n;
	struct reach *reach = ARENA_ARRAY(a, struct reach, n + 1);
	struct words *words = words_new(a);
	const struct o_policy *names;

	*why = NULL;
	w->plan = ARENA_ARRAY(a, struct plan *, n + 1);
	for (size_t i = 0; i < n; i++)
		reach_find(a, words, w->p->manager[i], w->p->decisions, w->p->root[i], w->p->caps.cap[i], &reach[i]);
	names = names_bind(a, words);
	for (size_t i = 0; i < n && !*why; i++) {
		w->plan[i] = plan_bind(a, &w->o.caps.cap[w->known[i]], names, &reach[i], why);
		if (dd_overflow(w->p->manager[i]))
			*why = "beyond the limits";
		totals->plans++;
	}
	return !*why;
}

bool plan_differs(struct arena *a, const struct world *w, const struct plan *p, const struct o_request *rq, struct buf *say)
{
	size_t classes = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct plan_class *c = &p->class[i];

		if (c->of && !o_holds(a, &w->o, rq, c->of))
			continue;
		classes++;
		for (size_t k = 0; k < c->n && !c->never; k++)
			if (!o_holds(a, &w->o, rq, c->held[k].cond)) {
				buf_puts(say, "plan: let through, and outside of ");
				buf_str(say, c->held[k].text);
				return true;
			}
		if (c->never) {
			buf_puts(say, "plan: let through, and never so for ");
			buf_str(say, c->agents);
			return true;
		}
	}
	if (!classes)
		buf_puts(say, "plan: let through, and of no class of agents");
	totals->by_plan += classes != 0;
	return !classes;
}
