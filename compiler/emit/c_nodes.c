/* From a diagram to its nodes in the order in which C needs them. What no request reaches is
 * left out: such edges go with a neighbour, such states have any class. */
#include "compiler/emit/c_nodes.h"

#include <stdlib.h>

struct sorter {
	struct c_nodes *s;
	c_rank_fn *rank;
	void *ctx;
};

static uint32_t *slot_of(const struct c_nodes *s, uint32_t *slot, size_t nslots, uint32_t node)
{
	for (uint64_t h = node * 0x9E3779B97F4A7C15u >> 20;; h++) {
		uint32_t *at = &slot[h & (nslots - 1)];

		if (!*at || s->list[*at - 1].node == node)
			return at;
	}
}

struct c_node *c_node_of(const struct c_nodes *s, uint32_t node)
{
	uint32_t at = *slot_of(s, s->slot, s->nslots, node);

	return at ? &s->list[at - 1] : NULL;
}

static void slots_grow(struct c_nodes *s)
{
	size_t nslots = s->nslots * 2;
	uint32_t *bigger = ARENA_ARRAY(s->a, uint32_t, nslots);

	for (uint32_t i = 0; i < s->n; i++)
		*slot_of(s, bigger, nslots, s->list[i].node) = i + 1;
	s->slot = bigger;
	s->nslots = nslots;
}

static bool is_terminal(const struct c_nodes *s, uint32_t node)
{
	return dd_get(s->m, node)->kind == DD_TERMINAL;
}

/* ---- the children of one node ---- */

static uint32_t rank_of(const struct sorter *w, uint32_t node)
{
	const struct dd_node *n = dd_get(w->s->m, node);

	return n->kind == DD_TERMINAL ? w->rank(w->ctx, n->value) : UINT32_MAX;
}

/* Distinct children: seen in order, then terminals moved to the front by rank. */
static void children_sort(const struct sorter *w, struct c_node *n)
{
	for (uint32_t i = 1; i < n->nchildren; i++) {
		uint32_t child = n->child[i], rank = rank_of(w, child), k = i;

		if (rank == UINT32_MAX)
			continue;
		for (; k > 0 && rank_of(w, n->child[k - 1]) > rank; k--)
			n->child[k] = n->child[k - 1];
		n->child[k] = child;
	}
}

/* A set of node numbers with their places, for nodes of many children. */
struct places {
	uint32_t *slot;          /* node + 1, 0: free */
	uint32_t *place;
	size_t n;
};

static uint32_t *place_of(struct places *p, uint32_t node, bool *known)
{
	for (uint64_t h = node * 0x9E3779B97F4A7C15u >> 20;; h++) {
		size_t i = h & (p->n - 1);

		if (p->slot[i] && p->slot[i] != node + 1)
			continue;
		*known = p->slot[i] != 0;
		p->slot[i] = node + 1;
		return &p->place[i];
	}
}

static struct places places_new(struct arena *a, size_t most)
{
	struct places p = { .n = 16 };

	while (p.n < most * 2)
		p.n *= 2;
	p.slot = ARENA_ARRAY(a, uint32_t, p.n);
	p.place = ARENA_ARRAY(a, uint32_t, p.n);
	return p;
}

static uint32_t successor(const struct c_node *n, uint32_t i)
{
	return n->dd->kind == DD_NUMBER ? n->dd->edge[i].to : n->dd->fa->state[i].out;
}

static void children_find(const struct sorter *w, struct c_node *n)
{
	uint32_t most = n->dd->kind == DD_NUMBER ? n->dd->nedges : n->dd->fa->nstates;
	struct arena *scratch = arena_new();
	struct places places = places_new(scratch, most);
	size_t cap = 0, count = 0;
	bool known;

	for (uint32_t i = 0; i < most; i++) {
		uint32_t to = successor(n, i);

		place_of(&places, to, &known);
		if (to != DD_IMPOSSIBLE && !known)
			ARENA_PUSH(w->s->a, n->child, count, cap, to);
	}
	n->nchildren = (uint32_t)count;
	if (n->dd->kind != DD_LIST)
		children_sort(w, n);
	for (uint32_t i = 0; i < n->nchildren; i++)
		*place_of(&places, n->child[i], &known) = i;
	if (n->dd->kind == DD_NUMBER) {
		n->edge = ARENA_ARRAY(w->s->a, struct c_case, most);
		for (uint32_t i = 0; i < most; i++) {
			uint32_t to = successor(n, i), child = *place_of(&places, to, &known);

			if (to == DD_IMPOSSIBLE)
				continue;
			if (n->nedges && n->edge[n->nedges - 1].child == child)
				n->nedges--;
			n->edge[n->nedges++] = (struct c_case){ n->dd->edge[i].hi, child };
		}
	} else {
		n->class = ARENA_ARRAY(w->s->a, uint32_t, most);
		for (uint32_t i = 0; i < most; i++)
			n->class[i] = successor(n, i) == DD_IMPOSSIBLE ? (uint32_t)C_ANY
			                                              : *place_of(&places, successor(n, i), &known);
	}
	arena_free(scratch);
}

/* ---- order ---- */

bool c_nodes_make(struct c_nodes *s, struct arena *a, struct dd *m, uint32_t root, uint32_t most, c_rank_fn *rank,
                  void *ctx)
{
	struct sorter w = { s, rank, ctx };
	struct frame { struct c_node n; uint32_t i; } *stack = NULL;
	size_t depth = 0, cap = 0;

	*s = (struct c_nodes){ .a = a, .m = m, .nslots = 64 };
	s->slot = ARENA_ARRAY(a, uint32_t, s->nslots);
	if (is_terminal(s, root))
		return true;
	ARENA_PUSH(a, stack, depth, cap, ((struct frame){ .n = { .node = root } }));
	while (depth) {
		struct frame *f = &stack[depth - 1];
		struct c_node *known;
		uint32_t child;

		if (!f->n.dd) {
			f->n.dd = dd_get(m, f->n.node);
			f->n.var = dd_variable(m, f->n.dd->var);
			children_find(&w, &f->n);
		}
		if (f->i == f->n.nchildren) {
			if (s->n == most)
				return false;
			if ((size_t)s->n * 2 >= s->nslots)
				slots_grow(s);
			s->list = arena_grow(a, s->list, s->n, &s->cap, sizeof *s->list);
			s->list[s->n++] = f->n;
			*slot_of(s, s->slot, s->nslots, f->n.node) = s->n;
			depth--;
			continue;
		}
		child = f->n.child[f->i++];
		if (is_terminal(s, child))
			continue;
		known = c_node_of(s, child);
		if (!known)
			ARENA_PUSH(a, stack, depth, cap, ((struct frame){ .n = { .node = child } }));
	}
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t k = 0; k < s->list[i].nchildren; k++)
			if (!is_terminal(s, s->list[i].child[k]))
				c_node_of(s, s->list[i].child[k])->uses++;
	return true;
}
