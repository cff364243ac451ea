/* Approvers' signatures to calls that run. A ticket is released when its quorum is met, nobody is
 * held, what was shown is still so, and the policy of now, asked again, does not deny it; using it
 * up and the intent are one record. */
#include "runtime/gate/gate_part.h"

#include "capspec/item.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, strlen(s) };
}

struct quorum ticket_quorum(const struct gate *g, const struct agent *a)
{
	return (struct quorum){ g->approver, g->napprovers, str(a->name),
		                a->auth == AUDIT_AUTH_KEY ? a->proof : NULL };
}

bool accept_counts(const struct gate *g, const struct carry_ticket *t, size_t i)
{
	const struct quorum q = { g->approver, g->napprovers, { "", 0 }, NULL };

	return approver_find(&q, t->accept[i].name, t->accept[i].key) != NULL;
}

/* ---- decisions ---- */

/* An approver of that name whose key has made the signature; its name alone where it has not. */
static const struct krux_public_key *approver_of(const struct gate *g, const struct frame *f, bool *holds)
{
	const struct krux_public_key *named = NULL;
	char decision[8] = "";

	memcpy(decision, f->s_decide.decision.p, 6);
	*holds = false;
	for (size_t i = 0; i < g->napprovers; i++) {
		const struct krux_public_key *k = &g->approver[i];

		if (!krux_str_eq(str(k->name), f->s_decide.approver))
			continue;
		named = k;
		if (approve_signed(k, f->s_decide.ticket, decision, f->s_decide.signature)) {
			*holds = true;
			return k;
		}
	}
	return named;
}

static bool signed_before(const struct gate *g, const struct carry_ticket *t, const struct krux_public_key *k)
{
	for (size_t i = 0; i < t->naccepts; i++)
		if (accept_counts(g, t, i) &&
		    (krux_str_eq(t->accept[i].name, str(k->name)) || !memcmp(t->accept[i].key, k->key, 32)))
			return true;
	return false;
}

static uint64_t mono(void)
{
	return loop_clock();
}

static bool is_over(const struct gate *g, const struct carry_ticket *t)
{
	return carry_ticket_over(t, gate_wall(), mono(), g->boot);
}

/* Was it asked for under a registration that holds no longer. */
static bool is_foreign(const struct card *k, const struct carry_ticket *t)
{
	return t->seq < k->agent->seq;
}

static const char *decision_refused(struct gate *g, const struct frame *f, const struct krux_public_key *who,
                                    bool holds)
{
	const struct carry_ticket *t = carry_ticket_find(g->carry, f->s_decide.ticket);
	struct card *k = card_find(g, f->s_decide.ticket);
	struct quorum q;

	if (!who)
		return "there is no registered approver of that name";
	if (!holds)
		return "the signature does not hold: it is not over this ticket and decision, or not by that approver";
	if (!t || !k)
		return "no such ticket waits: it is decided, withdrawn or over already";
	q = ticket_quorum(g, k->agent);
	if (approver_is_agent(&q, who))
		return "an agent does not approve its own calls";
	if (is_foreign(k, t))
		return "the agent has been taken out";
	if (is_over(g, t))
		return "the time of this ticket is over";
	if (signed_before(g, t, who))
		return "this approver has accepted it already";
	if (k->old)
		return "the policy has changed: the call is being decided again, under another ticket";
	return k->busy ? "it is being decided just now" : NULL;
}

static void refusal_record(struct gate *g, const struct frame *f, uint64_t uid,
                           const struct krux_public_key *who, const char *why)
{
	struct record r = { 0 };

	record_set(&r, AUDIT_KIND, AUDIT_KIND_REFUSED);
	record_text(&r, AUDIT_WHY, why);
	record_bytes(&r, AUDIT_TICKET, f->s_decide.ticket, TICKET_LEN);
	record_str(&r, AUDIT_NAME, f->s_decide.approver);
	if (who)
		record_bytes(&r, AUDIT_KEY, who->key, sizeof who->key);
	record_str(&r, AUDIT_ACTION, f->s_decide.decision);
	record_set(&r, AUDIT_UID, uid);
	append_only(g, &r);
}

static void decided_done(struct gate *g, struct op *op, const struct message_ack *a)
{
	struct frame done = { .kind = FRAME_S_DONE, .has_id = true, .id = op->id, .s_done.record = a->seq };
	struct frame refused = { .kind = FRAME_S_REFUSED, .has_id = true, .id = op->id,
		                 .s_refused.why = str(ack_text(a->status)) };
	struct card *k = card_find(g, op->ticket);

	server_reply(g, op->connection, a->status == ACK_OK ? &done : &refused);
	if (k)
		k->busy = false;
	if (a->status != ACK_OK || !k)
		return;
	if (*op->why)
		ticket_gone(g, op->ticket, op->why, a->seq);
	else
		ticket_try(g, k);
}

const char *ticket_decide(struct gate *g, uint64_t connection, uint64_t uid, const struct frame *f)
{
	bool holds, accept = f->s_decide.decision.p[0] == 'a';
	const struct krux_public_key *who = approver_of(g, f, &holds);
	const char *why = decision_refused(g, f, who, holds);
	struct record r = { 0 };
	struct op *op;

	if (why) {
		refusal_record(g, f, uid, who, why);
		return why;
	}
	record_set(&r, AUDIT_KIND, AUDIT_KIND_SIGNED);
	record_bytes(&r, AUDIT_TICKET, f->s_decide.ticket, TICKET_LEN);
	record_text(&r, AUDIT_NAME, who->name);
	record_bytes(&r, AUDIT_KEY, who->key, sizeof who->key);
	record_str(&r, AUDIT_ACTION, f->s_decide.decision);
	record_bytes(&r, AUDIT_SIGNATURE, f->s_decide.signature, KRUX_SIGNATURE);
	if (f->s_decide.reason.n && f->s_decide.reason.n <= 1024)
		record_str(&r, AUDIT_WHY, f->s_decide.reason);
	op = append_op(g, &r, decided_done);
	if (!op)
		return "it cannot be recorded now";
	op->connection = connection;
	op->id = f->id;
	memcpy(op->ticket, f->s_decide.ticket, TICKET_LEN);
	card_find(g, op->ticket)->busy = true;
	if (!accept)
		snprintf(op->why, sizeof op->why, "rejected by %s%s%.*s", who->name,
		         f->s_decide.reason.n ? ": " : "", (int)(f->s_decide.reason.n < 80 ? f->s_decide.reason.n : 80),
		         f->s_decide.reason.n ? f->s_decide.reason.p : "");
	return NULL;
}

/* ---- releasing ---- */

static struct krux_str signers_write(struct gate *g, const struct carry_ticket *t)
{
	size_t room = 9 + t->naccepts * (65 + 32 + 64 + 16);
	struct item_out o = { krux_pool_get(g->pool, room), room, 0 };
	size_t n = 0;

	if (!o.p)
		return (struct krux_str){ NULL, 0 };
	for (size_t i = 0; i < t->naccepts; i++)
		n += accept_counts(g, t, i);
	item_head(&o, ITEM_LIST, n);
	for (size_t i = 0; i < t->naccepts; i++) {
		if (!accept_counts(g, t, i))
			continue;
		item_head(&o, ITEM_LIST, 3);
		item_str(&o, ITEM_TEXT, t->accept[i].name);
		item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)t->accept[i].key, 32 });
		item_str(&o, ITEM_BYTES, (struct krux_str){ (const char *)t->accept[i].signature, 64 });
	}
	return (struct krux_str){ (char *)o.p, o.n };
}

/* The call of a ticket, as it was asked for, in the pool. NULL with *why: it cannot be made any more. */
static struct call *call_of(struct gate *g, const struct card *k, const struct carry_ticket *t,
                            struct record *r, const char **why)
{
	struct request_refusal refusal;
	struct krux_err err = { 0 };
	struct krux_str args, version;
	struct item_in in;
	const uint8_t *map;
	uint64_t two, major, minor;
	struct call *c;
	char name[300];
	size_t used, n;

	*why = "the record of the ticket cannot be read";
	if (!record_decode((const uint8_t *)t->bytes.p, t->bytes.n, r, &used, why))
		return NULL;
	*why = "the agent has been taken out or moved";
	if (k->agent->revoked || !krux_str_eq(r->field[AUDIT_WORKSPACE].s, str(k->agent->workspace)))
		return NULL;
	*why = "too many calls are under way";
	c = call_new(g, NULL, k->agent, 0, 0);
	if (!c)
		return NULL;
	c->auth = (enum audit_auth)r->field[AUDIT_AUTH].u;
	c->uid = r->field[AUDIT_UID].u;
	c->connection = record_has(r, AUDIT_CONNECTION) ? r->field[AUDIT_CONNECTION].u : 0;
	c->has_ticket = true;
	memcpy(c->ticket, k->leaf, TICKET_LEN);
	memcpy(c->same, k->same, sizeof c->same);
	c->about = k->about;
	if (k->about && (c->changes = fcntl(k->changes, F_DUPFD_CLOEXEC, 3)) < 0)
		goto fail;
	c->salted = k->about;
	version = r->field[AUDIT_VERSION].s;
	in = (struct item_in){ (const uint8_t *)version.p, (const uint8_t *)version.p + version.n, NULL };
	*why = "the policy of now has no such capability, or it takes other arguments";
	if (!item_take(&in, ITEM_LIST, &two) || !item_take(&in, ITEM_UINT, &major) || !item_take(&in, ITEM_UINT, &minor))
		goto fail;
	snprintf(name, sizeof name, "%.*s@%llu.%llu", (int)(t->capability.n < 200 ? t->capability.n : 200), t->capability.p,
	         (unsigned long long)major, (unsigned long long)minor);
	if (!request_name(g->policy->abi, g->policy->cap, g->policy->ncaps, str(name), &c->request, &refusal))
		goto fail;
	args = r->field[AUDIT_ARGS].s;
	if (!record_has(r, AUDIT_ARGS)) {
		map = memory_map(k->blob, FRAME_MAX, &n, &err);
		if (!map)
			goto fail;
		args = (struct krux_str){ krux_pool_copy(g->pool, map + BLOB_SALT, n - BLOB_SALT), n - BLOB_SALT };
		memory_unmap(map, n);
		c->blob = fcntl(k->blob, F_DUPFD_CLOEXEC, 3);
		if (!args.p || c->blob < 0)
			goto fail;
	}
	if (call_args(g, c, args, &refusal))
		return c;
fail:
	call_free(g, c);
	return NULL;
}

/* Does the verdict of now still ask for what the ticket was signed for; where it asks for
 * something else, do the signatures satisfy that too. */
static bool approvals_hold(struct gate *g, struct call *c, const struct record *r, struct krux_str signers)
{
	struct quorum q = ticket_quorum(g, c->agent);
	struct krux_err err = { 0 };
	struct krux_str now;

	if (c->judgement.verdict != KRUX_APPROVAL && !c->about)
		return true;
	if (entry_approvals(g->pool, c->judgement.obligation, &now, &err))
		return false;
	/* Who puts them in place looks for the very same. */
	return krux_str_eq(now, r->field[AUDIT_APPROVALS].s) ||
	       (!c->about && !quorum_holds(&q, c->ticket, now, signers, &err));
}

/* The deferred record goes along to the spawner, and is gone from carry by then. */
static bool bytes_hold(struct gate *g, struct call *c, struct krux_str bytes, struct krux_str more)
{
	c->held = lend_take(&g->lend, bytes.n + more.n, &c->held_room);
	if (!c->held)
		return false;
	memcpy(c->held, bytes.p, bytes.n);
	if (more.n)
		memcpy(c->held + bytes.n, more.p, more.n);
	c->held_n = bytes.n;
	c->held_more = more.n;
	return true;
}

static void release(struct gate *g, struct card *k, const struct carry_ticket *t)
{
	struct entry_ticket e = { .ticket = k->leaf, .signers = signers_write(g, t) };
	const char *why = "";
	struct record r;
	struct call *c = call_of(g, k, t, &r, &why);

	if (!c || !bytes_hold(g, c, t->bytes, (struct krux_str){ NULL, 0 }) || !e.signers.p) {
		ticket_end(g, k, AUDIT_KIND_EXPIRED, c ? "out of memory" : why);
		if (c)
			call_free(g, c);
		return;
	}
	call_decide(g, c);
	if (!approvals_hold(g, c, &r, e.signers)) {
		ticket_end(g, k, AUDIT_KIND_STALE, "the policy asks for other approvals by now");
		call_free(g, c);
		return;
	}
	if (c->judgement.verdict != KRUX_BLOCKED && !changes_expect(g, c)) {
		ticket_end(g, k, AUDIT_KIND_EXPIRED, "out of memory");
		call_free(g, c);
		return;
	}
	k->busy = true;
	c->release = true;
	if (c->judgement.verdict == KRUX_BLOCKED)
		call_record(g, c, AUDIT_KIND_DENIED, &e);
	else
		call_record(g, c, AUDIT_KIND_INTENT, &e);
}

static struct krux_str shown_of(const struct record *r)
{
	return record_has(r, AUDIT_SHOWN) ? r->field[AUDIT_SHOWN].s : (struct krux_str){ NULL, 0 };
}

/* Does nothing hold it, and do those who have accepted it and are approvers now satisfy its quorum. */
static bool is_due(struct gate *g, const struct card *k, const struct carry_ticket *t, const struct record *deferred)
{
	struct quorum q = ticket_quorum(g, k->agent);
	struct krux_err err = { 0 };
	struct krux_str signers;

	if (k->busy || !card_whole(k) || k->old || is_foreign(k, t) || g->retiring || g->frozen || k->agent->frozen || is_over(g, t) ||
	    !t->naccepts)
		return false;
	signers = signers_write(g, t);
	return signers.p && !quorum_holds(&q, k->leaf, deferred->field[AUDIT_APPROVALS].s, signers, &err);
}

void ticket_try(struct gate *g, struct card *k)
{
	const struct carry_ticket *t = carry_ticket_find(g->carry, k->leaf);
	struct krux_str path[TICKET_PATHS];
	const char *why = "";
	struct record r;
	struct call *c;
	size_t n;

	if (!ticket_record(t, &r) || !is_due(g, k, t, &r))
		return;
	c = call_of(g, k, t, &r, &why);
	n = c && !c->about ? ticket_paths(g, &c->request, path) : 0;
	if (c && !n)
		release(g, k, t);
	else if (!c || n > TICKET_PATHS || !spawner_look(g, card_cookie(k), t->workspace, path, n))
		ticket_end(g, k, AUDIT_KIND_EXPIRED, c ? "its files cannot be looked at" : why);
	else
		k->busy = true;
	if (c)
		call_free(g, c);
}

void ticket_seen(struct gate *g, struct card *k, struct krux_str shown)
{
	const struct carry_ticket *t = carry_ticket_find(g->carry, k->leaf);
	struct record r;

	if (!k->busy || !ticket_record(t, &r))
		return;
	k->busy = false;
	if (!shown.p)
		ticket_end(g, k, AUDIT_KIND_STALE, "the files that it is about cannot be looked at");
	else if (!krux_str_eq(shown, shown_of(&r)))
		ticket_end(g, k, AUDIT_KIND_STALE, "a file that was shown, or a tree, has changed, or is there by now");
	else if (is_due(g, k, t, &r))          /* still: much may be recorded while the spawner looks */
		release(g, k, t);
}

void tickets_retry(struct gate *g)
{
	for (struct card *k = g->cards, *next; k; k = next) {
		next = k->next;
		ticket_try(g, k);
	}
}

static void revoked_end(struct gate *g, struct card *k)
{
	ticket_end(g, k, AUDIT_KIND_EXPIRED, "the agent has been taken out");
}

void tickets_revoke(struct gate *g, const struct agent *a)
{
	for (struct card *k = g->cards, *next; k; k = next) {
		const struct carry_ticket *t = carry_ticket_find(g->carry, k->leaf);

		next = k->next;
		/* The others when they are not busy any more. */
		if (k->agent == a && t && !k->busy && !g->retiring && is_foreign(k, t))
			revoked_end(g, k);
	}
}

void ticket_unreleased(struct gate *g, const struct call *c, uint32_t status)
{
	struct card *k = card_find(g, c->ticket);

	/* It has gone another way; or it waits on, while frozen, or since a signature counts no more or its time is over. */
	if (k && (status != ACK_TICKET || carry_ticket_find(g->carry, k->leaf)))
		k->busy = false;
	else
		ticket_gone(g, c->ticket, "it is decided, withdrawn or over already", 0);
}

void ticket_released(struct gate *g, struct call *c)
{
	ticket_gone(g, c->ticket, NULL, c->seq);
}

/* ---- another bundle ---- */

static void renewed_done(struct gate *g, struct op *op, const struct message_ack *a)
{
	struct card *k = card_find(g, op->ticket);
	struct call *c = call_at(g, op->id);
	struct entry_ticket e = { .ticket = NULL };
	struct request_refusal refusal;
	struct krux_str args;

	if (k && a->status == ACK_OK)
		ticket_voided(g, k, "the policy has changed, and the call was to be decided again", a->seq);
	if (!c)
		return;
	args = (struct krux_str){ krux_pool_copy(g->pool, c->held, c->held_n + c->held_more), c->held_n };
	e.shown = (struct krux_str){ args.p ? args.p + c->held_n : NULL, c->held_more };
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	c->request.cbor = (struct krux_str){ NULL, 0 };
	e.expires = c->deadline;
	c->deadline = 0;
	if (a->status == ACK_OK && args.p && call_args(g, c, args, &refusal)) {
		call_decide(g, c);
		if (c->judgement.verdict == KRUX_APPROVAL || (c->about && c->judgement.verdict != KRUX_BLOCKED)) {
			call_record(g, c, AUDIT_KIND_DEFERRED, &e);
			return;
		}
	}
	ticket_unrenewed(g, c->agent, op->ticket);
	call_free(g, c);
}

/* Same obligations: the old ticket is void, with its signatures, and a new one takes its place. */
static void renew(struct gate *g, struct card *k)
{
	const struct carry_ticket *t = carry_ticket_find(g->carry, k->leaf);
	struct krux_str now = { NULL, 0 };
	struct record r = { 0 }, old;
	struct krux_err err = { 0 };
	const char *why = "";
	struct op *op = NULL;
	struct call *c;

	if (!t)
		return;
	c = call_of(g, k, t, &old, &why);
	if (c) {
		call_decide(g, c);
		why = "the policy has changed, and asks for something else now";
		if (c->judgement.verdict == KRUX_BLOCKED || (c->judgement.verdict != KRUX_APPROVAL && !c->about) || entry_approvals(g->pool, c->judgement.obligation, &now, &err) ||
		    !krux_str_eq(now, old.field[AUDIT_APPROVALS].s) ||
		    c->judgement.obligation->ttl != old.field[AUDIT_TTL].u || !bytes_hold(g, c, c->request.cbor, shown_of(&old))) {
			call_free(g, c);
			c = NULL;
		}
	}
	k->old = false;
	if (!c) {
		ticket_end(g, k, AUDIT_KIND_EXPIRED, why);
		return;
	}
	record_set(&r, AUDIT_KIND, AUDIT_KIND_EXPIRED);
	record_bytes(&r, AUDIT_TICKET, k->leaf, TICKET_LEN);
	record_text(&r, AUDIT_WHY, "the policy has changed; another ticket takes its place");
	op = append_op(g, &r, renewed_done);
	if (!op) {
		k->old = true;
		call_free(g, c);
		return;
	}
	k->busy = true;
	c->renewal = true;
	c->deadline = t->expires;
	op->id = c->cookie;
	memcpy(op->ticket, k->leaf, TICKET_LEN);
}

void tickets_tick(struct gate *g)
{
	bool renewing = g->renew;

	for (struct card *k = g->cards, *next; k; k = next) {
		const struct carry_ticket *t = carry_ticket_find(g->carry, k->leaf);

		next = k->next;
		if (k->busy || !t || g->retiring)
			continue;
		if (is_foreign(k, t))
			revoked_end(g, k);
		else if (is_over(g, t))
			ticket_end(g, k, AUDIT_KIND_EXPIRED, "its time is over");
		else if (renewing && k->old && card_whole(k))
			renew(g, k);
		krux_pool_reset(g->pool);
	}
}
