/* Who may say what: signatures against the trust folder, tickets against the state. */
#include "runtime/record/recorder_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/carry.h"
#include "runtime/record/sign.h"

#include <string.h>

bool key_revoked(const struct recorder *r, enum trust_role role, const uint8_t key[static SIGN_KEY])
{
	const char *word = trust_role_word(role);

	return carry_key_revoked(log_carry(r->log), (struct krux_str){ word, strlen(word) }, key);
}

/* The trust folder is read for each act: what is taken out of it counts at once. What an operator has taken back does
 * not count though it lies there. */
static bool is_trusted(struct recorder *r, enum trust_role role, const struct signer *s)
{
	CLEAN_POOL struct krux_pool *pool = krux_pool_new(0);
	struct krux_public_key *key;
	struct krux_err err;
	size_t n;

	if (!pool || key_revoked(r, role, s->key) || trust_read(r->options->trust, role, pool, &key, &n, &err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!memcmp(key[i].key, s->key, SIGN_KEY) && s->name.n == strlen(key[i].name) &&
		    !memcmp(key[i].name, s->name.p, s->name.n))
			return true;
	return false;
}

bool act_holds(struct recorder *r, const struct record *act)
{
	struct signer s;
	size_t n = 0;

	while (signer_at(act, n, &s)) {
		if (!is_trusted(r, TRUST_OPERATOR, &s) || !signer_holds_act(&s, act))
			return false;
		n++;
	}
	return n > 0;
}

bool decision_holds(struct recorder *r, const struct record *d)
{
	const uint8_t *leaf = (const uint8_t *)d->field[AUDIT_TICKET].s.p;
	struct signer s = { d->field[AUDIT_NAME].s, (const uint8_t *)d->field[AUDIT_KEY].s.p,
		            (const uint8_t *)d->field[AUDIT_SIGNATURE].s.p };
	const struct carry_ticket *t = carry_ticket_find(log_carry(r->log), leaf);
	const struct carry_agent *a = t ? carry_agent_find(log_carry(r->log), t->agent) : NULL;
	bool accepts = d->field[AUDIT_ACTION].s.p[0] == 'a';

	/* Nobody approves what it asks for itself. */
	if (!t || krux_str_eq(t->agent, s.name) ||
	    (a && a->auth == AUDIT_AUTH_KEY && !memcmp(a->proof, s.key, SIGN_KEY)))
		return false;
	return is_trusted(r, TRUST_APPROVER, &s) &&
	       signer_holds_decision(&s, leaf, accepts ? "accept" : "reject");
}

static bool same(const struct record *a, const struct record *b, enum audit_field f)
{
	return record_has(a, f) == record_has(b, f) &&
	       (!record_has(a, f) || krux_str_eq(a->field[f].s, b->field[f].s));
}

static bool is_accepted(const struct carry_ticket *t, const struct signer *s)
{
	for (size_t i = 0; i < t->naccepts; i++)
		if (krux_str_eq(t->accept[i].name, s->name) && !memcmp(t->accept[i].key, s->key, SIGN_KEY) &&
		    !memcmp(t->accept[i].signature, s->signature, SIGN_LEN))
			return true;
	return false;
}

bool ticket_fits(struct recorder *r, const struct record *intent)
{
	static const enum audit_field fields[] = { AUDIT_AGENT, AUDIT_WORKSPACE, AUDIT_CAPABILITY,
		                                   AUDIT_VERSION, AUDIT_ARGS, AUDIT_ARGS_BLOB };
	const struct carry_ticket *t =
		carry_ticket_find(log_carry(r->log), (const uint8_t *)intent->field[AUDIT_TICKET].s.p);
	const struct carry_agent *a = carry_agent_find(log_carry(r->log), intent->field[AUDIT_AGENT].s);
	struct record deferred;
	struct signer s;
	const char *why;
	size_t used;

	if (!t || carry_ticket_over(t, log_wall(), log_mono(), log_boot(r->log)) ||
	    !record_decode((const uint8_t *)t->bytes.p, t->bytes.n, &deferred, &used, &why))
		return false;
	/* Asked for under a registration that holds no longer. */
	if (a && t->seq < a->seq)
		return false;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (!same(intent, &deferred, fields[i]))
			return false;
	for (size_t i = 0; signer_at(intent, i, &s); i++)
		if (!is_accepted(t, &s) || key_revoked(r, TRUST_APPROVER, s.key))
			return false;
	return true;
}
