/* Nodes: reduced, then found again or made. */
#include "compiler/dd/apply.h"

#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/length.h"

uint32_t node_add(struct var *v, uint32_t hash, const struct node *n)
{
	uint32_t id = (uint32_t)store.nnodes;

	if (v->m->nodes >= KRUX_MAX_NODES)
		store_stop("nodes");
	steps_add(STEPS_NODE);
	STORE_ROOM(store.node, store.nnodes + 1, store.cap_nodes);
	store.node[store.nnodes++] = *n;
	v->m->nodes++;
	table_add(&store.nodes, hash, hash, id);
	return NODE_FIRST + id;
}

/* ---- numbers ---- */

/* Merges neighbours in place, cutting sizes that nothing has; the number left. */
static uint32_t edges_reduce(struct var *v, struct dd_edge *edge, uint32_t n)
{
	struct var *of = v->of != NONE ? var_at(v->of) : NULL;
	const struct lengths *sizes = of ? var_lengths(of) : NULL;
	krux_u128 lo = v->pub.domain.lo;
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct dd_edge e = edge[i];

		if (sizes && !lengths_meet(of, sizes, (uint64_t)lo, (uint64_t)e.hi))
			e.to = DD_IMPOSSIBLE;
		lo = e.hi + 1;
		if (k && edge[k - 1].to == e.to)
			edge[k - 1].hi = e.hi;
		else
			edge[k++] = e;
	}
	return k;
}

uint32_t node_number(struct var *v, struct dd_edge *edge, uint32_t n)
{
	struct probe probe = { 0 };
	uint32_t only = DD_IMPOSSIBLE, id;
	uint64_t h = mix(DD_NUMBER, v->self);
	bool one = true;
	struct dd_edge *kept;

	n = edges_reduce(v, edge, n);
	for (uint32_t i = 0; i < n; i++) {
		if (edge[i].to != DD_IMPOSSIBLE) {
			one &= only == DD_IMPOSSIBLE || only == edge[i].to;
			only = edge[i].to;
		}
		h = mix(mix(mix(h, (uint64_t)edge[i].hi), (uint64_t)(edge[i].hi >> 64)), edge[i].to);
	}
	if (one)
		return only;
	probe.hash = probe.near = (uint32_t)(h >> 16);
	while ((id = table_next(&store.nodes, &probe)) != NONE) {
		const struct node *s = &store.node[id];

		if (s->kind != DD_NUMBER || s->var != v->self || s->n != n)
			continue;
		for (uint32_t i = 0; i <= n; i++) {
			if (i == n)
				return NODE_FIRST + id;
			if (s->edge[i].hi != edge[i].hi || s->edge[i].to != edge[i].to)
				break;
		}
	}
	kept = store_get(n * sizeof *kept);
	memcpy(kept, edge, n * sizeof *kept);
	return node_add(v, probe.hash, &(struct node){ .kind = DD_NUMBER, .var = v->self, .n = n, .edge = kept });
}

/* ---- strings ---- */

uint32_t node_string(struct var *v, uint32_t start)
{
	struct probe probe = { 0 };
	uint32_t id;

	if (store.state[start].settled != NONE)
		return store.state[start].settled;
	start = string_inhabit(v, start);
	if (store.state[start].sized && v->size != NONE)
		start = string_restrict(v, start);
	if (store.state[start].settled != NONE)
		return store.state[start].settled;
	probe.hash = probe.near = (uint32_t)(mix(mix(DD_STRING, v->self), start) >> 16);
	while ((id = table_next(&store.nodes, &probe)) != NONE)
		if (store.node[id].kind == DD_STRING && store.node[id].var == v->self && store.node[id].n == start)
			return NODE_FIRST + id;
	return node_add(v, probe.hash, &(struct node){ .kind = DD_STRING, .var = v->self, .n = start });
}
