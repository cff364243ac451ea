/* Records to what the gate knows: the state of carry, the facts of the tally, and who waits for
 * what. Plain intents of this gate are counted in the tally alone; carry has those of others. */
#include "runtime/gate/gate_part.h"

#include "capspec/item.h"
#include "runtime/bundle/trust.h"
#include "runtime/record/carry.h"

#include <stdlib.h>
#include <string.h>

static struct item_in item_open(struct krux_str s)
{
	return (struct item_in){ (const uint8_t *)s.p, (const uint8_t *)s.p + s.n, NULL };
}

/* ---- facts ---- */

static void labels_each(struct gate *g, struct tally_place *place, struct krux_str field,
                        void (*each)(struct tally *, struct tally_place *, struct krux_str))
{
	struct item_in in = item_open(field);
	struct krux_str label;
	uint64_t n;

	if (item_take(&in, ITEM_LIST, &n))
		while (n-- && item_take_str(&in, ITEM_TEXT, &label))
			each(g->tally, place, label);
}

static void counters_add(struct gate *g, struct tally_agent *a, struct krux_str field, uint64_t when)
{
	struct item_in in = item_open(field);
	struct krux_str policy, rule;
	uint64_t n, four, kind, amount;

	if (!item_take(&in, ITEM_LIST, &n))
		return;
	while (n-- && item_take(&in, ITEM_LIST, &four) && item_take(&in, ITEM_UINT, &kind) &&
	       item_take_str(&in, ITEM_TEXT, &policy) && item_take_str(&in, ITEM_TEXT, &rule) &&
	       item_take(&in, ITEM_UINT, &amount))
		if (kind <= KRUX_FACT_BUDGET)
			tally_count(g->tally, a, (enum krux_fact_kind)kind, policy, rule, when, amount);
}

/* An intent of another generation. What the tally does not know yet is filled from carry later. */
static void intent_count(struct gate *g, const struct record *r)
{
	struct krux_str agent = r->field[AUDIT_AGENT].s, workspace = r->field[AUDIT_WORKSPACE].s;

	if (tally_knows_place(g->tally, workspace)) {
		struct tally_place *place = tally_place(g->tally, workspace);

		tally_calls(g->tally, place, r->field[AUDIT_CAPABILITY].s, 1);
		if (record_has(r, AUDIT_LABELS))
			labels_each(g, place, r->field[AUDIT_LABELS].s, tally_label);
	}
	if (tally_knows_agent(g->tally, agent) && record_has(r, AUDIT_COUNTERS))
		counters_add(g, tally_agent(g->tally, agent), r->field[AUDIT_COUNTERS].s,
		             r->field[AUDIT_WALL].u);
}

static void clear_count(struct gate *g, const struct record *r)
{
	struct krux_str workspace = r->field[AUDIT_WORKSPACE].s;

	if (tally_knows_place(g->tally, workspace))
		labels_each(g, tally_place(g->tally, workspace), r->field[AUDIT_LABELS].s, tally_clear);
}

/* ---- keys ---- */

static void approver_drop(struct gate *g, struct krux_str name, const uint8_t *key)
{
	for (size_t i = 0; i < g->napprovers;) {
		struct krux_public_key *k = &g->approver[i];

		if (krux_str_eq((struct krux_str){ k->name, strlen(k->name) }, name) &&
		    !memcmp(k->key, key, sizeof k->key))
			*k = g->approver[--g->napprovers];
		else
			i++;
	}
}

static int approver_add(struct gate *g, struct krux_str name, const uint8_t *key, struct krux_err *err)
{
	struct krux_public_key k = { .dev = false };

	if (name.n >= sizeof k.name)
		return 0;
	if (g->napprovers == g->approver_room) {
		size_t room = g->approver_room ? 2 * g->approver_room : 8;
		struct krux_public_key *grown = realloc(g->approver, room * sizeof *grown);

		if (!grown)
			return err_set(err, 12, "know an approver");
		g->approver = grown;
		g->approver_room = room;
	}
	memcpy(k.name, name.p, name.n);
	memcpy(k.key, key, sizeof k.key);
	g->approver[g->napprovers++] = k;
	return 0;
}

/* trust_read has made the room. */
static void operator_add(struct gate *g, struct krux_str name, const uint8_t *key)
{
	struct krux_public_key *k = &g->operator[g->noperators];

	if (g->noperators == TRUST_KEYS || name.n >= sizeof k->name)
		return;
	*k = (struct krux_public_key){ .dev = false };
	memcpy(k->name, name.p, name.n);
	memcpy(k->key, key, sizeof k->key);
	g->noperators++;
}

static int key_take(struct gate *g, const struct record *r, struct krux_err *err)
{
	struct krux_str name = r->field[AUDIT_NAME].s;
	const uint8_t *key = (const uint8_t *)r->field[AUDIT_KEY].s.p;
	bool revoke = record_has(r, AUDIT_ACTION) &&
	              krux_str_eq(r->field[AUDIT_ACTION].s, KRUX_STR("revoke"));

	/* One that is taken back, carry knows. */
	if (krux_str_eq(r->field[AUDIT_ROLE].s, KRUX_STR("operator")) && !revoke)
		operator_add(g, name, key);
	if (!krux_str_eq(r->field[AUDIT_ROLE].s, KRUX_STR("approver")))
		return 0;
	approver_drop(g, name, key);
	return revoke ? 0 : approver_add(g, name, key, err);
}

void approvers_leave(struct gate *g)
{
	for (size_t i = 0; i < g->napprovers;)
		if (carry_key_revoked(g->carry, KRUX_STR("approver"), g->approver[i].key))
			g->approver[i] = g->approver[--g->napprovers];
		else
			i++;
}

int approvers_set(struct gate *g, const struct krux_public_key *key, size_t n, struct krux_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (approver_add(g, (struct krux_str){ key[i].name, strlen(key[i].name) }, key[i].key, err))
			return -1;
	return 0;
}

/* ---- what follows from a record, whoever appended it ---- */

static int follow(struct gate *g, const struct record *r, struct krux_err *err)
{
	switch (r->field[AUDIT_KIND].u) {
	case AUDIT_KIND_AGENT:
		return agents_change(g, r->field[AUDIT_NAME].s, err);
	case AUDIT_KIND_KEY:
		return key_take(g, r, err);
	case AUDIT_KIND_FREEZE:
		agents_freeze(g);
		tickets_retry(g);
		return 0;
	case AUDIT_KIND_CLEAR:
		clear_count(g, r);
		return 0;
	default:
		return 0;
	}
}

static int carry_take(struct gate *g, struct krux_str bytes, const struct record *r, const uint8_t *leaf,
                      struct krux_err *err)
{
	enum carry_result result;

	if (!carry_takes(r->field[AUDIT_KIND].u))
		return 0;
	result = carry_add(g->carry, r, bytes, leaf);
	/* Ends of this gate's own intents are not open there. */
	if (result == CARRY_OK || result == CARRY_INTENT)
		return 0;
	return err_set(err, 0, "record %llu: %s", (unsigned long long)r->field[AUDIT_SEQ].u,
	               carry_result_text(result));
}

int news_own(struct gate *g, struct krux_str bytes, const struct record *r, const uint8_t *leaf,
             struct krux_err *err)
{
	bool plain = r->field[AUDIT_KIND].u == AUDIT_KIND_INTENT && !record_has(r, AUDIT_TICKET);

	if (!plain && (carry_take(g, bytes, r, leaf, err) || follow(g, r, err)))
		return -1;
	server_event(g, bytes);
	return 0;
}

int news_take(struct gate *g, struct krux_str bytes, struct krux_err *err)
{
	uint8_t leaf[HASH_LEN];
	struct record r;
	const char *why;
	struct call *c;
	size_t used;

	if (!record_decode((const uint8_t *)bytes.p, bytes.n, &r, &used, &why) || used != bytes.n)
		return err_set(err, 0, "news that are no record: %s", why);
	record_leaf((const uint8_t *)bytes.p, bytes.n, leaf);
	/* Before carry has it, since what is not counted yet is filled from there. */
	if (r.field[AUDIT_KIND].u == AUDIT_KIND_INTENT)
		intent_count(g, &r);
	if (carry_take(g, bytes, &r, leaf, err) || follow(g, &r, err))
		return -1;
	if ((r.field[AUDIT_KIND].u == AUDIT_KIND_OUTCOME || r.field[AUDIT_KIND].u == AUDIT_KIND_UNKNOWN) &&
	    (c = call_of_seq(g, r.field[AUDIT_ABOUT].u)))
		call_outcome(g, c, &r);
	if (r.field[AUDIT_KIND].u == AUDIT_KIND_STARTED && (c = call_of_seq(g, r.field[AUDIT_ABOUT].u)))
		background_begun(g, c);
	tickets_follow(g, &r, leaf);
	server_event(g, bytes);
	return 0;
}
