/* The decision table: the policy as people review it, one row a region. */
#ifndef KRUX_TABLE_H
#define KRUX_TABLE_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

/* Of all capabilities, after the names of long sets; m and root by capability. A K9002 where one
 * has more rows than LANG.md 8 says. */
void tables_write(struct buf *, struct diags *, const struct decisions *, struct dd *const *m, const uint32_t *root,
                  const struct capability_set *);
/* The same as JSON: `{"define":{...},"tables":[...]}`. What is blocked has rows too. */
void tables_json(struct buf *, struct diags *, const struct decisions *, struct dd *const *m, const uint32_t *root,
                 const struct capability_set *);
/* Would tables_write find all tables short enough; the same K9002 where not. */
bool tables_fit(struct diags *, const struct decisions *, struct dd *const *m, const uint32_t *root,
                const struct capability_set *);

#endif
