/* Answers to the queries of one policy about one agent, one workspace and one moment. They are
 * filled from the log, then asked, and what was asked is known afterwards. */
#ifndef KRUX_FACTS_H
#define KRUX_FACTS_H

#include "capspec/krux_abi.h"
#include "capspec/value.h"

struct facts;

/* Nothing has happened, and no time is known. Borrows abi. NULL: no memory. */
struct facts *facts_new(const struct krux_abi *abi);
void facts_free(struct facts *);

/* The moment, ns since 1970 UTC: before anything is counted. Local time needs zone_set first. */
void facts_moment(struct facts *, uint64_t wall);
/* What happened, in any order: a label was set, a capability was called (without version), an
 * intent counted `amount` at `when` in the rate or budget of a rule. What no query asks for is
 * passed over. Sums stop at 2^64-1. */
void facts_label(struct facts *, struct krux_str label);
void facts_call(struct facts *, struct krux_str capability);
void facts_count(struct facts *, enum krux_fact_kind, struct krux_str policy, struct krux_str rule,
                 uint64_t when, uint64_t amount);

/* Where the rate of that rule is used up: ns until the oldest intent that counts leaves its window.
 * 0: it is not used up. */
uint64_t facts_wait(const struct facts *, struct krux_str policy, struct krux_str rule);

/* A krux_fact_fn; ctx is the struct facts. */
bool facts_answer(void *ctx, uint32_t id, uint64_t *answer);
/* The same without remembering that it was asked. */
bool facts_quiet(void *ctx, uint32_t id, uint64_t *answer);
/* Was it asked. */
bool facts_asked(const struct facts *, uint32_t id);

#endif
