/* Which rules grew a diagram beyond its limits. Inside compiler/dd only. */
#ifndef KRUX_DD_GROWTH_H
#define KRUX_DD_GROWTH_H

#include "compiler/dd/decision.h"

/* Where a rule matches: `agent` and `when`. */
uint32_t match_where(struct dd *, const struct rule *, const struct rule_cap *);

/* Rules that are left out: rule[from[index of the policy] + index of the rule]. */
struct without {
	bool *rule;
	const size_t *from;
};
/* decide_build's diagram of the other rules. */
uint32_t decide_without(struct decisions *, struct dd *, const struct build *, const struct capability *,
                        const struct without *);

/* K9001: the diagram of a capability needs more of something than there is. */
void growth_report(struct diags *, struct decisions *, const struct build *, const struct capability *, const char *limit);

#endif
