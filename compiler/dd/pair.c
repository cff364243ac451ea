/* States that tell two nodes apart. Such a state is kept as a boolean one, which says where it
 * leads to the one and where to the other, and the two nodes: so all folders below which the same
 * names matter share one automaton, whatever is decided there, and an operation that changes
 * both nodes does not walk it again. Its arcs are made when somebody asks for them.
 *
 * That is canonical: the lower node stands for FALSE, and a state of two nodes has no other form. */
#include "compiler/dd/pair.h"

#include <string.h>

#include "compiler/dd/apply.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"

enum { SETTLED = OP_SETTLED << 2, CONSTANT = OP_CONSTANT << 2 };

bool state_two(uint32_t s, struct two *out)
{
	const struct state *x = &store.state[s];

	if (x->boolean != NONE)
		*out = (struct two){ x->boolean, x->lo, x->hi };
	else
		*out = (struct two){ s, DD_FALSE, DD_TRUE };
	return x->boolean != NONE || x->two;
}

uint32_t state_settled(uint32_t s, uint32_t node)
{
	uint32_t settled = store.state[s].settled;

	return settled == node || settled == DD_IMPOSSIBLE ? s : state_exchange(s, settled, node, SETTLED, node);
}

/* Always FALSE. */
static uint32_t constant_of(uint32_t boolean)
{
	return state_exchange(boolean, DD_TRUE, DD_FALSE, CONSTANT, 0);
}

static uint32_t pair_make(uint32_t boolean, uint32_t lo, uint32_t hi)
{
	struct probe p = { 0 };
	const struct state *b;
	uint32_t id;

	p.hash = (uint32_t)(mix(mix(mix(3, boolean), lo), hi) >> 16);
	/* The states of one folder follow one another, and lead to one node. */
	p.near = hi * 128 + boolean * 2;
	while ((id = table_next(&store.pairs, &p)) != NONE)
		if (store.state[id].boolean == boolean && store.state[id].lo == lo && store.state[id].hi == hi)
			return id;
	if (store.nstates >= DD_STATE - 16u)
		store_stop("memory");
	STORE_ROOM(store.state, store.nstates + 1, store.cap_states);
	id = (uint32_t)store.nstates++;
	b = &store.state[boolean];
	store.state[id] = (struct state){
		.out = b->out == DD_FALSE ? lo : b->out == DD_TRUE ? hi : (uint32_t)DD_IMPOSSIBLE, .settled = NONE, .scc = id,
		.far = b->far, .sized = state_sized(lo) || state_sized(hi), .boolean = boolean, .lo = lo, .hi = hi,
	};
	table_add(&store.pairs, p.hash, p.near, id);
	return id;
}

uint32_t state_pair(uint32_t boolean, uint32_t lo, uint32_t hi)
{
	if (lo == hi)
		return state_settled(constant_of(boolean), lo);
	if (lo > hi) {
		boolean = product(&op_not, SIDE_STATE_NODE, boolean, DD_TRUE);
		return hi == DD_FALSE && lo == DD_TRUE ? boolean : pair_make(boolean, hi, lo);
	}
	return lo == DD_FALSE && hi == DD_TRUE ? boolean : pair_make(boolean, lo, hi);
}

static uint32_t arc_target(uint32_t to, uint32_t lo, uint32_t hi)
{
	uint32_t settled = store.state[to].settled;

	if (settled == NONE)
		return state_pair(to, lo, hi);
	return settled == DD_IMPOSSIBLE ? to : state_settled(to, settled == DD_FALSE ? lo : hi);
}

void pair_open(uint32_t s)
{
	uint32_t boolean = store.state[s].boolean, lo = store.state[s].lo, hi = store.state[s].hi,
	         from = store.state[boolean].first, n = store.state[boolean].n;
	struct arc *all = ARENA_ARRAY(scratch_open(), struct arc, n);

	for (uint32_t i = 0; i < n; i++)
		all[i] = (struct arc){ store.arc[from + i].hi, arc_target(store.arc[from + i].to, lo, hi) };
	steps_add(n);
	if (store.narcs + n >= NONE)
		store_stop("memory");
	STORE_ROOM(store.arc, store.narcs + n, store.cap_arcs);
	memcpy(store.arc + store.narcs, all, n * sizeof *all);
	store.state[s].first = (uint32_t)store.narcs;
	store.state[s].n = n;
	store.narcs += n;
	scratch_close();
}

void pairs_cut(uint32_t nstates, size_t narcs)
{
	table_cut(&store.pairs, nstates);
	for (uint32_t i = 0; i < nstates; i++)
		if (store.state[i].boolean != NONE && store.state[i].first >= narcs)
			store.state[i].first = store.state[i].n = 0;
}

/* ---- new components of two nodes ---- */

static bool out_add(uint32_t *lo, uint32_t *hi, uint32_t out)
{
	if (out == DD_IMPOSSIBLE || out == *lo || out == *hi)
		return true;
	if (*hi != DD_IMPOSSIBLE)
		return false;
	*(*lo != DD_IMPOSSIBLE ? hi : lo) = out;
	return true;
}

static bool state_outs_add(uint32_t *lo, uint32_t *hi, uint32_t s)
{
	struct two two;

	if (store.state[s].settled != NONE)
		return out_add(lo, hi, store.state[s].settled);
	return state_two(s, &two) && out_add(lo, hi, two.lo) && out_add(lo, hi, two.hi);
}

bool component_two(const struct graph *g, const uint32_t *members, uint32_t k, struct two *out)
{
	uint32_t lo = DD_IMPOSSIBLE, hi = DD_IMPOSSIBLE;

	for (uint32_t i = 0; i < k; i++) {
		uint32_t s = members[i];

		if (!out_add(&lo, &hi, g->out[s]))
			return false;
		for (uint32_t j = g->first[s]; j < g->first[s + 1]; j++) {
			uint32_t to = g->arc[j].to;

			if (to & GRAPH_NEW)
				to = g->canon[to & ~GRAPH_NEW];
			if (to != NONE && !state_outs_add(&lo, &hi, to))
				return false;
		}
	}
	if (hi == DD_IMPOSSIBLE)
		return false;
	*out = lo < hi ? (struct two){ NONE, lo, hi } : (struct two){ NONE, hi, lo };
	return true;
}

static uint32_t as_boolean(uint32_t s, const struct two *two)
{
	uint32_t settled = store.state[s].settled;

	if (settled == NONE)
		return store.state[s].boolean;
	return settled == DD_IMPOSSIBLE ? s : state_settled(s, settled == two->lo ? DD_FALSE : DD_TRUE);
}

void component_boolean(struct graph *g, const uint32_t *members, uint32_t k, const struct two *two)
{
	for (uint32_t i = 0; i < k; i++) {
		uint32_t s = members[i], out = g->out[s];

		g->out[s] = out == DD_IMPOSSIBLE ? (uint32_t)DD_IMPOSSIBLE : out == two->lo ? (uint32_t)DD_FALSE : (uint32_t)DD_TRUE;
		for (uint32_t j = g->first[s]; j < g->first[s + 1]; j++) {
			uint32_t to = g->arc[j].to;

			if (to & GRAPH_NEW)
				to = g->canon[to & ~GRAPH_NEW];
			if (to != NONE)
				g->arc[j].to = as_boolean(to, two);
		}
	}
}
