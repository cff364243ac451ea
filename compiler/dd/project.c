/* A function of a whole request to a set of one variable's values, told apart by size where f does:
 * those with which it is true for some request. What is asked for is found below each node once. */
#include "compiler/dd/children.h"

struct project {
	struct arena *a;
	uint32_t var;
	struct known { uint32_t node, result; } *slot;
	size_t cap, used;
};

static uint32_t *known_at(struct project *p, uint32_t node);

static void known_grow(struct project *p)
{
	struct project old = *p;

	p->cap = old.cap ? old.cap * 2 : 64;
	p->used = 0;
	p->slot = ARENA_ARRAY(p->a, struct known, p->cap);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i].node)
			*known_at(p, old.slot[i].node) = old.slot[i].result;
}

/* The place of a node's result: IMPOSSIBLE until there is one. */
static uint32_t *known_at(struct project *p, uint32_t node)
{
	if (p->used * 2 >= p->cap)
		known_grow(p);
	for (uint64_t h = mix(0, node);; h++) {
		struct known *k = &p->slot[h & (p->cap - 1)];

		if (k->node == node)
			return &k->result;
		if (k->node)
			continue;
		k->node = node;
		p->used++;
		return &k->result;
	}
}

static uint32_t project(struct project *p, uint32_t node);

static bool is_kept(const struct project *p, const struct var *v)
{
	return v->number == p->var || (v->of != NONE && var_at(v->of)->number == p->var);
}

static uint32_t below(struct project *p, uint32_t node)
{
	bool mine = is_kept(p, node_var(node));
	struct children c = { 0 };
	uint32_t all = DD_FALSE;

	node_children(p->a, node, &c);
	for (size_t i = 0; i < c.n && all != DD_TRUE; i++) {
		uint32_t there = project(p, c.to[i]);

		if (mine)
			there = apply(&op_and, node_class(node, c.to[i]), there);
		all = apply(&op_first, all, there);
	}
	return all;
}

static uint32_t project(struct project *p, uint32_t node)
{
	uint32_t result;

	if (dd_is_terminal(node))
		return node == DD_FALSE || node == DD_IMPOSSIBLE ? DD_FALSE : DD_TRUE;
	result = *known_at(p, node);
	if (result == DD_IMPOSSIBLE) {
		result = below(p, node);
		*known_at(p, node) = result;
	}
	return result;
}

uint32_t diagram_project(struct arena *a, uint32_t f, uint32_t var)
{
	struct project p = { .a = a, .var = var };

	return project(&p, f);
}
