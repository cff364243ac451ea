/* Which rules grew a diagram beyond its limits. Inside compiler/dd only. */
#ifndef KRUX_DD_GROWTH_H
#define KRUX_DD_GROWTH_H

#include "compiler/dd/decision.h"

/* Where a rule matches: `agent` and `when`. */
uint32_t match_where(struct dd *, const struct rule *, const struct rule_cap *);

/* K9001. `meet` are the rules that were put together when the limit was met: of one rule, its
 * condition alone met it. */
void growth_report(struct diags *, const struct capability *, const struct meet *meet, size_t n, const char *limit);

#endif
