/* Graphs of new states to canonical states: components in the order in which they lead to one
 * another, the last first (Tarjan 1972, without recursion), each made by component.c. */
#include "compiler/dd/graph.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/manager.h"

enum { FIRST_SLOTS = 64, KEPT_STATES = 1 << 14 };

static void graph_drop(struct graph *g)
{
	refine_free(g->refine);
	ROOM_FREE(g->a, g->cap_a);
	ROOM_FREE(g->b, g->cap_b);
	ROOM_FREE(g->out, g->cap_out);
	ROOM_FREE(g->first, g->cap_first);
	ROOM_FREE(g->arc, g->cap_arcs);
	ROOM_FREE(g->canon, g->cap_canon);
	ROOM_FREE(g->slot, g->cap_slots);
	ROOM_FREE(g->low, g->cap_low);
	ROOM_FREE(g->own, g->cap_own);
	ROOM_FREE(g->stack, g->cap_stack);
	ROOM_FREE(g->call, g->cap_call);
	ROOM_FREE(g->next, g->cap_next);
}

struct graph *graph_begin(void)
{
	struct graph *g;

	STORE_ROOM(store.graph, store.ngraphs + 1u, store.cap_graphs);
	if (store.ngraphs == store.graphs_made) {
		g = store_get(sizeof *g + sizeof *g->refine);
		memset(g, 0, sizeof *g + sizeof *g->refine);
		g->refine = (struct refine *)(g + 1);
		store.graph[store.graphs_made++] = g;
	}
	g = store.graph[store.ngraphs++];
	g->n = g->narcs = 0;
	STORE_ROOM(g->slot, FIRST_SLOTS, g->cap_slots);
	g->nslots = FIRST_SLOTS;
	memset(g->slot, 0xFF, FIRST_SLOTS * sizeof *g->slot);
	return g;
}

void graphs_release(uint32_t n)
{
	while (store.ngraphs > n) {
		struct graph *g = store.graph[--store.ngraphs];

		if (g->cap_a > KEPT_STATES)
			graph_drop(g);
	}
}

void graph_end(struct graph *g)
{
	if (store.graph[store.ngraphs - 1] != g)
		abort();
	graphs_release(store.ngraphs - 1);
}

void graphs_free(void)
{
	store.ngraphs = 0;
	for (uint32_t i = 0; i < store.graphs_made; i++)
		graph_drop(store.graph[i]);
	store.graphs_made = 0;
	ROOM_FREE(store.graph, store.cap_graphs);
}

/* ---- states ---- */

static uint32_t *slot_of(const struct graph *g, uint32_t a, uint32_t b)
{
	for (uint64_t h = mix(mix(0, a), b);; h++) {
		uint32_t *at = &g->slot[h & (g->nslots - 1)];

		if (*at == NONE || (g->a[*at] == a && g->b[*at] == b))
			return at;
	}
}

static void slots_grow(struct graph *g)
{
	STORE_ROOM(g->slot, g->nslots * 2u, g->cap_slots);
	g->nslots *= 2;
	memset(g->slot, 0xFF, g->nslots * sizeof *g->slot);
	for (uint32_t i = 0; i < g->n; i++)
		*slot_of(g, g->a[i], g->b[i]) = i;
}

uint32_t graph_state(struct graph *g, uint32_t a, uint32_t b)
{
	uint32_t *at = slot_of(g, a, b);

	if (*at != NONE)
		return GRAPH_NEW | *at;
	if (g->n >= KRUX_MAX_STATES)
		store_stop("states");
	if (++store.guard->m->work > MOST_WORK)
		store_stop("steps");
	steps_add(1);
	STORE_ROOM(g->a, g->n + 1u, g->cap_a);
	STORE_ROOM(g->b, g->n + 1u, g->cap_b);
	STORE_ROOM(g->out, g->n + 1u, g->cap_out);
	STORE_ROOM(g->first, g->n + 2u, g->cap_first);
	g->a[g->n] = a;
	g->b[g->n] = b;
	*at = g->n++;
	if (g->n * 2 > g->nslots)
		slots_grow(g);
	return GRAPH_NEW | (g->n - 1);
}

void graph_out(struct graph *g, uint32_t i, uint32_t out)
{
	g->out[i] = out;
	g->first[i] = g->first[i + 1] = g->narcs;
	g->open = i;
}

void graph_arc(struct graph *g, uint32_t hi, uint32_t to)
{
	uint32_t from = g->first[g->open];

	/* No border inside the surrogates. */
	if (hi >= 0xD7FF && hi <= 0xDFFF) {
		if (g->narcs > from && g->arc[g->narcs - 1].hi >= 0xD7FF)
			return;
		hi = 0xD7FF;
	}
	if (g->narcs > from && g->arc[g->narcs - 1].to == to) {
		g->arc[g->narcs - 1].hi = hi;
		return;
	}
	steps_add(1);
	STORE_ROOM(g->arc, g->narcs + 1u, g->cap_arcs);
	g->arc[g->narcs++] = (struct arc){ hi, to };
	g->first[g->open + 1] = g->narcs;
}

/* ---- components ---- */

struct visit {
	uint32_t number, nstack, ncall;
};

static void visit_enter(struct graph *g, struct visit *t, uint32_t v)
{
	g->low[v] = g->own[v] = t->number++;
	g->next[v] = g->first[v];
	g->stack[t->nstack++] = v;
	g->call[t->ncall++] = v;
}

static void visit_leave(struct graph *g, struct visit *t, uint32_t v)
{
	t->ncall--;
	if (t->ncall && g->low[v] < g->low[g->call[t->ncall - 1]])
		g->low[g->call[t->ncall - 1]] = g->low[v];
	if (g->low[v] == g->own[v]) {
		uint32_t k = 1;

		while (g->stack[t->nstack - k] != v)
			k++;
		t->nstack -= k;
		component_make(g, g->stack + t->nstack, k);
	}
}

void graph_finish(struct graph *g)
{
	uint32_t n = g->n;
	struct visit t = { 0 };

	STORE_ROOM(g->canon, n, g->cap_canon);
	STORE_ROOM(g->low, n, g->cap_low);
	STORE_ROOM(g->own, n, g->cap_own);
	STORE_ROOM(g->next, n, g->cap_next);
	STORE_ROOM(g->stack, n, g->cap_stack);
	STORE_ROOM(g->call, n, g->cap_call);
	memset(g->low, 0xFF, n * sizeof *g->low);
	memset(g->canon, 0xFF, n * sizeof *g->canon);
	for (uint32_t root = 0; root < n; root++) {
		if (g->low[root] != NONE)
			continue;
		visit_enter(g, &t, root);
		while (t.ncall) {
			uint32_t v = g->call[t.ncall - 1], to, w;

			if (g->next[v] == g->first[v + 1]) {
				visit_leave(g, &t, v);
				continue;
			}
			to = g->arc[g->next[v]++].to;
			w = to & ~GRAPH_NEW;
			if (!(to & GRAPH_NEW) || g->canon[w] != NONE)
				continue;
			if (g->low[w] == NONE)
				visit_enter(g, &t, w);
			else if (g->low[w] < g->low[v])
				g->low[v] = g->low[w];
		}
	}
}
