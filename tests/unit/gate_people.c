/* Acts of operators: keys that are given a role, agents that are registered. */
#include "tests/unit/gate_world.h"

#include "capspec/digest.h"
#include "capspec/item.h"

#include <sodium.h>
#include <stdio.h>

/* With a signature that nobody here looks at. */
static void act_append(struct record *r)
{
	uint8_t nonce[16], signers[256], signature[64] = { 0 };
	struct item_out o = { signers, sizeof signers, 0 };

	randombytes_buf(nonce, sizeof nonce);
	record_bytes(r, AUDIT_NONCE, nonce, 16);
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, "operator");
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)world.prev, 32 });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (char *)signature, 64 });
	record_str(r, AUDIT_SIGNERS, (struct krux_str){ (char *)signers, o.n });
	world_append(r);
}

void world_key(const char *role, const struct krux_secret_key *key, const char *action)
{
	struct krux_public_key public;
	struct record r = { 0 };

	krux_key_public(key, &public);
	record_set(&r, AUDIT_KIND, AUDIT_KIND_KEY);
	record_text(&r, AUDIT_ROLE, role);
	record_text(&r, AUDIT_NAME, public.name);
	record_bytes(&r, AUDIT_KEY, public.key, sizeof public.key);
	record_text(&r, AUDIT_ACTION, action);
	act_append(&r);
}

static void agent_append(struct record *r, const char *name, const char *action)
{
	record_set(r, AUDIT_KIND, AUDIT_KIND_AGENT);
	record_text(r, AUDIT_NAME, name);
	record_text(r, AUDIT_ACTION, action);
	act_append(r);
}

void world_agent(const char *name, enum audit_auth auth, const uint8_t *proof, uint64_t uid)
{
	struct record r = { 0 };
	char workspace[128];

	snprintf(workspace, sizeof workspace, "/srv/%s", name);
	record_text(&r, AUDIT_WORKSPACE, workspace);
	record_set(&r, AUDIT_AUTH, auth);
	if (auth == AUDIT_AUTH_KEY)
		record_bytes(&r, AUDIT_KEY, proof, 32);
	if (auth == AUDIT_AUTH_TOKEN)
		record_bytes(&r, AUDIT_TOKEN, proof, 32);
	if (auth == AUDIT_AUTH_PEER)
		record_set(&r, AUDIT_UID, uid);
	agent_append(&r, name, "add");
}

void world_revoke(const char *name)
{
	agent_append(&(struct record){ 0 }, name, "revoke");
}

void world_register(const char *name)
{
	char secret[64];
	uint8_t hash[32];
	struct krux_str part[2] = { { FRAME_DOMAIN_TOKEN, sizeof FRAME_DOMAIN_TOKEN }, { secret, 0 } };

	part[1].n = (size_t)snprintf(secret, sizeof secret, "%s-token", name);
	krux_sha256_parts(part, 2, hash);
	world_agent(name, AUDIT_AUTH_TOKEN, hash, 0);
}
