/* The state that follows from the records: all that must be known to go on. carry_add is the one
 * place that says what a record means for what comes after it. The recorder holds it, writes it at
 * the head of each segment and hands it to gates, which keep it up with the news; verify derives it
 * again. Its encoding is `state` of capspec/audit.cddl. */
#ifndef KRUX_CARRY_H
#define KRUX_CARRY_H

#include "runtime/base/uids.h"
#include "runtime/record/record.h"

struct carry;
struct krux_err;

/* As before record 0. NULL: no memory. */
struct carry *carry_new(void);
void carry_free(struct carry *);

enum carry_result {
	CARRY_OK,
	CARRY_MEMORY,          /* no memory: what was held is no more to be relied on */
	/* The record does not follow from those before; nothing was changed. */
	CARRY_UNREADABLE,      /* a list in it is not what it is for */
	CARRY_INTENT,          /* about an intent that is not open */
	CARRY_TICKET,          /* the ticket does not wait */
	CARRY_NONCE,           /* an operator's act that was done before */
	CARRY_RUNS_AS,         /* not the uid that its agent's calls run as */
};
/* One more record and its leaf; bytes are its own. A gate may leave out kinds that carry_takes
 * denies. */
enum carry_result carry_add(struct carry *, const struct record *, struct krux_str bytes,
                            const uint8_t leaf[static HASH_LEN]);
/* What carry_add would say of it. */
enum carry_result carry_try(const struct carry *, const struct record *);
const char *carry_result_text(enum carry_result);
/* Do records of this kind change more than number and time. */
bool carry_takes(uint64_t kind);

/* Deterministic bytes; the caller frees them. NULL: no memory. */
uint8_t *carry_encode(const struct carry *, size_t *n);
/* Takes only what carry_encode writes. NULL with *why. */
struct carry *carry_decode(struct krux_str, const char **why);

/* ---- what it knows; what is pointed at is good until the next carry_add ---- */

uint64_t carry_next(const struct carry *);         /* seq of the next record */
uint64_t carry_latest(const struct carry *);       /* greatest wall of all records */
uint64_t carry_horizon(const struct carry *);      /* ns: what was counted is kept that long */
struct krux_str carry_origin(const struct carry *);
const uint8_t *carry_bundle(const struct carry *); /* digest of the one that decides; NULL: none */
/* The serial that a bundle of this policy id must at least have. False: the id is not known. */
bool carry_serial(const struct carry *, struct krux_str policy, uint64_t *serial);
/* May a bundle of this policy id and serial come next: the first binds the log to its id and raises the serial,
 * what else shall be takes an operator's `rollback` before. Not for development bundles, which bind nothing. */
int carry_bundle_check(const struct carry *, struct krux_str policy, uint64_t serial, struct krux_err *err);
/* The loss of records below this number is known to an operator; 0: there was none. */
uint64_t carry_acknowledged(const struct carry *);

/* Intents without an end, by seq. */
struct carry_intent {
	uint64_t seq;
	struct krux_str agent, workspace, capability;
};
size_t carry_intents(const struct carry *);
const struct carry_intent *carry_intent(const struct carry *, size_t i);
const struct carry_intent *carry_intent_find(const struct carry *, uint64_t seq);

/* Tickets that wait, by seq. */
struct carry_accept {
	struct krux_str name;                      /* of an approver */
	uint8_t key[32], signature[64];
};
struct carry_ticket {
	uint8_t leaf[HASH_LEN];                    /* by this it is called */
	uint64_t seq, wall, mono, ttl;
	uint64_t expires;                          /* wall */
	uint8_t boot[16];
	struct krux_str bytes;                     /* the deferred record */
	struct krux_str agent, workspace, capability;
	const struct carry_accept *accept;         /* in the order in which they were signed */
	size_t naccepts;
};
size_t carry_tickets(const struct carry *);
const struct carry_ticket *carry_ticket(const struct carry *, size_t i);
const struct carry_ticket *carry_ticket_find(const struct carry *, const uint8_t leaf[static HASH_LEN]);
/* Is its time over: by the clock of the day, or by that since boot while the boot is the same. */
bool carry_ticket_over(const struct carry_ticket *, uint64_t wall, uint64_t mono,
                       const uint8_t boot[static 16]);

/* Registered agents, by name. */
struct carry_agent {
	struct krux_str name, workspace;
	enum audit_auth auth;
	uint8_t proof[HASH_LEN];                   /* KEY: public key, TOKEN: hash */
	uint64_t uid;                              /* PEER */
	bool revoked;
	uint64_t seq;                              /* of the record that says so */
	uint64_t place;                            /* among all agents, by when they were first registered; it keeps it */
};
size_t carry_agents(const struct carry *);
const struct carry_agent *carry_agent(const struct carry *, size_t i);
const struct carry_agent *carry_agent_find(const struct carry *, struct krux_str name);

/* What calls run as since the writer's last start; count 0: as their workspace's owner. */
struct agent_uids carry_uids(const struct carry *);
/* What calls of that agent run as, who is known in that way; AGENT_UID_NONE: there are none, or none for it. */
uint32_t carry_runs_as(const struct carry *, struct krux_str agent, enum audit_auth);
/* Does this intent say so. */
bool carry_runs_as_follows(const struct carry *, const struct record *intent);
/* What an intent says; AGENT_UID_NONE: nothing. */
uint32_t record_runs_as(const struct record *intent);

/* Keys that the log has seen trusted, in the order of the records. */
struct carry_key {
	uint64_t seq, revoked;                     /* seq of either record; revoked 0: it is not */
	uint8_t key[32];
	struct krux_str role, name;
};
size_t carry_keys(const struct carry *);
const struct carry_key *carry_key(const struct carry *, size_t i);
/* Has an operator taken this key back for the role, and not given it again since. */
bool carry_key_revoked(const struct carry *, struct krux_str role, const uint8_t key[static 32]);

/* Is this agent held, or all are. Agent n 0: are all. */
bool carry_frozen(const struct carry *, struct krux_str agent);
size_t carry_freezes(const struct carry *);
struct krux_str carry_freeze(const struct carry *, size_t i);   /* n 0: all */

/* What happened in a workspace: labels set, and calls by capability. Return false to stop. */
typedef bool carry_label_fn(void *ctx, struct krux_str label);
void carry_labels(const struct carry *, struct krux_str workspace, carry_label_fn *, void *ctx);
typedef bool carry_calls_fn(void *ctx, struct krux_str capability, uint64_t n);
void carry_calls(const struct carry *, struct krux_str workspace, carry_calls_fn *, void *ctx);
uint64_t carry_calls_of(const struct carry *, struct krux_str workspace, struct krux_str capability);
bool carry_has_label(const struct carry *, struct krux_str workspace, struct krux_str label);

/* What an agent's intents counted in rates and budgets, in the order of the records. */
typedef bool carry_counted_fn(void *ctx, uint64_t kind, struct krux_str policy, struct krux_str rule,
                              uint64_t when, uint64_t amount);
void carry_counted(const struct carry *, struct krux_str agent, carry_counted_fn *, void *ctx);
/* The sum of what counts in (now - per, now], and whatever is later than now; it stops at 2^64-1.
 * *oldest: when the first of it was, UINT64_MAX: there is none. per 0: all that is kept. */
uint64_t carry_sum(const struct carry *, struct krux_str agent, uint64_t kind, struct krux_str policy,
                   struct krux_str rule, uint64_t now, uint64_t per, uint64_t *oldest);

/* ---- for the log ---- */

/* The Merkle tree over the leaves, which only the log keeps up, with carry_leaf for each record: carry_add
 * leaves it alone. */
struct tree;
struct tree *carry_tree(struct carry *);
void carry_leaf(struct carry *, const uint8_t leaf[static HASH_LEN]);
/* record_leaf of a record that may be the next one, and beside it some of the tree that is still to do, which
 * takes no longer. */
void carry_hash(struct carry *, struct krux_str record, uint8_t leaf[static HASH_LEN]);

/* Would this bundle record ask for older entries than are kept; then they are counted again
 * from the first record on: carry_recount, then carry_recount_add with each, then carry_add. */
bool carry_widens(const struct carry *, const struct record *bundle);
void carry_recount(struct carry *, uint64_t horizon);
enum carry_result carry_recount_add(struct carry *, const struct record *);

#endif
