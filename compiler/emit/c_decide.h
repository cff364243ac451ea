/* Writing one diagram as functions: of a capability, or of an element of a list. */
#ifndef KRUX_C_DECIDE_H
#define KRUX_C_DECIDE_H

#include "compiler/emit/c.h"
#include "compiler/emit/c_nodes.h"
#include "compiler/emit/c_origin.h"

struct c_writer {
	struct c_file *f;
	struct dd *m;
	const struct c_record *rec;          /* what `a` points to */
	const struct c_origins *origins;     /* NULL for elements */
	struct krux_str prefix;              /* of functions */
	struct c_nodes nodes;
	bool element;                        /* ends are states of a list's automaton */
	struct krux_str *fn;                 /* by mark, from 1 */
	const struct c_node *at;             /* whose function is being written */
	bool uses_args, uses_fact, uses_over;
};

/* Writes the functions of `root`; the name of the one to call. n 0: more nodes than are read as
 * code. */
struct krux_str c_functions(struct c_writer *, uint32_t root);
/* What C calls a variable that is no fact. */
struct krux_str c_value(struct c_writer *, const struct subject *);

/* Writes the functions of a LIST node; the call that says which of its children it is. */
struct krux_str c_list_call(struct c_writer *, const struct c_node *);

/* A short text of each class of a STRING node; n 0 where there is none worth showing. */
const struct krux_str *c_samples(struct arena *, const struct c_node *);

#endif
