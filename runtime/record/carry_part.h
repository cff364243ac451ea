/* How the state is held. Names that come again and again are kept once, so that what is counted is
 * found by the addresses of its names. */
#ifndef KRUX_CARRY_PART_H
#define KRUX_CARRY_PART_H

#include "runtime/record/carry.h"
#include "runtime/record/table.h"
#include "runtime/record/tree.h"

/* Beyond so many entries of one counter the two oldest become one, as late as the later of them:
 * memory is bounded, and nothing more is let through. */
enum { COUNTED_MOST = 1 << 18 };
enum { CARRY_LEAVES = 64 };

struct name {
	struct krux_str key;
	char text[];
};

struct place {
	struct krux_str key;                 /* the workspace */
	const struct name **label;           /* sorted */
	size_t nlabels;
};

struct calls {
	struct krux_str key;                 /* the bytes of `of` */
	struct {
		const struct place *place;
		const struct name *capability;
	} of;
	uint64_t n;
};

struct counted {
	struct krux_str key;                 /* the bytes of `of` */
	struct counted_of {
		const struct name *agent, *policy, *rule;
		uint64_t kind;
	} of;
	struct counted_entry {
		uint64_t when, amount;
	} *entry;                            /* a ring; room is a power of 2 */
	size_t first, n, room;
};

struct ticket {
	struct krux_str key;                 /* the leaf */
	struct carry_ticket t;
	char bytes[];
};

struct agent {
	struct krux_str key;
	struct carry_agent a;
};

struct nonce {
	struct krux_str key;
	uint8_t bytes[16];
};

struct carry {
	uint64_t next, latest, horizon, acknowledged;
	bool numbered;                       /* agents have places, which are kept from then on */
	struct agent_uids uids;
	const struct name *origin;
	bool has_bundle;
	uint8_t bundle[HASH_LEN];
	struct tree tree;
	uint8_t leaf[CARRY_LEAVES][HASH_LEN]; /* to be added to it; the first nadded have been, but for one */
	size_t nleaves, nadded;
	bool adding;                         /* that one: */
	unsigned level;
	uint8_t pair[2][HASH_LEN], above[HASH_LEN];
	struct table names, places, calls, counted, tickets, agents, nonces;
	struct intent_names {                /* of the last intent; they stay where they are */
		const struct name *agent, *capability;
		struct place *place;
		struct calls *calls;         /* NULL: there was none */
	} names_before;
	struct serial {
		const struct name *policy;
		uint64_t serial;
	} *serial;                           /* sorted */
	size_t nserials;
	struct carry_intent *intent;         /* by seq; the first so many have left */
	size_t first, nintents, intents_room;
	struct ticket **ticket;              /* by seq */
	size_t ntickets;
	struct agent **agent;                /* by name */
	size_t nagents;
	struct carry_key *key;               /* by seq */
	size_t nkeys;
	struct freeze {
		const struct name *agent;    /* empty: all */
		uint64_t seq;
	} *freeze;                           /* sorted */
	size_t nfreezes;
};

/* Each false or NULL where memory runs out. */
const struct name *name_keep(struct carry *, struct krux_str);
struct place *place_keep(struct carry *, struct krux_str workspace);
struct calls *calls_keep(struct carry *, const struct place *, const struct name *capability);
struct counted *counted_keep(struct carry *, const struct counted_of *);
bool counted_push(struct carry *, struct counted *, uint64_t when, uint64_t amount);
bool label_keep(struct carry *, struct place *, struct krux_str label);
bool serial_keep(struct carry *, struct krux_str policy, uint64_t serial);
/* Forgets all others. */
void serial_bind(struct carry *, struct krux_str policy);
bool intent_keep(struct carry *, const struct carry_intent *);
/* bytes are those of the deferred record r. */
bool ticket_keep(struct carry *, const struct record *r, struct krux_str bytes,
                 const uint8_t leaf[static HASH_LEN]);
bool accept_keep(struct ticket *, const struct carry_accept *, struct carry *);
bool agent_keep(struct carry *, const struct carry_agent *);
/* Gives places to all agents, as they were registered last: a log that is older than places knows no more. */
bool agents_number(struct carry *);
bool key_keep(struct carry *, const struct carry_key *);
bool freeze_keep(struct carry *, struct krux_str agent, uint64_t seq);
bool nonce_keep(struct carry *, const uint8_t nonce[static 16]);

void label_drop(struct place *, struct krux_str label);
void ticket_drop(struct carry *, struct ticket *);
void freeze_drop(struct carry *, struct krux_str agent);
bool intent_drop(struct carry *, uint64_t seq);
struct ticket *ticket_find(const struct carry *, const uint8_t leaf[static HASH_LEN]);

/* To the tree what of it waits to be added. */
void waiting_add(const struct carry *, struct tree *);

/* Does an entry of that moment still count for somebody. */
bool counted_kept(const struct carry *, uint64_t when);

#endif
