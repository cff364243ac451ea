/* A rule that would allow what a ticket asks, as text to be put into a policy, read, built and
 * signed by people. It grants nothing. */
#ifndef KRUX_PROPOSE_H
#define KRUX_PROPOSE_H

#include "capspec/schema.h"

struct propose {
	const uint8_t *ticket;         /* 32 bytes */
	struct krux_str agent, rule;   /* rule: the one that asks, "policy/rule" */
	const struct krux_capability *cap;
	const struct krux_value *args; /* canonical */
};

/* Lines of a unified diff. It holds for exactly this agent, capability and arguments; where an
 * argument cannot be compared, the rule says so in a comment and allows nothing. n 0: no memory. */
struct krux_str propose_text(struct krux_pool *, const struct propose *);

#endif
