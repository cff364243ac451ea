/* Who holds a call to what it may do: kernel, parent or handler, in words. */
#ifndef KRUX_SANDBOX_PLAN_H
#define KRUX_SANDBOX_PLAN_H

#include "compiler/plan/reach.h"

/* Text of sandbox/NAME@VERSION.plan, with the words that the reach was found with. */
void sandbox_plan_write(struct buf *, const struct reach *, const struct words *);
/* Text of sandbox/common.txt: what holds for every plan, and the names in those that were found with
 * these words. */
void sandbox_common_write(struct buf *, const struct words *);

#endif
