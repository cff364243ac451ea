/* Answers to the queries of one policy about one agent, one workspace and one moment. What was asked is known
 * afterwards. */
#ifndef KRUX_FACTS_H
#define KRUX_FACTS_H

#include "capspec/krux_abi.h"
#include "capspec/value.h"

struct facts;
struct krux_err;
struct tally;
struct tally_agent;
struct tally_place;

/* Nothing has happened, and no time is known. Borrows abi. NULL: no memory. */
struct facts *facts_new(const struct krux_abi *abi);
void facts_free(struct facts *);

/* The moment, ns since 1970 UTC. Local time needs zone_set first. */
void facts_moment(struct facts *, uint64_t wall);
/* What the tally of a running gate counted answers, about one agent and workspace at a moment, and nothing has been
 * asked yet. Borrows all. */
void facts_begin(struct facts *, const struct tally *, struct tally_agent *,
                 const struct tally_place *, uint64_t wall);

/* Or only what a record says was read is known: the items of its field `facts`, or nothing. Once,
 * in place of all the above. Negative with *err: it is no such list of this policy's queries. */
int facts_given(struct facts *, struct krux_str list, struct krux_err *err);

/* Of a rule's rate and budget the one that has no room for a call; where both have none, the one that
 * has it later. */
struct facts_full {
	const struct krux_fact_def *def;   /* NULL: there is room, or without a tally it is not known */
	uint64_t amount;                   /* what the call adds to it */
	uint64_t wait;                     /* ns until there is room; UINT64_MAX: never for this call */
};

/* args say what the call adds to a budget; NULL: only the rate is looked at. */
struct facts_full facts_full(const struct facts *, struct krux_str policy, struct krux_str rule,
                             const struct krux_value *args);

/* Until the next begin: what is asked about has counted in rates and budgets already, and they are as if nothing had. */
void facts_counted(struct facts *);
/* A krux_fact_fn; ctx is the struct facts. */
bool facts_answer(void *ctx, uint32_t id, uint64_t *answer);
/* The same without remembering that it was asked. */
bool facts_quiet(void *ctx, uint32_t id, uint64_t *answer);
/* Was it asked. */
bool facts_asked(const struct facts *, uint32_t id);
/* All that was asked, in order; good until the next is. */
uint32_t facts_list(struct facts *, const uint32_t **ids);

#endif
