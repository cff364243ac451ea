/* Nodes as callers see them: automata of their own, states in breadth-first order. */
#include <stdlib.h>
#include <string.h>

#include "compiler/dd/children.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/pair.h"

/* An automaton being read. Pairs are read as their boolean states and two nodes, so that they get
 * no arcs of their own. */
struct reading {
	struct graph *g;                 /* of states, and of boolean ones with 1 + a number in nodes */
	struct graph *nodes;             /* lo and hi of pairs */
};

/* The number of a state. */
static uint32_t state_read(struct reading *r, uint32_t s)
{
	const struct state *x = &store.state[s];

	if (x->boolean == NONE)
		return graph_state(r->g, s, 0) & ~GRAPH_NEW;
	return graph_state(r->g, x->boolean, 1 + (graph_state(r->nodes, x->lo, x->hi) & ~GRAPH_NEW)) & ~GRAPH_NEW;
}

/* Of two nodes, the one that a boolean state's output or settled node stands for. */
static uint32_t node_read(const struct reading *r, uint32_t i, uint32_t node)
{
	uint32_t k = r->g->b[i];

	if (!k || node == DD_IMPOSSIBLE)
		return node;
	return node == DD_FALSE ? r->nodes->a[k - 1] : r->nodes->b[k - 1];
}

/* Where an arc of state i leads. */
static uint32_t target_read(struct reading *r, uint32_t i, uint32_t to)
{
	uint32_t settled = store.state[to].settled;

	if (!r->g->b[i])
		return state_read(r, to);
	if (settled == NONE)
		return graph_state(r->g, to, r->g->b[i]) & ~GRAPH_NEW;
	return state_read(r, state_settled(to, node_read(r, i, settled)));
}

static size_t states_read(struct reading *r, uint32_t start)
{
	size_t narcs = 0;

	state_read(r, start);
	for (uint32_t i = 0; i < r->g->n; i++) {
		uint32_t first = store.state[r->g->a[i]].first, end = first + store.state[r->g->a[i]].n;

		narcs += end - first;
		for (uint32_t j = first; j < end; j++)
			target_read(r, i, store.arc[j].to);
	}
	return narcs;
}

static void automaton_fill(struct reading *r, struct dd_automaton *fa, struct dd_state *state, struct dd_range *range)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->g->n; i++) {
		struct state s = store.state[r->g->a[i]];
		uint32_t lo = 1;

		state[i] = (struct dd_state){ .out = node_read(r, i, s.out), .first = n, .n = s.n, .settled = s.settled };
		for (uint32_t j = s.first; j < s.first + s.n; j++) {
			struct arc a = store.arc[j];

			range[n++] = (struct dd_range){ lo, a.hi, target_read(r, i, a.to) };
			lo = a.hi + 1;
		}
	}
	*fa = (struct dd_automaton){ r->g->n, n, state, range };
}

/* From `start` on, in the arena. */
static const struct dd_automaton *automaton_make(uint32_t start, struct arena *a)
{
	struct reading r = { .nodes = graph_begin() };
	struct dd_automaton *fa;
	struct dd_range *range;
	struct dd_state *state;
	size_t narcs;

	r.g = graph_begin();
	narcs = states_read(&r, start);
	fa = ARENA_NEW(a, struct dd_automaton);
	state = ARENA_ARRAY(a, struct dd_state, r.g->n);
	range = ARENA_ARRAY(a, struct dd_range, narcs);
	automaton_fill(&r, fa, state, range);
	graph_end(r.g);
	graph_end(r.nodes);
	return fa;
}

/* ---- classes ---- */

static const struct dd_automaton *list_class(struct arena *a, const struct dd_automaton *fa, uint32_t to)
{
	struct dd_automaton *out = ARENA_NEW(a, struct dd_automaton);
	struct dd_state *state = ARENA_ARRAY(a, struct dd_state, fa->nstates);

	memcpy(state, fa->state, fa->nstates * sizeof *state);
	for (uint32_t i = 0; i < fa->nstates; i++) {
		state[i].out = state[i].out == to ? DD_TRUE : state[i].out == DD_IMPOSSIBLE ? DD_IMPOSSIBLE : DD_FALSE;
		if (state[i].settled != NONE && state[i].settled != DD_IMPOSSIBLE)
			state[i].settled = state[i].settled == to ? DD_TRUE : DD_FALSE;
	}
	*out = *fa;
	out->state = state;
	return out;
}

struct class {
	struct arena *a;
	uint32_t node, to;
	const struct dd_automaton *fa;
};

static uint32_t class_make(struct dd *m, void *args)
{
	struct class *c = args;
	const struct node *n = node_at(c->node);

	(void)m;
	if (n->kind == DD_STRING) {
		c->fa = automaton_make(state_class(n->n, c->to), c->a);
	} else if (n->kind == DD_LIST) {
		uint32_t class = node_class(c->node, c->to);

		/* Minimal once more: states that only told other classes apart are gone. */
		c->fa = !is_terminal(class) && node_at(class)->kind == DD_LIST ? node_at(class)->list
		                                                                : list_class(c->a, node_at(c->node)->list, c->to);
	}
	return 1;
}

const struct dd_automaton *dd_class_automaton(struct dd *m, struct arena *a, uint32_t node, uint32_t to)
{
	struct class c = { a, node, to, NULL };

	return store_guard(m, class_make, &c) ? c.fa : NULL;
}

/* ---- nodes ---- */

static uint32_t view_make(struct dd *m, void *args)
{
	uint32_t node = *(const uint32_t *)args;
	const struct node *n = node_at(node);
	const struct dd_automaton *fa = NULL;
	struct dd_node *view;

	(void)m;
	if (!store.views)
		store.views = arena_new();
	STORE_ROOM(store.viewed, store.nviewed + 1, store.cap_viewed);
	if (n->kind == DD_STRING)
		fa = automaton_make(n->n, store.views);
	else if (n->kind == DD_LIST)
		fa = n->list;
	view = ARENA_NEW(store.views, struct dd_node);
	n = node_at(node);
	*view = (struct dd_node){ .kind = (enum dd_kind)n->kind, .var = var_at(n->var)->number, .fa = fa };
	if (n->kind == DD_NUMBER) {
		view->nedges = n->n;
		view->edge = n->edge;
	}
	store.node[node - NODE_FIRST].view = view;
	store.viewed[store.nviewed++] = node - NODE_FIRST;
	return 1;
}

void dd_views_drop(void)
{
	if (!store.views)
		return;
	for (size_t i = 0; i < store.nviewed; i++)
		if (store.viewed[i] < store.nnodes)
			store.node[store.viewed[i]].view = NULL;
	store.nviewed = 0;
	arena_free(store.views);
	store.views = NULL;
}

/* The first terminals without asking the arena each time. */
static const struct dd_node *terminal_view(struct dd *m, uint32_t node)
{
	static const struct dd_node first[] = {
		{ .kind = DD_TERMINAL, .value = 0 }, { .kind = DD_TERMINAL, .value = 1 }, { .kind = DD_TERMINAL, .value = 2 },
	};
	struct dd_node **at;

	if (node < 3)
		return &first[node];
	if (m->terminals_cap * 3 <= m->nterminals * 4) {
		struct dd_node **old = m->terminal;
		size_t n = m->terminals_cap;

		m->terminals_cap = n ? n * 4 : 16;
		m->terminal = ARENA_ARRAY(m->arena, struct dd_node *, m->terminals_cap);
		for (size_t i = 0; i < n; i++) {
			uint64_t h = old[i] ? mix(0, old[i]->value) : 0;

			for (; old[i]; h++)
				if (!*(at = &m->terminal[h & (m->terminals_cap - 1)])) {
					*at = old[i];
					break;
				}
		}
	}
	for (uint64_t h = mix(0, node);; h++) {
		at = &m->terminal[h & (m->terminals_cap - 1)];
		if (*at && (*at)->value == node)
			return *at;
		if (*at)
			continue;
		*at = ARENA_NEW(m->arena, struct dd_node);
		(*at)->kind = DD_TERMINAL;
		(*at)->value = node;
		m->nterminals++;
		return *at;
	}
}

const struct dd_node *dd_get(const struct dd *const_m, uint32_t node)
{
	struct dd *m = (struct dd *)(uintptr_t)const_m;    /* what it makes is a cache */

	if (m->overflow || (!is_terminal(node) && node - NODE_FIRST >= store.nnodes))
		return terminal_view(m, DD_IMPOSSIBLE);
	if (is_terminal(node))
		return terminal_view(m, node);
	if (!node_at(node)->view && !store_guard(m, view_make, &node))
		return terminal_view(m, DD_IMPOSSIBLE);
	return node_at(node)->view;
}

struct count {
	uint32_t root;
	size_t n;
};

static uint32_t count(struct dd *m, void *args)
{
	struct count *c = args;
	struct graph *nodes = graph_begin(), *states = graph_begin();

	(void)m;
	graph_state(nodes, c->root, 0);
	for (uint32_t i = 0; i < nodes->n; i++) {
		const struct node *n;
		uint32_t from = states->n;

		if (is_terminal(nodes->a[i]))
			continue;
		n = node_at(nodes->a[i]);
		for (uint32_t j = 0; n->kind == DD_NUMBER && j < n->n; j++)
			graph_state(nodes, n->edge[j].to, 0);
		for (uint32_t j = 0; n->kind == DD_LIST && j < n->list->nstates; j++) {
			graph_state(nodes, n->list->state[j].out, 0);
			graph_state(nodes, n->list->state[j].element, 0);
			c->n++;
		}
		if (n->kind == DD_STRING)
			graph_state(states, n->n, n->var);
		for (uint32_t q = from; q < states->n; q++) {
			const struct state *s = state_at(states->a[q]);

			graph_state(nodes, s->out, 0);
			for (uint32_t j = s->first; j < s->first + s->n; j++)
				graph_state(states, store.arc[j].to, n->var);
		}
	}
	c->n += nodes->n + states->n;
	graph_end(states);
	graph_end(nodes);
	return 1;
}

size_t dd_count(const struct dd *m, uint32_t root)
{
	struct count c = { .root = root };

	return store_guard((struct dd *)(uintptr_t)m, count, &c) ? c.n : 0;
}
