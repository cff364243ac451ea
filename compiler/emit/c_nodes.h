/* The nodes of one diagram in the order in which C needs them: children first. */
#ifndef KRUX_C_NODES_H
#define KRUX_C_NODES_H

#include "compiler/emit/c_text.h"

struct c_case {                  /* NUMBER: from the previous hi + 1 to hi */
	krux_u128 hi;
	uint32_t child;          /* index into child[] */
};

struct c_node {
	uint32_t node;
	const struct dd_node *dd;
	const struct dd_var *var;
	uint32_t *child;         /* distinct, never IMPOSSIBLE; terminals first, by rank; of a LIST
	                            in the order of its states */
	uint32_t nchildren;
	uint32_t *class;         /* STRING, LIST: per state, index into child[] or C_ANY */
	struct c_case *edge;     /* NUMBER: merged */
	uint32_t nedges;
	uint32_t uses;           /* by different nodes */
	uint32_t mark;           /* for the emitter at hand */
};

struct c_nodes {
	struct c_node *list;     /* children before parents; the root last; no terminals */
	uint32_t n;
	uint32_t *slot;          /* by node number, to index + 1 */
	size_t nslots;
	size_t cap;
	struct arena *a;
	struct dd *m;
};

/* Order of terminals among the children of a node: equal policies get equal numbers. */
typedef uint32_t c_rank_fn(void *ctx, uint32_t value);

/* Stops with false after `most` nodes. */
bool c_nodes_make(struct c_nodes *, struct arena *, struct dd *, uint32_t root, uint32_t most, c_rank_fn *,
                  void *ctx);
/* NULL for terminals. */
struct c_node *c_node_of(const struct c_nodes *, uint32_t node);

#endif
