/* Children of nodes: listed, told apart, exchanged. */
#include "compiler/dd/children.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/dd/graph.h"
#include "compiler/dd/pair.h"

/* ---- listing ---- */

/* A set of nodes, to leave out those that were there. */
struct seen {
	struct arena *a;
	uint32_t *slot;
	size_t cap, used;
};

static bool seen_before(struct seen *s, uint32_t node);

static void seen_grow(struct seen *s)
{
	struct seen old = *s;

	s->cap = old.cap ? old.cap * 4 : 16;
	s->used = 0;
	s->slot = ARENA_ARRAY(s->a, uint32_t, s->cap);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i])
			seen_before(s, old.slot[i]);
}

static bool seen_before(struct seen *s, uint32_t node)
{
	if (s->used * 2 >= s->cap)
		seen_grow(s);
	for (uint64_t h = mix(0, node);; h++) {
		uint32_t *at = &s->slot[h & (s->cap - 1)];

		if (*at == node)
			return true;
		if (*at)
			continue;
		*at = node;
		s->used++;
		return false;
	}
}

static void child_add(struct seen *s, struct children *c, uint32_t to)
{
	if (to != DD_IMPOSSIBLE && (!c->n || c->to[c->n - 1] != to) && !seen_before(s, to))
		ARENA_PUSH(s->a, c->to, c->n, c->cap, to);
}

/* Both nodes, the one first that is come to first. */
static void two_children(struct seen *s, struct children *c, const struct two *two)
{
	struct graph *g = graph_begin();
	uint32_t first = DD_IMPOSSIBLE;

	graph_state(g, two->boolean, 0);
	for (uint32_t i = 0; first == DD_IMPOSSIBLE; i++) {
		const struct state *q = &store.state[g->a[i]];

		first = q->out;
		for (uint32_t j = q->first; j < q->first + q->n; j++)
			graph_state(g, store.arc[j].to, 0);
	}
	graph_end(g);
	child_add(s, c, first == DD_FALSE ? two->lo : two->hi);
	child_add(s, c, first == DD_FALSE ? two->hi : two->lo);
}

static void string_children(struct seen *s, struct children *c, uint32_t start)
{
	struct graph *g;
	struct two two;

	if (state_two(start, &two)) {
		two_children(s, c, &two);
		return;
	}
	g = graph_begin();
	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t first = store.state[g->a[i]].first, end = first + store.state[g->a[i]].n;

		child_add(s, c, store.state[g->a[i]].out);
		for (uint32_t j = first; j < end; j++) {
			uint32_t to = store.arc[j].to;

			if (store.state[to].settled != NONE)
				child_add(s, c, store.state[to].settled);
			else if (state_two(to, &two))
				two_children(s, c, &two);
			else
				graph_state(g, to, 0);
		}
	}
	graph_end(g);
}

void node_children(struct arena *a, uint32_t node, struct children *c)
{
	const struct node *n = node_at(node);
	struct seen s = { .a = a };

	*c = (struct children){ 0 };
	switch ((enum dd_kind)n->kind) {
	case DD_NUMBER:
		for (uint32_t i = 0; i < n->n; i++)
			child_add(&s, c, n->edge[i].to);
		return;
	case DD_STRING:
		string_children(&s, c, n->n);
		return;
	case DD_LIST:
		for (uint32_t i = 0; i < n->list->nstates; i++)
			child_add(&s, c, n->list->state[i].out);
		return;
	case DD_TERMINAL:
		break;
	}
	abort();
}

/* ---- telling apart ---- */

static uint32_t exchange(uint32_t out, const struct children *from, const uint32_t *to, uint32_t rest)
{
	for (size_t i = 0; i < from->n; i++)
		if (from->to[i] == out)
			return to[i];
	return out == DD_IMPOSSIBLE ? (uint32_t)DD_IMPOSSIBLE : rest;
}

static uint32_t number_exchange(struct var *v, uint32_t node, const struct children *from, const uint32_t *to,
                                uint32_t rest)
{
	size_t base = store.nedges;
	uint32_t n = node_at(node)->n, out;

	STORE_ROOM(store.edge, base + n, store.cap_edges);
	store.nedges += n;
	for (uint32_t i = 0; i < n; i++) {
		struct dd_edge e = node_at(node)->edge[i];

		e.to = exchange(e.to, from, to, rest);
		store.edge[base + i] = e;
	}
	out = node_number(v, store.edge + base, n);
	store.nedges = base;
	return out;
}

static uint32_t list_exchange(struct var *v, uint32_t node, const struct children *from, const uint32_t *to,
                              uint32_t rest)
{
	const struct dd_automaton *fa = node_at(node)->list;
	struct dd_state *state = store_get(fa->nstates * sizeof *state);

	memcpy(state, fa->state, fa->nstates * sizeof *state);
	for (uint32_t i = 0; i < fa->nstates; i++)
		state[i].out = exchange(state[i].out, from, to, rest);
	return node_list(v, state, fa->nstates);
}

uint32_t node_class(uint32_t node, uint32_t to)
{
	struct var *v = node_var(node);
	struct children one = { &to, 1, 1 };
	const uint32_t yes = DD_TRUE;

	switch (v->pub.kind) {
	case DD_NUMBER:
		return number_exchange(v, node, &one, &yes, DD_FALSE);
	case DD_STRING:
		return node_string(v, state_class(node_at(node)->n, to));
	case DD_LIST:
		return list_exchange(v, node, &one, &yes, DD_FALSE);
	case DD_TERMINAL:
		break;
	}
	abort();
}

struct pair { uint32_t from, to; };

static int pair_order(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;

	return (a->from > b->from) - (a->from < b->from);
}

uint32_t node_replace(struct arena *a, uint32_t node, const struct children *c, const uint32_t *to)
{
	struct var *v = node_var(node);
	struct pair *pair = ARENA_ARRAY(a, struct pair, c->n);
	struct children sorted = { ARENA_ARRAY(a, uint32_t, c->n), c->n, c->n };
	uint32_t *sorted_to = ARENA_ARRAY(a, uint32_t, c->n);

	for (size_t i = 0; i < c->n; i++)
		pair[i] = (struct pair){ c->to[i], to[i] };
	qsort(pair, c->n, sizeof *pair, pair_order);
	for (size_t i = 0; i < c->n; i++) {
		sorted.to[i] = pair[i].from;
		sorted_to[i] = pair[i].to;
	}
	switch (v->pub.kind) {
	case DD_NUMBER:
		return number_exchange(v, node, &sorted, sorted_to, DD_IMPOSSIBLE);
	case DD_STRING:
		return node_string(v, state_replace(node_at(node)->n, sorted.to, sorted_to, c->n));
	case DD_LIST:
		return list_exchange(v, node, &sorted, sorted_to, DD_IMPOSSIBLE);
	case DD_TERMINAL:
		break;
	}
	abort();
}
