/* The decision table: the policy as people review it, one row a region. */
#ifndef KRUX_TABLE_H
#define KRUX_TABLE_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

/* Of all capabilities, after the names of long sets; m and root by capability. A K9002 where one
 * has more than 65,536 rows. */
void tables_write(struct buf *, struct diags *, const struct decisions *, struct dd *const *m, const uint32_t *root,
                  const struct capability_set *);
/* The same as a JSON list, without names. */
void tables_json(struct buf *, struct diags *, const struct decisions *, struct dd *const *m, const uint32_t *root,
                 const struct capability_set *);
/* One capability's, as a JSON object. */
void table_json(struct buf *, struct diags *, const struct decisions *, struct dd *, uint32_t root,
                const struct capability *);

#endif
