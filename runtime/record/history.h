/* What the log says about one agent and one workspace, as facts for the policy of a single call. */
#ifndef KRUX_HISTORY_H
#define KRUX_HISTORY_H

#include "capspec/value.h"

struct carry;
struct facts;

/* At this moment: labels and calls of the workspace, rates and budgets of the agent. */
void history_fill(struct facts *, const struct carry *, struct krux_str agent,
                  struct krux_str workspace, uint64_t wall);

#endif
