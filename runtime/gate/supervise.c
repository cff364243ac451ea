/* What supervisors ask. Reading is free; what changes something carries a signature, which is held
 * against the keys of the trust folder here, and again by the recorder or the spawner. */
#include "runtime/gate/gate_part.h"

#include "capspec/canon.h"
#include "capspec/item.h"
#include "runtime/approve/propose.h"
#include "runtime/gate/json.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/registry.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

static const uint64_t nonce_ns = UINT64_C(300000000000);

struct asked {
	struct gate *gate;
	uint64_t connection, uid;
	const struct frame *frame;
};

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

static void refused(const struct asked *q, const char *why)
{
	struct frame f = { .kind = FRAME_S_REFUSED, .has_id = true, .id = q->frame->id, .s_refused.why = str(why) };

	server_reply(q->gate, q->connection, &f);
}

static void answered(const struct asked *q, struct krux_str json)
{
	struct frame f = { .kind = FRAME_S_ANSWER, .has_id = true, .id = q->frame->id, .s_answer.json = json };

	if (json.n)
		server_reply(q->gate, q->connection, &f);
	else
		refused(q, "it is not there (a ticket may have been decided, withdrawn or expired), or there is no memory to tell of it");
}

static void signer_remember(struct gate *g, uint64_t uid)
{
	for (unsigned i = 0; i < g->nsigners; i++)
		if (g->signer[i] == uid)
			return;
	if (g->nsigners < sizeof g->signer / sizeof *g->signer)
		g->signer[g->nsigners++] = uid;
}

static void op_done(struct gate *g, struct op *op, const struct message_ack *a)
{
	struct frame done = { .kind = FRAME_S_DONE, .has_id = true, .id = op->id, .s_done.record = a->seq };
	const char *why = a->status == ACK_AGENT ? "there is an agent of this name already, or none to take out"
	                                         : ack_text(a->status);
	struct frame no = { .kind = FRAME_S_REFUSED, .has_id = true, .id = op->id, .s_refused.why = str(why) };

	server_reply(g, op->connection, a->status == ACK_OK ? &done : &no);
}

static void record_append(const struct asked *q, const struct record *r)
{
	struct op *op = append_op(q->gate, r, op_done);

	if (!op) {
		refused(q, "it cannot be recorded: it is no record, or too much is under way");
		return;
	}
	op->connection = q->connection;
	op->id = q->frame->id;
}

/* ---- freezing ---- */

static void freeze(const struct asked *q)
{
	const struct frame *f = q->frame;
	struct record r = { 0 };

	if (f->s_freeze.agent.p && !agent_find(q->gate, f->s_freeze.agent)) {
		refused(q, "there is no such agent");
		return;
	}
	if (f->s_freeze.reason.n > 1024) {
		refused(q, "the reason is too long");
		return;
	}
	record_set(&r, AUDIT_KIND, AUDIT_KIND_FREEZE);
	record_text(&r, AUDIT_ACTION, "freeze");
	record_set(&r, AUDIT_UID, q->uid);
	if (f->s_freeze.agent.n)
		record_str(&r, AUDIT_AGENT, f->s_freeze.agent);
	if (f->s_freeze.reason.n)
		record_str(&r, AUDIT_WHY, f->s_freeze.reason);
	record_append(q, &r);
}

/* ---- acts of operators ---- */

static void nonce_give(const struct asked *q)
{
	struct gate *g = q->gate;
	struct nonce *n = &g->nonce[g->next_nonce++ % GATE_NONCES];
	struct frame f = { .kind = FRAME_S_GIVEN, .has_id = true, .id = q->frame->id, .s_given.nonce = n->bytes };

	randombytes_buf(n->bytes, sizeof n->bytes);
	n->given = g->loop.now;
	server_reply(g, q->connection, &f);
}

static bool nonce_take(struct gate *g, struct krux_str bytes)
{
	for (unsigned i = 0; i < GATE_NONCES; i++) {
		struct nonce *n = &g->nonce[i];

		if (bytes.n != sizeof n->bytes || !n->given || g->loop.now - n->given > nonce_ns ||
		    sodium_memcmp(n->bytes, bytes.p, sizeof n->bytes))
			continue;
		n->given = 0;
		return true;
	}
	return false;
}

static bool field_read(struct item_in *in, struct record *r, uint64_t key)
{
	const char *schema = key < AUDIT_FIELDS ? record_field_schema((enum audit_field)key) : NULL;
	enum audit_field field = (enum audit_field)key;
	const uint8_t *start = in->p;
	struct krux_str s;
	uint64_t u;

	if (!schema || record_has(r, field))
		return false;
	switch (*schema) {
	case 'u':
	case 'v':
	case 'k':
		if (!item_take(in, ITEM_UINT, &u))
			return false;
		record_set(r, field, u);
		return true;
	case 't':
	case 'b':
	case 'c':
		if (!item_take_str(in, *schema == 't' ? ITEM_TEXT : ITEM_BYTES, &s))
			return false;
		record_str(r, field, s);
		return true;
	default:
		if (!item_check(in, &schema))
			return false;
		record_str(r, field, (struct krux_str){ (const char *)start, (size_t)(in->p - start) });
		return true;
	}
}

/* The fields of an act; false where it is not the deterministic encoding of a record's body. */
static bool act_read(struct gate *g, struct krux_str act, struct record *r)
{
	struct item_in in = { (const uint8_t *)act.p, (const uint8_t *)act.p + act.n, NULL };
	uint64_t n, key;
	size_t len;

	*r = (struct record){ 0 };
	if (!item_take(&in, ITEM_MAP, &n) || n > AUDIT_FIELDS)
		return false;
	while (n--)
		if (!item_take(&in, ITEM_UINT, &key) || !field_read(&in, r, key))
			return false;
	len = record_encode_body(r, g->body, sizeof g->body);
	return in.p == in.end && len == act.n && !memcmp(g->body, act.p, len);
}

static bool act_allowed(const struct record *r)
{
	switch (record_has(r, AUDIT_KIND) ? r->field[AUDIT_KIND].u : UINT64_MAX) {
	case AUDIT_KIND_AGENT:
	case AUDIT_KIND_KEY:
	case AUDIT_KIND_CLEAR:
	case AUDIT_KIND_ROLLBACK:
	case AUDIT_KIND_ACKNOWLEDGED:
		return true;
	case AUDIT_KIND_FREEZE:
		return record_has(r, AUDIT_ACTION) && krux_str_eq(r->field[AUDIT_ACTION].s, KRUX_STR("thaw"));
	default:
		return false;
	}
}

static const struct krux_public_key *operator_of(const struct gate *g, const struct frame *f)
{
	for (size_t i = 0; i < g->noperators; i++)
		if (krux_str_eq(str(g->operator[i].name), f->s_act.operator) &&
		    !carry_key_revoked(g->carry, KRUX_STR("operator"), g->operator[i].key) &&
		    krux_key_verify(&g->operator[i], FRAME_DOMAIN_OPERATOR, f->s_act.act, f->s_act.signature))
			return &g->operator[i];
	return NULL;
}

static struct krux_str signers_of(struct gate *g, const struct krux_public_key *k, const uint8_t *signature)
{
	struct item_out o = { krux_pool_get(g->pool, 256), 256, 0 };

	if (!o.p)
		return (struct krux_str){ NULL, 0 };
	item_head(&o, ITEM_LIST, 1);
	item_head(&o, ITEM_LIST, 3);
	item_text(&o, k->name);
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)k->key, sizeof k->key });
	item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)signature, KRUX_SIGNATURE });
	return (struct krux_str){ (char *)o.p, o.n };
}

static void act_refused(const struct asked *q, const char *why)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_REFUSED);
	record_text(&r, AUDIT_WHY, why);
	record_str(&r, AUDIT_NAME, q->frame->s_act.operator);
	record_set(&r, AUDIT_UID, q->uid);
	append_only(q->gate, &r);
	refused(q, why);
}

static void act(const struct asked *q)
{
	const struct frame *f = q->frame;
	const struct krux_public_key *who = operator_of(q->gate, f);
	const struct registry_rules rules = { q->gate->options.places, q->gate->owner, geteuid() };
	struct krux_err err = { 0 };
	struct krux_str signers;
	struct record r;

	if (!who) {
		act_refused(q, "the signature does not hold: no operator of that name has signed exactly this");
		return;
	}
	signer_remember(q->gate, q->uid);
	if (!act_read(q->gate, f->s_act.act, &r) || !act_allowed(&r)) {
		act_refused(q, "this is no act of an operator");
		return;
	}
	if (!record_has(&r, AUDIT_NONCE) || !nonce_take(q->gate, r.field[AUDIT_NONCE].s)) {
		act_refused(q, "the act does not hold a nonce that was given out less than five minutes ago");
		return;
	}
	if (registry_check(q->gate->carry, &r, &rules, &err)) {
		act_refused(q, err.text);
		return;
	}
	signers = signers_of(q->gate, who, f->s_act.signature);
	if (!signers.p) {
		refused(q, "out of memory");
		return;
	}
	record_str(&r, AUDIT_SIGNERS, signers);
	record_append(q, &r);
}

/* ---- reloading ---- */

static void reload(const struct asked *q)
{
	struct gate *g = q->gate;
	struct krux_str path = q->frame->s_reload.bundle;

	for (unsigned i = 0; i < GATE_RELOADS; i++) {
		struct reload *r = &g->reload[i];

		if (r->connection)
			continue;
		*r = (struct reload){ .connection = q->connection, .id = q->frame->id };
		if (!gate_reload(g, i + 1, path)) {
			r->connection = 0;
			refused(q, "the daemon cannot be asked now");
		}
		return;
	}
	refused(q, "another bundle is being loaded already");
}

void supervise_reloaded(struct gate *g, uint64_t cookie, bool ok, struct krux_str why, uint64_t seq)
{
	struct reload *r = cookie && cookie <= GATE_RELOADS ? &g->reload[cookie - 1] : NULL;
	struct frame f = { .kind = FRAME_S_DONE, .has_id = true };

	if (!r || !r->connection)
		return;
	f.id = r->id;
	if (ok) {
		f.s_done.record = seq;
	} else {
		f.kind = FRAME_S_REFUSED;
		f.s_refused.why = krux_utf8_valid(why) && why.n ? why : str("the new bundle could not be used");
	}
	server_reply(g, r->connection, &f);
	r->connection = 0;
}

/* ---- proposing ---- */

static struct krux_str proposal(struct gate *g, const uint8_t *leaf)
{
	const struct carry_ticket *t = carry_ticket_find(g->carry, leaf);
	const struct card *k = card_find(g, leaf);
	struct object o = { .pool = g->pool };
	struct propose p = { .ticket = leaf };
	struct request q;
	struct request_refusal refusal;
	struct krux_err err = { 0 };
	struct krux_str text, args;
	struct krux_refusal why;
	const uint8_t *map = NULL;
	struct krux_value v;
	struct record r;
	const char *no;
	size_t used, n = 0;

	if (!t || !k || !record_decode((const uint8_t *)t->bytes.p, t->bytes.n, &r, &used, &no) ||
	    !request_name(g->policy->abi, g->policy->cap, g->policy->ncaps, t->capability, &q, &refusal))
		return (struct krux_str){ NULL, 0 };
	args = r.field[AUDIT_ARGS].s;
	if (!record_has(&r, AUDIT_ARGS)) {
		map = k->blob < 0 ? NULL : memory_map(k->blob, FRAME_MAX, &n, &err);
		if (!map || n < BLOB_SALT)
			return (struct krux_str){ NULL, 0 };
		args = (struct krux_str){ (const char *)map + BLOB_SALT, n - BLOB_SALT };
	}
	p.agent = t->agent;
	p.cap = q.cap;
	p.rule = r.field[AUDIT_RULE].s;
	if (krux_cbor_read(g->pool, (const uint8_t *)args.p, args.n, &v, &why)) {
		p.args = &v;
		text = propose_text(g->pool, &p);
		object_str(&o, "proposal", text);
	}
	if (map)
		memory_unmap(map, n);
	return o.n ? object_json(&o) : (struct krux_str){ NULL, 0 };
}

/* ---- which is which ---- */

void supervise(struct gate *g, uint64_t connection, uint64_t uid, const struct frame *f)
{
	struct asked q = { g, connection, uid, f };
	const char *why;

	switch (f->kind) {
	case FRAME_S_NONCE:
		nonce_give(&q);
		return;
	case FRAME_S_STATUS:
		answered(&q, report_status(g));
		return;
	case FRAME_S_TICKETS:
		answered(&q, report_tickets(g, f->s_tickets.ticket));
		return;
	case FRAME_S_DECIDE:
		why = ticket_decide(g, connection, uid, f);
		if (why)
			refused(&q, why);
		else
			signer_remember(g, uid);
		return;
	case FRAME_S_FREEZE:
		freeze(&q);
		return;
	case FRAME_S_ACT:
		act(&q);
		return;
	case FRAME_S_AGENTS:
		answered(&q, report_agents(g));
		return;
	case FRAME_S_WATCH:
		answered(&q, str("{\"watching\":true}"));
		return;
	case FRAME_S_RELOAD:
		reload(&q);
		return;
	case FRAME_S_PROPOSE:
		answered(&q, proposal(g, f->s_propose.ticket));
		return;
	default:
		refused(&q, "a message that does not belong there");
	}
}
