/* Operations on diagrams: nodes by recursion, automata by products. Inside compiler/dd only. */
#ifndef KRUX_DD_APPLY_H
#define KRUX_DD_APPLY_H

#include "compiler/dd/manager.h"

enum op_kind {
	OP_AND = 1,      /* b where a is TRUE, else FALSE */
	OP_FIRST,        /* a where it is not FALSE, else b; so `or` */
	OP_MASK,         /* b where a is TRUE, else HOLE */
	OP_FILL,         /* a where it is no HOLE, else b */
	OP_DIFFER,       /* TRUE where a and b differ, else FALSE */
	OP_NOT,          /* b does not matter */
	OP_SETTLED,      /* keys of pair.c, no operations */
	OP_CONSTANT,
	OP_CALL,         /* fn; values may be those of STATE terminals */
	OP_OWN,          /* the first key of a CALL */
};

struct op {
	enum op_kind kind;
	uint32_t key;                /* of the memory of results */
	unsigned laws;               /* of CALL */
	dd_op *fn;
	void *ctx;
};

extern const struct op op_and, op_first, op_mask, op_fill, op_differ, op_not;

/* A key that nobody has used. */
uint32_t op_key(void);

/* Of a constant terminal on one side: the constant result, or: */
enum { SIDE_OPEN = -1, SIDE_OTHER = -2 };    /* it depends; the other side */
int64_t op_left(const struct op *, uint32_t a);
int64_t op_right(const struct op *, uint32_t b);

/* All below need a guard. */
uint32_t apply(const struct op *, uint32_t a, uint32_t b);
uint32_t ite(uint32_t c, uint32_t t, uint32_t e);

/* The product of two states, or of a state and the same node everywhere (product.c). */
enum side { SIDE_BOTH, SIDE_STATE_NODE, SIDE_NODE_STATE };
uint32_t product(const struct op *, enum side, uint32_t x, uint32_t y);
/* TRUE where the output is `out`, else FALSE. */
uint32_t state_class(uint32_t start, uint32_t out);
uint32_t state_class_not(uint32_t start, uint32_t out);
/* Where the output is `from`, `to` instead; kept by key and b in the memory, as its states are. */
uint32_t state_exchange(uint32_t start, uint32_t from, uint32_t to, uint32_t key, uint32_t b);
/* Where the output is from[i], to[i] instead; from is sorted. */
uint32_t state_replace(uint32_t start, const uint32_t *from, const uint32_t *to, size_t n);

/* ---- node.c ---- */
/* Edges from the lowest value of the variable to its highest; reduced in place. */
uint32_t node_number(struct var *, struct dd_edge *, uint32_t n);
uint32_t node_string(struct var *, uint32_t start);
/* Found again by what only the caller can compare. */
uint32_t node_add(struct var *, uint32_t hash, const struct node *);
/* An automaton over elements with outputs and elements, states in any order. */
uint32_t node_list(struct var *, const struct dd_state *, uint32_t n);
static inline const struct node *node_at(uint32_t node)
{
	return &store.node[node - NODE_FIRST];
}
/* Of a node that is no terminal. */
static inline struct var *node_var(uint32_t node)
{
	return var_at(node_at(node)->var);
}

/* ---- list.c ---- */
uint32_t list_apply(const struct op *, struct var *, uint32_t a, uint32_t b);
/* Some element is in `element`, a diagram over elements of v to TRUE and FALSE. */
uint32_t list_any(struct var *v, uint32_t element);
/* Has the element of a list any value at all. */
bool element_possible(struct var *v);
/* Have all required fields. */
bool request_possible(struct dd *);

/* ---- tree.c ---- */
/* f, in which the path at an open place is endless, with it replaced by itself and everything below
 * it, combined by op. Closes the place. */
uint32_t tree(const struct op *, struct dd *, struct place *, uint32_t f);
/* Some path at or below that of v is in `element`, a diagram over the variables of what lies
 * there. */
uint32_t tree_any(struct var *v, uint32_t element);

#endif
