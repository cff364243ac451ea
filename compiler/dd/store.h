/* What all managers share. Inside compiler/dd only.
 *
 * A state of a string automaton is a number, and equal numbers are equal functions from the
 * rest of a string to a node: so automata share their ends, applies stop where nothing is left
 * to tell apart, and what one capability has worked out serves the next. All of it is freed
 * with the last manager, and rolled back when the newest one runs into a limit. */
#ifndef KRUX_DD_STORE_H
#define KRUX_DD_STORE_H

#include <setjmp.h>

#include "compiler/dd/dd.h"

#define NONE UINT32_MAX              /* no state, no node, no variable */
enum {
	NODE_FIRST = 1 << 24,            /* smaller nodes are the terminals of that value */
	HOLE = NODE_FIRST - 1,           /* a terminal that no caller sees */
	LAST_SCALAR = 0x10FFFF,
	DEAD = 0,                        /* the state from which everything is impossible */
	MOST_WORK = 1 << 25,             /* of a manager, in states of graphs */
	MOST_TRIED = 1 << 20,            /* of an attempt */
	TRIED_STEPS = 1 << 24,           /* of an attempt, which takes half of what is left at most, */
	TRIED_LEAST = 1 << 15,           /* but may always take this */
	ALL_TRIED = 1 << 25,             /* of all attempts; twice this with those that may always */
	STEPS_NODE = 16, STEPS_APPLY = 4,/* what takes longer than to look at an arc */
};

struct state {
	uint32_t out;
	uint32_t first, n;               /* arcs, up to LAST_SCALAR, neighbours with different targets */
	uint32_t settled;                /* the one node that everything from here leads to, or NONE;
	                                    DD_IMPOSSIBLE: nothing is possible */
	uint32_t scc;                    /* first state of its component, whose states are in a row */
	uint32_t far;                    /* bytes within which every state is reached from here, at most */
	bool sized;                      /* leads to a node of a size */
	bool two;                        /* leads to FALSE and to TRUE, and to nothing else */
	uint32_t boolean, lo, hi;        /* of pairs (pair.h), whose arcs may not be there yet; else NONE */
};

struct node {
	uint8_t kind;
	uint32_t var;                    /* in store.var */
	uint32_t n;                      /* edges; STRING: the first state */
	const struct dd_edge *edge;
	const struct dd_automaton *list;
	struct dd_node *view;            /* made by dd_get, gone with dd_views_drop */
};

/* Hashes to numbers; several entries may have one hash. */
struct table {
	struct slot { uint32_t hash, near, id; } *slot;   /* id NONE: free */
	uint32_t cap, used;
};

struct memo {
	uint32_t op, a, b, result;
};

/* Memory that goes in the order it came. */
struct pile {
	struct pile_block *head;
};

struct guard {
	jmp_buf escape;
	struct guard *outer;
	struct dd *m;
	uint32_t ngraphs;
	size_t nedges, nscratch;
	unsigned depth;
};

/* How much there was of everything. */
struct mark {
	uint32_t nstates, nnodes, nvars, ndomains, nlanguages;
	size_t narcs, bytes;
	struct pile_block *block;
	size_t used;
};

struct store {
	size_t bytes;                    /* allocated here */
	struct state *state;
	struct arc *arc;
	struct node *node;
	struct var **var;
	size_t nstates, narcs, nnodes, nvars;
	size_t cap_states, cap_arcs, cap_nodes, cap_vars;
	struct table plain, looped, components, pairs, nodes, languages;
	struct memo *memo;               /* of states and of nodes, told apart by op */
	uint32_t cap_memo;
	uint32_t next_op;
	struct pile pile;                /* edges, lists, keys of languages */
	struct arena *views;             /* NULL: no node has one */
	uint32_t *viewed;                /* the nodes that may have one */
	size_t nviewed, cap_viewed;
	struct language *language;
	size_t nlanguages, cap_languages;
	struct domain **domain;
	size_t ndomains, cap_domains;
	struct graph **graph;            /* those in use first */
	uint32_t ngraphs, graphs_made;
	size_t cap_graphs;
	struct dd_edge *edge;            /* a stack */
	size_t nedges, cap_edges;
	unsigned depth;                  /* of applies */
	struct guard *guard;
	struct dd *newest;
	unsigned nmanagers;
	uint64_t steps, most_steps;      /* of all managers but those aside, see steps_add */
	uint64_t tried;                  /* those of attempts, which are not among them */
};
extern struct store store;

static inline uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9E3779B97F4A7C15u;
	return h ^ h >> 32;
}

static inline bool is_terminal(uint32_t node)
{
	return node < NODE_FIRST || node >= DD_STATE;
}

/* Grows *array to hold n items; stops at the limit of memory. */
void *store_room(void *array, size_t n, size_t *cap, size_t size);
#define STORE_ROOM(arr, want, cap) \
	((size_t)(want) <= (cap) ? (void)0 : (void)((arr) = store_room((arr), (want), &(cap), sizeof *(arr))))
void *store_get(size_t n);                         /* from the pile, not cleared */

/* A limit was hit: back to the guard, `what` into dd_overflow. */
_Noreturn void store_stop(const char *what);
/* n states, arcs or edges more were looked at, for the manager at work; stops at its limit, and at that
 * of all. */
void steps_add(uint64_t n);
extern const char steps_spent[];     /* what dd_overflow then is */
/* Runs fn; 0 where it was stopped, or the manager had been before. */
typedef uint32_t guarded_fn(struct dd *, void *args);
uint32_t store_guard(struct dd *, guarded_fn *, void *args);

void store_join(struct dd *);                      /* a manager is born, and dies */
void store_leave(struct dd *);

/* Entries of one hash, one after the other: p->n starts as 0; NONE: no more. `near` says what is
 * looked up at about the same time, and keeps that together in memory; it goes with the hash. */
struct probe {
	uint32_t hash, near, n;
};
uint32_t table_next(const struct table *, struct probe *p);
void table_add(struct table *, uint32_t hash, uint32_t near, uint32_t id);
void table_cut(struct table *, uint32_t first);    /* without the ids from there on */

/* NONE: not known any more. */
uint32_t memo_get(uint32_t op, uint32_t a, uint32_t b);
void memo_put(uint32_t op, uint32_t a, uint32_t b, uint32_t result);

#endif
