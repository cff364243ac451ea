/* What each kind of record means for the state. First it is seen whether the record follows from
 * what is held, then it is done, so that a refusal changes nothing. */
#include "runtime/record/carry_part.h"

#include "capspec/item.h"

#include <string.h>

static struct item_in open_item(struct krux_str s)
{
	return (struct item_in){ (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
}

static bool action_is(const struct record *r, const char *word)
{
	struct krux_str s = r->field[AUDIT_ACTION].s;

	return record_has(r, AUDIT_ACTION) && s.n == strlen(word) && !memcmp(s.p, word, s.n);
}

static const uint8_t *ticket_of(const struct record *r)
{
	return (const uint8_t *)r->field[AUDIT_TICKET].s.p;
}

static struct nonce *nonce_find(const struct carry *c, const struct record *r)
{
	return table_find(&c->nonces, r->field[AUDIT_NONCE].s);
}

bool carry_takes(uint64_t kind)
{
	switch (kind) {
	case AUDIT_KIND_DENIED:          /* voids a ticket that it names */
	case AUDIT_KIND_INTENT:
	case AUDIT_KIND_OUTCOME:
	case AUDIT_KIND_UNKNOWN:
	case AUDIT_KIND_DEFERRED:
	case AUDIT_KIND_SIGNED:
	case AUDIT_KIND_EXPIRED:
	case AUDIT_KIND_STALE:
	case AUDIT_KIND_WITHDRAWN:
	case AUDIT_KIND_ORIGIN:
	case AUDIT_KIND_BUNDLE:
	case AUDIT_KIND_AGENT:
	case AUDIT_KIND_KEY:
	case AUDIT_KIND_FREEZE:
	case AUDIT_KIND_CLEAR:
	case AUDIT_KIND_ROLLBACK:
	case AUDIT_KIND_ACKNOWLEDGED:
	case AUDIT_KIND_START:
		return true;
	default:
		return false;
	}
}

const char *carry_result_text(enum carry_result r)
{
	static const char *const text[] = {
		[CARRY_OK] = "it follows from the records before",
		[CARRY_MEMORY] = "there is no memory for it",
		[CARRY_UNREADABLE] = "a list in it is not what it is for",
		[CARRY_INTENT] = "it is about an intent that does not wait for an outcome",
		[CARRY_TICKET] = "its ticket does not wait",
		[CARRY_NONCE] = "this act was done before",
		[CARRY_RUNS_AS] = "it runs as another uid than its agent's calls do",
	};

	return text[r];
}

/* ---- does it follow ---- */

static bool texts_read(struct krux_str list)
{
	struct item_in in = open_item(list);
	const char *schema = "[t]";

	return item_check(&in, &schema) && in.p == in.end;
}

/* Numbers of the field; false: it has more than fit. */
static bool runs_as_read(const struct record *r, uint32_t *number, size_t n)
{
	struct item_in in = open_item(r->field[AUDIT_RUNS_AS].s);
	uint64_t members, v;

	if (!item_take(&in, ITEM_LIST, &members) || members != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!item_take(&in, ITEM_UINT, &v) || v >= AGENT_UID_NONE)
			return false;
		number[i] = (uint32_t)v;
	}
	return true;
}

uint32_t record_runs_as(const struct record *r)
{
	uint32_t uid;

	return record_has(r, AUDIT_RUNS_AS) && runs_as_read(r, &uid, 1) ? uid : AGENT_UID_NONE;
}

/* Where calls run as uids of their own, each intent says which; elsewhere none does. */
bool carry_runs_as_follows(const struct carry *c, const struct record *r)
{
	if (!c->uids.count || !record_has(r, AUDIT_RUNS_AS))
		return !c->uids.count && !record_has(r, AUDIT_RUNS_AS);
	return record_runs_as(r) != AGENT_UID_NONE &&
	       record_runs_as(r) == carry_runs_as(c, r->field[AUDIT_AGENT].s, (enum audit_auth)r->field[AUDIT_AUTH].u);
}

/* A first uid and how many there are; one at least, and all are numbers of users. */
static bool uids_read(const struct record *r, struct agent_uids *out)
{
	uint32_t number[2];

	if (!runs_as_read(r, number, 2) || !number[1] || number[0] > AGENT_UID_NONE - number[1])
		return false;
	*out = (struct agent_uids){ number[0], number[1] };
	return true;
}

static enum carry_result start_try(const struct record *r)
{
	struct agent_uids uids;

	return !record_has(r, AUDIT_RUNS_AS) || uids_read(r, &uids) ? CARRY_OK : CARRY_UNREADABLE;
}

static enum carry_result intent_try(const struct carry *c, const struct record *r)
{
	static const char counters[] = "[(uttu)]";
	const char *schema = counters;
	struct item_in in;

	if (!carry_runs_as_follows(c, r))
		return CARRY_RUNS_AS;
	if (record_has(r, AUDIT_TICKET) && !ticket_find(c, ticket_of(r)))
		return CARRY_TICKET;
	if (record_has(r, AUDIT_LABELS) && !texts_read(r->field[AUDIT_LABELS].s))
		return CARRY_UNREADABLE;
	if (!record_has(r, AUDIT_COUNTERS))
		return CARRY_OK;
	in = open_item(r->field[AUDIT_COUNTERS].s);
	return item_check(&in, &schema) && in.p == in.end ? CARRY_OK : CARRY_UNREADABLE;
}

enum carry_result carry_try(const struct carry *c, const struct record *r)
{
	uint64_t kind = r->field[AUDIT_KIND].u;

	/* Of an act; an intent has a nonce of its own, which nobody signs. */
	if (kind != AUDIT_KIND_INTENT && record_has(r, AUDIT_SIGNERS) && nonce_find(c, r))
		return CARRY_NONCE;
	switch (kind) {
	case AUDIT_KIND_INTENT:
		return intent_try(c, r);
	case AUDIT_KIND_START:
		return start_try(r);
	case AUDIT_KIND_OUTCOME:
	case AUDIT_KIND_UNKNOWN:
	case AUDIT_KIND_STARTED:
		return carry_intent_find(c, r->field[AUDIT_ABOUT].u) ? CARRY_OK : CARRY_INTENT;
	case AUDIT_KIND_SIGNED:
	case AUDIT_KIND_EXPIRED:
	case AUDIT_KIND_STALE:
	case AUDIT_KIND_WITHDRAWN:
		return ticket_find(c, ticket_of(r)) ? CARRY_OK : CARRY_TICKET;
	case AUDIT_KIND_DENIED:
		return !record_has(r, AUDIT_TICKET) || ticket_find(c, ticket_of(r)) ? CARRY_OK : CARRY_TICKET;
	case AUDIT_KIND_CLEAR:
		return texts_read(r->field[AUDIT_LABELS].s) ? CARRY_OK : CARRY_UNREADABLE;
	default:
		return CARRY_OK;
	}
}

/* ---- what it changes; false: no memory ---- */

typedef bool label_fn(struct carry *, struct place *, struct krux_str label);

static bool labels_do(struct carry *c, struct place *place, struct krux_str list, label_fn *each)
{
	struct item_in in = open_item(list);
	struct krux_str label;
	uint64_t n;

	if (!item_take(&in, ITEM_LIST, &n))
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!item_take_str(&in, ITEM_TEXT, &label) || !each(c, place, label))
			return false;
	return true;
}

static bool label_clear(struct carry *c, struct place *place, struct krux_str label)
{
	(void)c;
	label_drop(place, label);
	return true;
}

static bool counters_add(struct carry *c, const struct record *r)
{
	struct item_in in = open_item(r->field[AUDIT_COUNTERS].s);
	const struct name *agent = name_keep(c, r->field[AUDIT_AGENT].s);
	struct krux_str policy, rule;
	uint64_t n, four, amount;

	if (!agent || !item_take(&in, ITEM_LIST, &n))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct counted_of of = { .agent = agent };
		struct counted *k;

		if (!item_take(&in, ITEM_LIST, &four) || !item_take(&in, ITEM_UINT, &of.kind) ||
		    !item_take_str(&in, ITEM_TEXT, &policy) || !item_take_str(&in, ITEM_TEXT, &rule) ||
		    !item_take(&in, ITEM_UINT, &amount))
			return false;
		of.policy = name_keep(c, policy);
		of.rule = name_keep(c, rule);
		k = of.policy && of.rule ? counted_keep(c, &of) : NULL;
		if (!k || !counted_push(c, k, r->field[AUDIT_WALL].u, amount))
			return false;
	}
	return true;
}

/* Who asks for what where: mostly it is what the intent before asked for. */
static bool intent_names(struct carry *c, const struct record *r)
{
	struct krux_str agent = r->field[AUDIT_AGENT].s, workspace = r->field[AUDIT_WORKSPACE].s,
			capability = r->field[AUDIT_CAPABILITY].s;
	struct intent_names *names = &c->names_before;

	if (names->calls && table_same(names->agent->key, agent) && table_same(names->place->key, workspace) &&
	    table_same(names->capability->key, capability))
		return true;
	*names = (struct intent_names){ .agent = name_keep(c, agent), .capability = name_keep(c, capability),
		                        .place = place_keep(c, workspace) };
	if (names->agent && names->capability && names->place)
		names->calls = calls_keep(c, names->place, names->capability);
	return names->calls != NULL;
}

static bool intent_add(struct carry *c, const struct record *r)
{
	const struct intent_names *names = &c->names_before;
	struct carry_intent in = { .seq = r->field[AUDIT_SEQ].u };

	if (!intent_names(c, r))
		return false;
	in.agent = names->agent->key;
	in.workspace = names->place->key;
	in.capability = names->capability->key;
	if (names->calls->n < UINT64_MAX)
		names->calls->n++;
	if (record_has(r, AUDIT_LABELS) && !labels_do(c, names->place, r->field[AUDIT_LABELS].s, label_keep))
		return false;
	if (record_has(r, AUDIT_COUNTERS) && !counters_add(c, r))
		return false;
	if (record_has(r, AUDIT_TICKET))
		ticket_drop(c, ticket_find(c, ticket_of(r)));
	return intent_keep(c, &in);
}

static bool signed_add(struct carry *c, const struct record *r)
{
	struct carry_accept a = { .name = r->field[AUDIT_NAME].s };
	struct ticket *t = ticket_find(c, ticket_of(r));

	if (action_is(r, "reject")) {
		ticket_drop(c, t);
		return true;
	}
	memcpy(a.key, r->field[AUDIT_KEY].s.p, sizeof a.key);
	memcpy(a.signature, r->field[AUDIT_SIGNATURE].s.p, sizeof a.signature);
	/* Twice is once. */
	for (size_t i = 0; i < t->t.naccepts; i++)
		if (!memcmp(t->t.accept[i].key, a.key, sizeof a.key))
			return true;
	return accept_keep(t, &a, c);
}

static uint64_t horizon_of(const struct record *r)
{
	return record_has(r, AUDIT_HORIZON) ? r->field[AUDIT_HORIZON].u : UINT64_MAX;
}

bool carry_widens(const struct carry *c, const struct record *r)
{
	return r->field[AUDIT_KIND].u == AUDIT_KIND_BUNDLE && horizon_of(r) > c->horizon;
}

static bool bundle_add(struct carry *c, const struct record *r)
{
	struct krux_str policy = r->field[AUDIT_POLICY].s;
	uint64_t serial = r->field[AUDIT_SERIAL].u, known;

	c->has_bundle = true;
	memcpy(c->bundle, r->field[AUDIT_BUNDLE].s.p, HASH_LEN);
	if (horizon_of(r) > c->horizon)
		c->horizon = horizon_of(r);
	/* A development bundle raises no bar for those that are signed for good. */
	if (record_has(r, AUDIT_DEV) && r->field[AUDIT_DEV].u)
		return true;
	if (!(carry_serial(c, policy, &known) && known >= serial) && !serial_keep(c, policy, serial))
		return false;
	serial_bind(c, policy);
	return true;
}

static bool agent_add(struct carry *c, const struct record *r)
{
	struct carry_agent a = { .name = r->field[AUDIT_NAME].s, .seq = r->field[AUDIT_SEQ].u };
	const struct carry_agent *known = carry_agent_find(c, a.name);

	a.place = known ? known->place : c->nagents;
	if (action_is(r, "revoke")) {
		if (!known)
			return true;
		a = *known;
		a.revoked = true;
		a.seq = r->field[AUDIT_SEQ].u;
		return agent_keep(c, &a);
	}
	a.workspace = r->field[AUDIT_WORKSPACE].s;
	a.auth = (enum audit_auth)r->field[AUDIT_AUTH].u;
	if (a.auth == AUDIT_AUTH_PEER)
		a.uid = r->field[AUDIT_UID].u;
	else
		memcpy(a.proof, r->field[a.auth == AUDIT_AUTH_KEY ? AUDIT_KEY : AUDIT_TOKEN].s.p, HASH_LEN);
	return agent_keep(c, &a);
}

static bool key_add(struct carry *c, const struct record *r)
{
	struct carry_key k = { .seq = r->field[AUDIT_SEQ].u, .role = r->field[AUDIT_ROLE].s,
		               .name = r->field[AUDIT_NAME].s };
	bool known = false;

	memcpy(k.key, r->field[AUDIT_KEY].s.p, sizeof k.key);
	if (!action_is(r, "revoke"))
		return key_keep(c, &k);
	for (size_t i = 0; i < c->nkeys; i++)
		if (krux_str_eq(c->key[i].role, k.role) && !memcmp(c->key[i].key, k.key, sizeof k.key)) {
			known = true;
			if (!c->key[i].revoked)
				c->key[i].revoked = k.seq;
		}
	/* One that only the trust folder has held so far. */
	k.revoked = k.seq;
	return known || key_keep(c, &k);
}

static bool freeze_add(struct carry *c, const struct record *r)
{
	struct krux_str agent = record_has(r, AUDIT_AGENT) ? r->field[AUDIT_AGENT].s : KRUX_STR("");

	if (action_is(r, "freeze"))
		return freeze_keep(c, agent, r->field[AUDIT_SEQ].u);
	freeze_drop(c, agent);
	return true;
}

/* What calls run as while this writer writes. */
static bool start_add(struct carry *c, const struct record *r)
{
	c->uids = (struct agent_uids){ 0, 0 };
	if (!record_has(r, AUDIT_RUNS_AS))
		return true;
	return uids_read(r, &c->uids) && (c->numbered || agents_number(c));
}

static bool clear_add(struct carry *c, const struct record *r)
{
	struct place *place = table_find(&c->places, r->field[AUDIT_WORKSPACE].s);

	return !place || labels_do(c, place, r->field[AUDIT_LABELS].s, label_clear);
}

static bool meaning(struct carry *c, const struct record *r, struct krux_str bytes, const uint8_t *leaf)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_ORIGIN:
		return (c->origin = name_keep(c, r->field[AUDIT_ORIGIN].s)) != NULL;
	case AUDIT_KIND_INTENT:
		return intent_add(c, r);
	case AUDIT_KIND_OUTCOME:
	case AUDIT_KIND_UNKNOWN:
		return intent_drop(c, r->field[AUDIT_ABOUT].u);
	case AUDIT_KIND_DEFERRED:
		return ticket_keep(c, r, bytes, leaf);
	case AUDIT_KIND_SIGNED:
		return signed_add(c, r);
	case AUDIT_KIND_DENIED:
		if (!record_has(r, AUDIT_TICKET))
			return true;
		/* fallthrough */
	case AUDIT_KIND_EXPIRED:
	case AUDIT_KIND_STALE:
	case AUDIT_KIND_WITHDRAWN:
		ticket_drop(c, ticket_find(c, ticket_of(r)));
		return true;
	case AUDIT_KIND_BUNDLE:
		return bundle_add(c, r);
	case AUDIT_KIND_AGENT:
		return agent_add(c, r);
	case AUDIT_KIND_KEY:
		return key_add(c, r);
	case AUDIT_KIND_FREEZE:
		return freeze_add(c, r);
	case AUDIT_KIND_START:
		return start_add(c, r);
	case AUDIT_KIND_CLEAR:
		return clear_add(c, r);
	case AUDIT_KIND_ROLLBACK:
		return serial_keep(c, r->field[AUDIT_POLICY].s, r->field[AUDIT_SERIAL].u);
	case AUDIT_KIND_ACKNOWLEDGED:
		if (record_has(r, AUDIT_TREE) && r->field[AUDIT_TREE].u > c->acknowledged)
			c->acknowledged = r->field[AUDIT_TREE].u;
		return true;
	default:
		return true;
	}
}

enum carry_result carry_add(struct carry *c, const struct record *r, struct krux_str bytes,
                            const uint8_t leaf[static HASH_LEN])
{
	enum carry_result rc = carry_try(c, r);
	uint64_t seq = r->field[AUDIT_SEQ].u, wall = r->field[AUDIT_WALL].u;

	if (rc)
		return rc;
	if (wall > c->latest)
		c->latest = wall;
	c->next = seq == UINT64_MAX ? seq : seq + 1;
	if (!meaning(c, r, bytes, leaf))
		return CARRY_MEMORY;
	if (r->field[AUDIT_KIND].u != AUDIT_KIND_INTENT && record_has(r, AUDIT_SIGNERS) &&
	    !nonce_keep(c, (const uint8_t *)r->field[AUDIT_NONCE].s.p))
		return CARRY_MEMORY;
	return CARRY_OK;
}

enum carry_result carry_recount_add(struct carry *c, const struct record *r)
{
	if (r->field[AUDIT_KIND].u != AUDIT_KIND_INTENT || !record_has(r, AUDIT_COUNTERS))
		return CARRY_OK;
	return counters_add(c, r) ? CARRY_OK : CARRY_MEMORY;
}
