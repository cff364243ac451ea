/* What stood in the way of a call: for `kruxc eval --explain`. */
#ifndef KRUX_NEAREST_H
#define KRUX_NEAREST_H

#include "compiler/base/buf.h"
#include "compiler/plan/evaluate.h"

/* Writes the clauses that failed in the nearest rule that would have allowed more, and the
 * smallest change of the request (fewest variables) that would change its verdict. */
void nearest_write(struct buf *, struct arena *, const struct decisions *, struct dd *m, uint32_t root,
                   const struct build *, const struct capability *, const struct dd_request *,
                   const struct evaluation *);

#endif
