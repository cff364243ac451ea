/* The paths that the effects of one call name. */
#ifndef KRUX_OPERANDS_H
#define KRUX_OPERANDS_H

#include "capspec/schema.h"

struct operand {
	enum krux_effect_kind kind;
	bool tree;
	struct krux_str path;          /* canonical */
	struct krux_str field;         /* that holds it; n 0: a constant, or an element of a list */
};

/* In the order of the effects, in the pool; *n of them. NULL: out of memory. */
const struct operand *operands_find(struct krux_pool *, const struct krux_capability *, const struct krux_value *args,
                                    size_t *n);
/* It creates, writes or deletes. */
bool operand_changes(const struct operand *);
/* It names that path: itself, or with `tree` what is below it. */
bool operand_covers(const struct operand *, struct krux_str path);

#endif
