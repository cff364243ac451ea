/* A decision diagram to sets of operands: who is let through at all, then each operand by itself. */
#include "compiler/plan/reach.h"

#include "compiler/plan/rows.h"

struct finding {
	struct arena *a;
	struct words *words;
	struct dd *m;
	const struct capability *cap;
	struct reach_class *list;
	size_t n, cap_list;
};

static uint32_t lets_through(void *ctx, uint32_t value)
{
	const struct outcome *o = decisions_outcome(ctx, value);

	return o && o->verdict != KRUX_BLOCKED ? DD_TRUE : DD_FALSE;
}

/* ---- a set in words ---- */

struct said {
	struct buf b;
	struct words *words;
	struct dd *m;
};

static bool region_say(void *ctx, const struct dd_region *r)
{
	struct said *s = ctx;

	if (r->value != DD_TRUE)
		return true;
	buf_puts(&s->b, s->b.n ? " or " : "");
	region_print(&s->b, s->words, s->m, r, true);
	return true;
}

/* A function of one variable and its size. */
static struct krux_str set_say(struct finding *f, uint32_t set)
{
	struct said s = { .words = f->words, .m = f->m };
	struct krux_str text;

	if (set == DD_TRUE)
		return KRUX_STR("always");
	dd_regions(f->m, f->a, set, region_say, &s);
	text = arena_str(f->a, (struct krux_str){ s.b.p ? s.b.p : "", s.b.n });
	buf_free(&s.b);
	return text;
}

/* ---- operands ---- */

/* What a call lists needs no folder: to find anything, all folders can be opened. */
static void folders_find(struct finding *f, struct folders *to, const struct effect *e, uint32_t set)
{
	if (e->kind == EFFECT_READS)
		folders_add(to, f->a, f->m, set, false);
	else if (e->kind == EFFECT_CREATES || e->kind == EFFECT_WRITES || e->kind == EFFECT_DELETES)
		folders_add(to, f->a, f->m, set, true);
}

static struct reach_operand operand_find(struct finding *f, uint32_t through, const struct effect *e, size_t i,
                                         struct folders *folders)
{
	struct reach_operand o = { e, &e->arg[i], KRUX_STR("always") };
	uint32_t set = DD_TRUE;

	if (!o.arg->is_constant) {
		set = dd_project(f->m, f->a, through, dd_value_at(f->m, &o.arg->access));
		o.what = set_say(f, set);
	}
	folders_find(f, folders, e, set);
	return o;
}

/* Those of `agents`, which lead to `through`. */
static void class_find(struct finding *f, struct krux_str agents, uint32_t through)
{
	struct reach_class c = { .agents = agents, .never = !dd_satisfiable(f->m, through) };
	struct reach_operand *list = ARENA_ARRAY(f->a, struct reach_operand, 2 * f->cap->neffects + 1);

	for (size_t i = 0; !c.never && i < f->cap->neffects; i++)
		for (size_t k = 0; k < f->cap->effect[i].nargs; k++)
			list[c.noperands++] = operand_find(f, through, &f->cap->effect[i], k, &c.folders);
	c.operand = list;
	ARENA_PUSH(f->a, f->list, f->n, f->cap_list, c);
}

/* ---- agents ---- */

/* The distinct ends of an automaton, in the order of its states. */
static size_t outs_list(struct arena *a, const struct dd_automaton *fa, uint32_t **out)
{
	size_t n = 0, cap = 0;

	*out = NULL;
	for (uint32_t i = 0; i < fa->nstates; i++) {
		bool there = fa->state[i].out == DD_IMPOSSIBLE;

		for (size_t k = 0; k < n; k++)
			there |= (*out)[k] == fa->state[i].out;
		if (!there)
			ARENA_PUSH(a, *out, n, cap, fa->state[i].out);
	}
	return n;
}

/* The class of each state that an agent's name can end in. */
static const uint32_t *classes_list(struct arena *a, const struct dd_automaton *fa, const uint32_t *out, size_t n)
{
	uint32_t *class = ARENA_ARRAY(a, uint32_t, fa->nstates + 1);

	for (uint32_t i = 0; i < fa->nstates; i++)
		while (class[i] < n && out[class[i]] != fa->state[i].out)
			class[i]++;
	return class;
}

void reach_find(struct arena *a, struct words *words, struct dd *m, const struct decisions *d, uint32_t root,
                const struct capability *cap, struct reach *out)
{
	uint32_t through = dd_map(m, lets_through, (void *)(uintptr_t)d, root), *to;
	struct finding f = { .a = a, .words = words, .m = m, .cap = cap };
	size_t n;

	*out = (struct reach){ .cap = cap };
	if (dd_is_terminal(through) || dd_var_of(m, through) != dd_agent_var(m)) {
		class_find(&f, (struct krux_str){ NULL, 0 }, through);
	} else {
		n = outs_list(a, dd_get(m, through)->fa, &to);
		for (size_t i = 0; i < n; i++)
			class_find(&f, set_say(&f, dd_class(m, through, to[i])), to[i]);
		out->agents = dd_get(m, through)->fa;
		out->class = classes_list(a, out->agents, to, n);
	}
	out->list = f.list;
	out->n = f.n;
}
