/* The state to facts. */
#include "runtime/record/history.h"

#include "runtime/decide/facts.h"
#include "runtime/record/carry.h"

static bool label_fill(void *ctx, struct krux_str label)
{
	facts_label(ctx, label);
	return true;
}

static bool calls_fill(void *ctx, struct krux_str capability, uint64_t n)
{
	facts_calls(ctx, capability, n);
	return true;
}

static bool counted_fill(void *ctx, uint64_t kind, struct krux_str policy, struct krux_str rule,
                         uint64_t when, uint64_t amount)
{
	if (kind <= KRUX_FACT_BUDGET)
		facts_count(ctx, (enum krux_fact_kind)kind, policy, rule, when, amount);
	return true;
}

void history_fill(struct facts *facts, const struct carry *c, struct krux_str agent,
                  struct krux_str workspace, uint64_t wall)
{
	facts_moment(facts, wall);
	carry_labels(c, workspace, label_fill, facts);
	carry_calls(c, workspace, calls_fill, facts);
	carry_counted(c, agent, counted_fill, facts);
}
