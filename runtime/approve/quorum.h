/* Signatures of approvers, held against what a ticket asks for. The gate asks before it releases a
 * call; the spawner asks again, and believes nobody. Pure: who may approve is given. */
#ifndef KRUX_QUORUM_H
#define KRUX_QUORUM_H

#include "capspec/key.h"

struct krux_err;

enum { TICKET_LEN = 32, QUORUM_SIGNERS = 64 };   /* signers of one ticket */

/* Domain of an approver's signature; the message is ticket || "accept" or "reject". */
#define APPROVE_DOMAIN "krux/approve/1"

/* Is this the signature of that key under that decision on that ticket. */
bool approve_signed(const struct krux_public_key *, const uint8_t ticket[static TICKET_LEN],
                    const char *decision, const uint8_t signature[static KRUX_SIGNATURE]);

/* Who may approve: all approvers of the trust folder, but never the agent itself. */
struct quorum {
	const struct krux_public_key *approver;
	size_t n;
	struct krux_str agent;         /* whose call it is */
	const uint8_t *agent_key;      /* of KRUX_KEY_PUBLIC bytes; NULL: it is not known by a key */
};

/* The approver of that name with that key; NULL: there is none. */
const struct krux_public_key *approver_find(const struct quorum *, struct krux_str name,
                                            const uint8_t key[static KRUX_KEY_PUBLIC]);
/* Is this approver the agent itself, by its name or by its key. */
bool approver_is_agent(const struct quorum *, const struct krux_public_key *);

/* The fields `approvals` of a deferred record and `signers` of an intent, as they are written: every
 * signer is an approver under the key that is trusted for that name, occurs once, has signed
 * "accept" on this ticket, and is not the agent; and together they satisfy every approval, of which
 * an empty list asks for anyone. Negative with *err saying which does not hold. */
int quorum_holds(const struct quorum *, const uint8_t ticket[static TICKET_LEN],
                 struct krux_str approvals, struct krux_str signers, struct krux_err *err);

#endif
