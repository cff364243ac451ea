/* The registry: who an agent is, how it proves that, how much it may ask. All of it follows from
 * records; a change of an agent's record ends the sessions that were opened under the old one. */
#include "runtime/gate/gate_part.h"

#include "runtime/base/err.h"
#include "runtime/base/reach.h"
#include "runtime/record/carry.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second = 1000000000;

struct agent *agent_find(const struct gate *g, struct krux_str name)
{
	for (struct agent *a = g->agents; a; a = a->next)
		if (krux_str_eq((struct krux_str){ a->name, strlen(a->name) }, name))
			return a;
	return NULL;
}

/* ---- from records ---- */

struct filling {
	struct gate *gate;
	struct tally_agent *agent;
	struct tally_place *place;
};

static bool label_fill(void *ctx, struct krux_str label)
{
	struct filling *f = ctx;

	tally_label(f->gate->tally, f->place, label);
	return true;
}

static bool calls_fill(void *ctx, struct krux_str capability, uint64_t n)
{
	struct filling *f = ctx;

	tally_calls(f->gate->tally, f->place, capability, n);
	return true;
}

static bool counted_fill(void *ctx, uint64_t kind, struct krux_str policy, struct krux_str rule,
                         uint64_t when, uint64_t amount)
{
	struct filling *f = ctx;

	if (kind <= KRUX_FACT_BUDGET)
		tally_count(f->gate->tally, f->agent, (enum krux_fact_kind)kind, policy, rule,
		            when, amount);
	return true;
}

/* What carry knows of it is what happened before this gate knew the agent or the workspace. */
static bool facts_fill(struct gate *g, struct agent *a, const struct carry_agent *c)
{
	struct filling f = { .gate = g };
	bool agent_new = !tally_knows_agent(g->tally, c->name),
	     place_new = !tally_knows_place(g->tally, c->workspace);

	f.agent = a->counted = tally_agent(g->tally, c->name);
	f.place = a->place = tally_place(g->tally, c->workspace);
	if (!f.agent || !f.place)
		return false;
	if (agent_new)
		carry_counted(g->carry, c->name, counted_fill, &f);
	if (place_new) {
		carry_labels(g->carry, c->workspace, label_fill, &f);
		carry_calls(g->carry, c->workspace, calls_fill, &f);
	}
	return true;
}

static bool agent_set(struct gate *g, struct agent *a, const struct carry_agent *c)
{
	char *workspace = strndup(c->workspace.p, c->workspace.n);

	if (!workspace)
		return false;
	free(a->workspace);
	a->workspace = workspace;
	a->auth = c->auth;
	memcpy(a->proof, c->proof, sizeof a->proof);
	a->uid = c->uid;
	a->runs_as = carry_runs_as(g->carry, c->name, c->auth);
	a->revoked = c->revoked;
	a->seq = c->seq;
	a->frozen = carry_frozen(g->carry, c->name);
	return facts_fill(g, a, c);
}

static struct agent *agent_add(struct gate *g, const struct carry_agent *c)
{
	struct agent *a;

	if (!c->name.n || c->name.n >= sizeof a->name)
		return NULL;
	a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	memcpy(a->name, c->name.p, c->name.n);
	if (!agent_set(g, a, c)) {
		free(a->workspace);
		free(a);
		return NULL;
	}
	a->next = g->agents;
	g->agents = a;
	return a;
}

/* The places of the daemon may be others than when an agent was added. The spawner refuses its calls. */
static void reach_say(const struct gate *g)
{
	struct krux_err err = { 0 };

	for (const struct agent *a = g->agents; a; a = a->next)
		if (!a->revoked && reach_check(g->options.places, a->workspace, &err))
			fprintf(stderr, "kruxrt gate: calls of agent %s are refused: %s\n", a->name, err.text);
}

/* Who is served alone is who it says, whatever an agent of that name is registered for. */
static bool agent_claim(struct gate *g)
{
	const struct gate_run_options *o = &g->options;
	const struct carry_agent c = { .name = { o->agent, strlen(o->agent) }, .auth = AUDIT_AUTH_CLAIMED,
		                       .workspace = { o->workspace, strlen(o->workspace) } };
	struct agent *a = agent_find(g, c.name);

	return a ? agent_set(g, a, &c) : agent_add(g, &c) != NULL;
}

int agents_fill(struct gate *g, struct krux_err *err)
{
	for (size_t i = 0; i < carry_agents(g->carry); i++)
		if (!agent_add(g, carry_agent(g->carry, i)))
			return err_set(err, ENOMEM, "know the agents");
	if (g->options.agent && !agent_claim(g))
		return err_set(err, ENOMEM, "know the agent");
	agents_freeze(g);
	reach_say(g);
	return 0;
}

int agents_change(struct gate *g, struct krux_str name, struct krux_err *err)
{
	const struct carry_agent *c = carry_agent_find(g->carry, name);
	struct agent *a = agent_find(g, name);

	if (!c)
		return 0;
	if (!a)
		return agent_add(g, c) ? 0 : err_set(err, ENOMEM, "know an agent");
	if (a->seq == c->seq)
		return 0;
	server_expel(g, a, FRAME_ERROR_REVOKED,
	             c->revoked ? "the agent has been taken out"
	                        : "the agent has been registered anew; connect again");
	if (!agent_set(g, a, c))
		return err_set(err, ENOMEM, "know an agent");
	/* What was asked for under the old registration does not go on under none, nor under another. */
	calls_revoke(g, a);
	tickets_revoke(g, a);
	return 0;
}

void agents_freeze(struct gate *g)
{
	g->frozen = carry_frozen(g->carry, (struct krux_str){ "", 0 });
	for (struct agent *a = g->agents; a; a = a->next)
		a->frozen = carry_frozen(g->carry, (struct krux_str){ a->name, strlen(a->name) });
}

void agents_free(struct gate *g)
{
	struct agent *a;

	while ((a = g->agents)) {
		g->agents = a->next;
		ended_close(a);
		free(a->workspace);
		free(a);
	}
}

/* ---- proofs ---- */

bool agent_token_holds(const struct agent *a, struct krux_str token)
{
	static const char domain[] = FRAME_DOMAIN_TOKEN;
	crypto_hash_sha256_state s;
	uint8_t hash[32];

	crypto_hash_sha256_init(&s);
	crypto_hash_sha256_update(&s, (const uint8_t *)domain, sizeof domain);
	crypto_hash_sha256_update(&s, (const uint8_t *)token.p, token.n);
	crypto_hash_sha256_final(&s, hash);
	return a->auth == AUDIT_AUTH_TOKEN && !sodium_memcmp(hash, a->proof, sizeof hash);
}

bool agent_key_holds(const struct agent *a, const uint8_t nonce[static 32],
                     const uint8_t signature[static 64])
{
	struct krux_public_key key = { .dev = false };
	char message[32 + sizeof a->name];
	size_t n = strlen(a->name);

	memcpy(message, nonce, 32);
	memcpy(message + 32, a->name, n);
	memcpy(key.key, a->proof, sizeof key.key);
	return a->auth == AUDIT_AUTH_KEY &&
	       krux_key_verify(&key, FRAME_DOMAIN_HELLO, (struct krux_str){ message, 32 + n },
	                       signature);
}

/* ---- how much ---- */

/* Each request is paid for by time: one a second's share of the limit, and a second's worth may
 * be owed. */
uint64_t agent_charge(struct gate *g, struct agent *a)
{
	uint64_t now = g->loop.now, price = second / (g->limits.requests ? g->limits.requests : 1);

	if (a->due < now)
		a->due = now;
	if (a->due - now > second - price)
		return a->due - now - (second - price);
	a->due += price;
	return 0;
}
