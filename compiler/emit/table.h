/* The decision table: the policy as people review it, one row a region. */
#ifndef KRUX_TABLE_H
#define KRUX_TABLE_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

/* One capability's rows, in the diagram's order; a K9002 beyond 65,536 of them. */
void table_write(struct buf *, struct diags *, const struct decisions *, struct dd *, uint32_t root,
                 const struct capability *);
/* The same as one JSON object. */
void table_json(struct buf *, struct diags *, const struct decisions *, struct dd *, uint32_t root,
                const struct capability *);

#endif
