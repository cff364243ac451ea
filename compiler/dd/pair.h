/* States that tell two nodes apart, kept as a boolean state and the nodes. Inside compiler/dd
 * only. */
#ifndef KRUX_DD_PAIR_H
#define KRUX_DD_PAIR_H

#include "compiler/dd/store.h"

struct graph;

/* lo where the boolean state leads to FALSE, hi where to TRUE; of a boolean state, those two. */
struct two {
	uint32_t boolean, lo, hi;
};
/* False: it is settled, or tells more than two nodes apart. */
bool state_two(uint32_t state, struct two *);
/* Of a boolean state and two nodes, none of them impossible, in any order. */
uint32_t state_pair(uint32_t boolean, uint32_t lo, uint32_t hi);
/* A settled state with another node. */
uint32_t state_settled(uint32_t state, uint32_t node);

/* Makes the arcs of a pair. */
void pair_open(uint32_t state);
/* A state whose arcs are going to be read; moves with the next state that is made. */
static inline const struct state *state_at(uint32_t state)
{
	if (!store.state[state].n)
		pair_open(state);
	return &store.state[state];
}

/* What was opened after the mark is closed again. */
void pairs_cut(uint32_t nstates, size_t narcs);

/* Does a component tell just two nodes apart: lo and hi, sorted. */
bool component_two(const struct graph *, const uint32_t *members, uint32_t k, struct two *);
/* Then it becomes boolean, before it is made. */
void component_boolean(struct graph *, const uint32_t *members, uint32_t k, const struct two *);

#endif
