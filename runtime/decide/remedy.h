/* What to do about a refusal: for the agent that is told of it, and for the record. */
#ifndef KRUX_REMEDY_H
#define KRUX_REMEDY_H

#include "capspec/type.h"

#include <stdbool.h>

struct judgement;
struct krux_pool;

/* For a call that is blocked or waits for approval. tickets: there is somebody to take approvals.
 * Constant or from the pool; p NULL: no memory. */
struct krux_str remedy_text(struct krux_pool *, const struct judgement *, bool tickets);
/* That its rule's rate or budget is used up, and when there is room: one sentence. n 0: it is not. */
struct krux_str remedy_record(struct krux_pool *, const struct judgement *);
/* Ms until the call can pass; 0: that is no matter of waiting. */
uint64_t remedy_retry(const struct judgement *);

#endif
