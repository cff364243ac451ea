/* The facts of a running gate: what the queries of one policy answer about every agent and every
 * workspace. It is filled with what the log holds; an intent counts from the moment it is
 * submitted, so that nothing decided after it can miss it.
 *
 * Labels and counts of calls belong to the workspace, rates and budgets to the agent. */
#ifndef KRUX_TALLY_H
#define KRUX_TALLY_H

#include "capspec/krux_abi.h"
#include "capspec/value.h"

struct tally;
struct tally_agent;
struct tally_place;

/* Borrows abi. NULL: no memory. */
struct tally *tally_new(const struct krux_abi *);
void tally_free(struct tally *);

/* What is kept of an agent or a workspace, made where it is not there; good as long as the tally.
 * NULL: no memory. */
struct tally_agent *tally_agent(struct tally *, struct krux_str name);
struct tally_place *tally_place(struct tally *, struct krux_str workspace);
/* Is it there. */
bool tally_knows_agent(const struct tally *, struct krux_str name);
bool tally_knows_place(const struct tally *, struct krux_str workspace);

/* What happened, in any order. What no query asks for is passed over. */
void tally_label(struct tally *, struct tally_place *, struct krux_str label);
void tally_clear(struct tally *, struct tally_place *, struct krux_str label);
void tally_calls(struct tally *, struct tally_place *, struct krux_str capability, uint64_t n);
void tally_count(struct tally *, struct tally_agent *, enum krux_fact_kind, struct krux_str policy,
                 struct krux_str rule, uint64_t when, uint64_t amount);

/* One intent under way. amount[] has room for tally_amounts(). */
struct tally_claim {
	struct tally_agent *agent;
	struct tally_place *place;
	const struct krux_obligation *obligation;
	uint32_t cap;
	uint64_t *amount;              /* by counter of the obligation */
};
/* The most counters that an obligation of the policy has. */
uint32_t tally_amounts(const struct tally *);
/* Counts it, with what args add to each counter. */
void tally_submit(struct tally *, struct tally_claim *, const struct krux_value *args);
/* It is recorded at `when`. */
void tally_record(struct tally *, const struct tally_claim *, uint64_t when);
/* It was not recorded: nothing has happened. */
void tally_forget(struct tally *, const struct tally_claim *);

/* The answer to query `id`, of kind LABEL, CALLS, RATE or BUDGET; false for others. */
bool tally_answer(const struct tally *, struct tally_agent *, const struct tally_place *,
                  uint32_t id, uint64_t now, uint64_t *answer);
/* Ns until that rate or budget has room for `amount`; 0: it has, UINT64_MAX: it never will. */
uint64_t tally_wait(const struct tally *, struct tally_agent *, uint32_t id, uint64_t now,
                    uint64_t amount);

#endif
