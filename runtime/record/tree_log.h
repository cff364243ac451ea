/* Nodes of the tree out of the records themselves, for when there are no tiles. */
#ifndef KRUX_TREE_LOG_H
#define KRUX_TREE_LOG_H

#include "runtime/record/tree.h"

struct krux_err;

/* Makes something out of nodes; called twice: first to learn which nodes it asks for, whose hashes are
 * then zeros, and again when all records were read. */
typedef int tree_make_fn(void *ctx, tree_node_fn *, void *nodes, struct krux_err *err);
/* Reads the first `size` records of the log. Negative with *err. */
int tree_from_log(int log, uint64_t size, tree_make_fn *make, void *ctx, struct krux_err *err);

#endif
