/* States being made: a graph of states that stand for pairs of something, turned into
 * canonical states of the store. Inside compiler/dd only. */
#ifndef KRUX_DD_GRAPH_H
#define KRUX_DD_GRAPH_H

#include "compiler/dd/store.h"

#define ROOM_FREE(arr, cap) (store.bytes -= (cap) * sizeof *(arr), free(arr), (arr) = NULL, (cap) = 0)

#define GRAPH_NEW 0x80000000u        /* of an arc's target: a state of this graph */

struct graph {
	uint32_t n;
	uint32_t *a, *b;                 /* what each stands for */
	uint32_t *out;
	uint32_t *first;                 /* arcs of state i: first[i] to first[i + 1] */
	struct arc *arc;
	uint32_t narcs;
	uint32_t *canon;                 /* the state it became */
	uint32_t *slot, nslots;          /* pairs to states */
	uint32_t open;                   /* the state whose arcs are being written */
	struct refine *refine;
	uint32_t *low, *own, *stack, *call, *next;
	size_t cap_a, cap_b, cap_out, cap_first, cap_arcs, cap_canon, cap_slots, cap_low, cap_own, cap_stack,
		cap_call, cap_next;
};

/* Graphs are used as a stack: begin and end pair up. */
struct graph *graph_begin(void);
void graph_end(struct graph *);
/* The state for (a, b), with GRAPH_NEW set. States are written in the order they come:
 *     for (i = 0; i < g->n; i++) { graph_out(g, i, out); graph_arc(g, hi, to) ...; } */
uint32_t graph_state(struct graph *, uint32_t a, uint32_t b);
void graph_out(struct graph *, uint32_t i, uint32_t out);
void graph_arc(struct graph *, uint32_t hi, uint32_t to);
/* Fills canon. */
void graph_finish(struct graph *);

void graphs_release(uint32_t n);     /* keeps the first n */
void graphs_free(void);

/* ---- component.c: states of one strongly connected component to canonical ones ---- */

/* The canonical state with these arcs (canonical, merged) that is in no loop. */
uint32_t state_plain(uint32_t out, const struct arc *, uint32_t n);
/* Does a node look at a size. */
bool state_sized(uint32_t node);
/* The state DEAD, where it is not there yet. */
void state_dead_make(void);
/* members[k]: states of g whose arcs lead to one another or to states with a canon. Sets theirs. */
void component_make(struct graph *, const uint32_t *members, uint32_t k);

/* ---- refine.c: which states of a component are equal ---- */

struct refine {
	uint32_t nblocks;
	uint32_t *block;                 /* of each state of the graph */
	/* Of each block: a state, and its arcs, merged; targets are canonical, or GRAPH_NEW + block. */
	uint32_t *some, *first;
	struct arc *arc;
	/* Of states of the graph: number and place among the members, signature, whether it has to
	 * be looked at again, the next one of its group. */
	uint32_t *local, *pos, *chain;
	uint64_t *sig;
	uint8_t *is_dirty;
	/* Of members: themselves by block; predecessors by number; those to be looked at. */
	uint32_t *elem, *pred_first, *pred, *dirty, *moved;
	/* Of blocks: their part of elem, their groups. */
	uint32_t *start, *len, *groups;
	/* Of groups: block, first member, how many, next of the block. */
	struct group { uint32_t block, head, count, next; } *group;
	uint32_t *slot, *touched;
	uint64_t *work;                  /* of component.c */
	size_t cap_work, cap_block, cap_some, cap_first, cap_arcs, cap_local, cap_pos, cap_chain, cap_sig, cap_is_dirty,
		cap_elem, cap_pred_first, cap_pred, cap_dirty, cap_moved, cap_start, cap_len, cap_groups,
		cap_group, cap_slot, cap_touched;
	uint32_t ndirty, nmoved, ngroups, ntouched;
	uint64_t seed;
};

void refine_blocks(struct graph *, const uint32_t *members, uint32_t k);
void refine_free(struct refine *);

#endif
