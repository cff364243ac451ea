/* Lists of a record to yes or no. Everything about a signer is checked before it counts. */
#include "runtime/approve/quorum.h"

#include "capspec/item.h"
#include "runtime/base/err.h"

#include <string.h>

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

bool approve_signed(const struct krux_public_key *key, const uint8_t ticket[static TICKET_LEN],
                    const char *decision, const uint8_t signature[static KRUX_SIGNATURE])
{
	char message[TICKET_LEN + 16];
	size_t n = strlen(decision);

	if (n > sizeof message - TICKET_LEN)
		return false;
	memcpy(message, ticket, TICKET_LEN);
	memcpy(message + TICKET_LEN, decision, n);
	return krux_key_verify(key, APPROVE_DOMAIN, (struct krux_str){ message, TICKET_LEN + n },
	                       signature);
}

const struct krux_public_key *approver_find(const struct quorum *q, struct krux_str name,
                                            const uint8_t key[static KRUX_KEY_PUBLIC])
{
	for (size_t i = 0; i < q->n; i++)
		if (krux_str_eq(str(q->approver[i].name), name) &&
		    !memcmp(q->approver[i].key, key, KRUX_KEY_PUBLIC))
			return &q->approver[i];
	return NULL;
}

bool approver_is_agent(const struct quorum *q, const struct krux_public_key *who)
{
	return krux_str_eq(q->agent, str(who->name)) ||
	       (q->agent_key && !memcmp(q->agent_key, who->key, KRUX_KEY_PUBLIC));
}

/* ---- who signed ---- */

struct signed_by {
	const struct krux_public_key *who[QUORUM_SIGNERS];
	size_t n;
};

struct signer {
	struct krux_str name, key, signature;
};

static bool signer_take(struct item_in *in, struct signer *s)
{
	uint64_t three;

	return item_take(in, ITEM_LIST, &three) && three == 3 &&
	       item_take_str(in, ITEM_TEXT, &s->name) && item_take_str(in, ITEM_BYTES, &s->key) &&
	       s->key.n == KRUX_KEY_PUBLIC && item_take_str(in, ITEM_BYTES, &s->signature) &&
	       s->signature.n == KRUX_SIGNATURE;
}

static int signer_add(const struct quorum *q, const uint8_t *ticket, const struct signer *signer,
                      struct signed_by *s, struct krux_err *err)
{
	const struct krux_public_key *who =
		approver_find(q, signer->name, (const uint8_t *)signer->key.p);

	if (!who)
		return err_set(err, 0, "a signer is no registered approver");
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->who[i]->name, who->name) ||
		    !memcmp(s->who[i]->key, who->key, KRUX_KEY_PUBLIC))
			return err_set(err, 0, "an approver has signed twice");
	if (approver_is_agent(q, who))
		return err_set(err, 0, "an agent has approved its own call");
	if (!approve_signed(who, ticket, "accept", (const uint8_t *)signer->signature.p))
		return err_set(err, 0, "a signature does not hold");
	if (s->n == QUORUM_SIGNERS)
		return err_set(err, 0, "there are more signers than a ticket takes");
	s->who[s->n++] = who;
	return 0;
}

/* ---- are they enough ---- */

/* How many of the signers one approval counts: those on its list of names, all if it is empty. */
static bool approval_count(struct item_in *in, const struct signed_by *s, uint64_t *count)
{
	bool counted[QUORUM_SIGNERS] = { false };
	struct krux_str name;
	uint64_t nfrom;

	if (!item_take(in, ITEM_LIST, &nfrom))
		return false;
	for (uint64_t i = 0; i < nfrom; i++) {
		if (!item_take_str(in, ITEM_TEXT, &name))
			return false;
		for (size_t k = 0; k < s->n; k++)
			counted[k] |= krux_str_eq(name, str(s->who[k]->name));
	}
	*count = 0;
	for (size_t k = 0; k < s->n; k++)
		*count += counted[k] || !nfrom;
	return true;
}

static struct item_in item_open(struct krux_str s)
{
	return (struct item_in){ (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
}

static int approvals_met(struct krux_str approvals, const struct signed_by *s, struct krux_err *err)
{
	struct item_in in = item_open(approvals);
	uint64_t n, two, quorum, count;

	if (!item_take(&in, ITEM_LIST, &n))
		return err_set(err, 0, "the approvals that a ticket asks for cannot be read");
	for (uint64_t i = 0; i < n; i++) {
		if (!item_take(&in, ITEM_LIST, &two) || two != 2 ||
		    !item_take(&in, ITEM_UINT, &quorum) || !approval_count(&in, s, &count))
			return err_set(err, 0,
			               "the approvals that a ticket asks for cannot be read");
		if (count < (quorum ? quorum : 1))
			return err_set(err, 0, "not enough of those who may have accepted it");
	}
	if (in.p != in.end)
		return err_set(err, 0, "the approvals that a ticket asks for cannot be read");
	return s->n ? 0 : err_set(err, 0, "nobody has accepted it");
}

int quorum_holds(const struct quorum *q, const uint8_t ticket[static TICKET_LEN],
                 struct krux_str approvals, struct krux_str signers, struct krux_err *err)
{
	struct item_in in = item_open(signers);
	struct signed_by s = { .n = 0 };
	struct signer signer;
	uint64_t n;

	if (!item_take(&in, ITEM_LIST, &n))
		return err_set(err, 0, "the signers cannot be read");
	for (uint64_t i = 0; i < n; i++) {
		if (!signer_take(&in, &signer))
			return err_set(err, 0, "the signers cannot be read");
		if (signer_add(q, ticket, &signer, &s, err))
			return -1;
	}
	if (in.p != in.end)
		return err_set(err, 0, "the signers cannot be read");
	return approvals_met(approvals, &s, err);
}
