/* What a node leads to. Inside compiler/dd only. */
#ifndef KRUX_DD_CHILDREN_H
#define KRUX_DD_CHILDREN_H

#include "compiler/dd/apply.h"

/* Distinct, without impossible, in the order in which values first lead there. */
struct children {
	uint32_t *to;
	size_t n, cap;
};
void node_children(struct arena *, uint32_t node, struct children *);
/* TRUE for values that lead to `to`, FALSE for others. */
uint32_t node_class(uint32_t node, uint32_t to);
/* The node with to[i] for children->to[i]. */
uint32_t node_replace(struct arena *, uint32_t node, const struct children *, const uint32_t *to);
/* Where the arguments lead from a node that tests one of them; IMPOSSIBLE where they lack it. */
uint32_t node_follow(struct dd *, uint32_t node, const struct krux_value *args);

/* project.c: dd_project. Needs a guard. */
uint32_t diagram_project(struct arena *, uint32_t f, uint32_t var);
/* substitute.c: dd_substitute and dd_given. They need a guard. */
uint32_t diagram_substitute(struct dd *, struct arena *, uint32_t f, uint32_t field, const struct krux_value *);
uint32_t field_given(struct dd *, uint32_t field);

#endif
