/* The state, asked. */
#include "runtime/record/carry_part.h"

#include "runtime/base/err.h"

#include <string.h>

uint64_t carry_next(const struct carry *c)
{
	return c->next;
}

uint64_t carry_latest(const struct carry *c)
{
	return c->latest;
}

uint64_t carry_horizon(const struct carry *c)
{
	return c->horizon;
}

uint64_t carry_acknowledged(const struct carry *c)
{
	return c->acknowledged;
}

struct krux_str carry_origin(const struct carry *c)
{
	return c->origin->key;
}

const uint8_t *carry_bundle(const struct carry *c)
{
	return c->has_bundle ? c->bundle : NULL;
}

bool carry_serial(const struct carry *c, struct krux_str policy, uint64_t *serial)
{
	for (size_t i = 0; i < c->nserials; i++)
		if (krux_str_eq(c->serial[i].policy->key, policy)) {
			*serial = c->serial[i].serial;
			return true;
		}
	return false;
}

int carry_bundle_check(const struct carry *c, struct krux_str policy, uint64_t serial, struct krux_err *err)
{
	struct krux_str bound;
	uint64_t least;

	if (!c->nserials)
		return 0;
	if (!carry_serial(c, policy, &least)) {
		bound = c->serial[0].policy->key;
		return err_set(err, 0, "policy %.*s is another than %.*s, to which the state is bound; loading it takes "
		               "an operator: kruxrt reload BUNDLE --operator KEY --reason TEXT", (int)policy.n, policy.p, (int)bound.n, bound.p);
	}
	if (serial < least)
		return err_set(err, 0, "serial %llu is older than %llu, which was loaded before; going back takes an operator: "
		               "kruxrt reload BUNDLE --operator KEY --reason TEXT", (unsigned long long)serial, (unsigned long long)least);
	return 0;
}

size_t carry_intents(const struct carry *c)
{
	return c->nintents - c->first;
}

const struct carry_intent *carry_intent(const struct carry *c, size_t i)
{
	return &c->intent[c->first + i];
}

size_t carry_tickets(const struct carry *c)
{
	return c->ntickets;
}

const struct carry_ticket *carry_ticket(const struct carry *c, size_t i)
{
	return &c->ticket[i]->t;
}

const struct carry_ticket *carry_ticket_find(const struct carry *c, const uint8_t leaf[static HASH_LEN])
{
	const struct ticket *t = ticket_find(c, leaf);

	return t ? &t->t : NULL;
}

bool carry_ticket_over(const struct carry_ticket *t, uint64_t wall, uint64_t mono,
                       const uint8_t boot[static 16])
{
	return wall >= t->expires ||
	       (!memcmp(boot, t->boot, sizeof t->boot) && mono >= t->mono && mono - t->mono >= t->ttl);
}

size_t carry_agents(const struct carry *c)
{
	return c->nagents;
}

const struct carry_agent *carry_agent(const struct carry *c, size_t i)
{
	return &c->agent[i]->a;
}

const struct carry_agent *carry_agent_find(const struct carry *c, struct krux_str name)
{
	const struct agent *a = table_find(&c->agents, name);

	return a ? &a->a : NULL;
}

struct agent_uids carry_uids(const struct carry *c)
{
	return c->uids;
}

uint32_t carry_runs_as(const struct carry *c, struct krux_str agent, enum audit_auth auth)
{
	const struct carry_agent *a;

	if (auth == AUDIT_AUTH_CLAIMED)
		return agent_uid_alone(&c->uids);
	a = carry_agent_find(c, agent);
	return a ? agent_uid(&c->uids, a->place) : AGENT_UID_NONE;
}

size_t carry_keys(const struct carry *c)
{
	return c->nkeys;
}

const struct carry_key *carry_key(const struct carry *c, size_t i)
{
	return &c->key[i];
}

bool carry_key_revoked(const struct carry *c, struct krux_str role, const uint8_t key[static 32])
{
	for (size_t i = c->nkeys; i--;)
		if (krux_str_eq(c->key[i].role, role) && !memcmp(c->key[i].key, key, sizeof c->key[i].key))
			return c->key[i].revoked;
	return false;
}

bool carry_frozen(const struct carry *c, struct krux_str agent)
{
	for (size_t i = 0; i < c->nfreezes; i++)
		if (!c->freeze[i].agent->key.n || krux_str_eq(c->freeze[i].agent->key, agent))
			return true;
	return false;
}

size_t carry_freezes(const struct carry *c)
{
	return c->nfreezes;
}

struct krux_str carry_freeze(const struct carry *c, size_t i)
{
	return c->freeze[i].agent->key;
}

void carry_labels(const struct carry *c, struct krux_str workspace, carry_label_fn *each, void *ctx)
{
	const struct place *p = table_find(&c->places, workspace);

	for (size_t i = 0; p && i < p->nlabels; i++)
		if (!each(ctx, p->label[i]->key))
			return;
}

bool carry_has_label(const struct carry *c, struct krux_str workspace, struct krux_str label)
{
	const struct place *p = table_find(&c->places, workspace);

	for (size_t i = 0; p && i < p->nlabels; i++)
		if (krux_str_eq(p->label[i]->key, label))
			return true;
	return false;
}

void carry_calls(const struct carry *c, struct krux_str workspace, carry_calls_fn *each, void *ctx)
{
	const struct place *p = table_find(&c->places, workspace);
	const struct calls *k;
	size_t at = 0;

	while (p && (k = table_each(&c->calls, &at)))
		if (k->of.place == p && !each(ctx, k->of.capability->key, k->n))
			return;
}

uint64_t carry_calls_of(const struct carry *c, struct krux_str workspace, struct krux_str capability)
{
	struct calls probe = { .of = { table_find(&c->places, workspace), table_find(&c->names, capability) } };
	const struct calls *k = NULL;

	if (probe.of.place && probe.of.capability)
		k = table_find(&c->calls, (struct krux_str){ (char *)&probe.of, sizeof probe.of });
	return k ? k->n : 0;
}

static const struct counted_entry *entry_at(const struct counted *k, size_t i)
{
	return &k->entry[(k->first + i) & (k->room - 1)];
}

void carry_counted(const struct carry *c, struct krux_str agent, carry_counted_fn *each, void *ctx)
{
	const struct name *name = table_find(&c->names, agent);
	const struct counted *k;
	size_t at = 0;

	while (name && (k = table_each(&c->counted, &at)))
		for (size_t i = 0; k->of.agent == name && i < k->n; i++) {
			const struct counted_entry *e = entry_at(k, i);

			if (counted_kept(c, e->when) &&
			    !each(ctx, k->of.kind, k->of.policy->key, k->of.rule->key, e->when, e->amount))
				return;
		}
}

uint64_t carry_sum(const struct carry *c, struct krux_str agent, uint64_t kind, struct krux_str policy,
                   struct krux_str rule, uint64_t now, uint64_t per, uint64_t *oldest)
{
	struct counted_of of = { table_find(&c->names, agent), table_find(&c->names, policy),
		                 table_find(&c->names, rule), kind };
	const struct counted *k = NULL;
	uint64_t sum = 0;

	*oldest = UINT64_MAX;
	if (of.agent && of.policy && of.rule)
		k = table_find(&c->counted, (struct krux_str){ (char *)&of, sizeof of });
	for (size_t i = 0; k && i < k->n; i++) {
		const struct counted_entry *e = entry_at(k, i);

		if (!counted_kept(c, e->when) || (per && now > per && e->when <= now - per))
			continue;
		if (__builtin_add_overflow(sum, e->amount, &sum))
			sum = UINT64_MAX;
		if (e->when < *oldest)
			*oldest = e->when;
	}
	return sum;
}
