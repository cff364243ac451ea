/* Calls that wait for a person: one card for each ticket, found by its name or by what was asked.
 * The queue itself follows from the records; a card only adds what those do not hold. */
#include "runtime/gate/gate_part.h"

#include "capspec/digest.h"
#include "capspec/item.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- cards ---- */

struct card *card_find(const struct gate *g, const uint8_t leaf[static TICKET_LEN])
{
	for (struct card *k = g->cards; k; k = k->next)
		if (!memcmp(k->leaf, leaf, TICKET_LEN))
			return k;
	return NULL;
}

bool ticket_rests(const struct gate *g, const uint8_t leaf[static TICKET_LEN])
{
	const struct card *k = card_find(g, leaf);

	return k && !k->busy;
}

uint64_t card_cookie(const struct card *k)
{
	uint64_t v;

	memcpy(&v, k->leaf, sizeof v);
	return v >> (64 - COOKIE_SHIFT) | (uint64_t)COOKIE_CARD << COOKIE_SHIFT;
}

struct card *card_at(const struct gate *g, uint64_t cookie)
{
	for (struct card *k = g->cards; k; k = k->next)
		if (card_cookie(k) == cookie)
			return k;
	return NULL;
}

void card_same(const struct agent *a, struct krux_str capability, uint64_t major, uint64_t minor, struct krux_str args,
               uint8_t out[static 32])
{
	uint64_t n[] = { strlen(a->name), strlen(a->workspace), capability.n, major, minor, args.n };
	const struct krux_str part[] = {
		KRUX_STR("krux/same/1"), { (const char *)n, sizeof n }, { a->name, n[0] },
		{ a->workspace, n[1] }, capability, args,
	};

	krux_sha256_parts(part, sizeof part / sizeof *part, out);
}

struct card *card_of_same(const struct gate *g, const struct agent *a, const uint8_t same[static 32])
{
	for (struct card *k = g->cards; k; k = k->next)
		if (k->ready && k->agent == a && !memcmp(k->same, same, 32))
			return k;
	return NULL;
}

struct card *card_new(struct gate *g, const uint8_t leaf[static TICKET_LEN], struct agent *a)
{
	struct card *k = ended_open(g, a) ? calloc(1, sizeof *k) : NULL, **at = &g->cards;

	if (!k)
		return NULL;
	memcpy(k->leaf, leaf, TICKET_LEN);
	k->agent = a;
	k->blob = k->changes = -1;
	while (*at)
		at = &(*at)->next;
	*at = k;
	g->ncards++;
	a->ntickets++;
	return k;
}

static void card_drop(struct gate *g, struct card *k)
{
	struct card **at = &g->cards;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	if (k->blob >= 0)
		close(k->blob);
	if (k->changes >= 0)
		close(k->changes);
	k->agent->ntickets--;
	g->ncards--;
	free(k);
}

/* ---- tickets that are there already ---- */

static bool version_read(struct krux_str field, uint64_t out[static 2])
{
	struct item_in in = { (const uint8_t *)field.p, (const uint8_t *)field.p + field.n, NULL };
	uint64_t two;

	return item_take(&in, ITEM_LIST, &two) && item_take(&in, ITEM_UINT, &out[0]) &&
	       item_take(&in, ITEM_UINT, &out[1]);
}

static void card_known(struct card *k, const struct record *r, struct krux_str args)
{
	uint64_t v[2] = { 0 };

	version_read(r->field[AUDIT_VERSION].s, v);
	k->ready = true;
	/* What waits is no call that could be asked for again. */
	if (k->about) {
		memcpy(k->same, k->leaf, sizeof k->same);
		return;
	}
	card_same(k->agent, r->field[AUDIT_CAPABILITY].s, v[0], v[1], args, k->same);
}

bool ticket_record(const struct carry_ticket *t, struct record *r)
{
	const char *why;
	size_t used;

	return t && record_decode((const uint8_t *)t->bytes.p, t->bytes.n, r, &used, &why);
}

/* The name is the first item of the pair. */
static bool blob_ask(struct gate *g, const struct card *k, const struct record *r, enum audit_field f)
{
	struct part part = { r->field[f].s.p + 3, HASH_LEN };
	struct krux_err err = { 0 };

	g->recorder.lazy = false;
	return !channel_put(&g->recorder.channel, MESSAGE_BLOB, card_cookie(k), &part, 1, &err);
}

/* Its arguments are in the record, or are asked for; and its changes are, where it is about such. */
static bool card_restore(struct gate *g, const struct carry_ticket *t)
{
	struct agent *a = agent_find(g, t->agent);
	struct record r;
	struct card *k;

	if (!a || !ticket_record(t, &r))
		return true;
	k = card_new(g, t->leaf, a);
	if (!k)
		return false;
	k->about = record_has(&r, AUDIT_ABOUT) ? r.field[AUDIT_ABOUT].u : 0;
	if (k->about && !blob_ask(g, k, &r, AUDIT_RESULT_BLOB))
		return false;
	k->old = memcmp(r.field[AUDIT_BUNDLE].s.p, g->policy->bundle.digest, HASH_LEN) != 0;
	if (record_has(&r, AUDIT_ARGS)) {
		card_known(k, &r, r.field[AUDIT_ARGS].s);
		return true;
	}
	return blob_ask(g, k, &r, AUDIT_ARGS_BLOB);
}

int tickets_open(struct gate *g, struct krux_err *err)
{
	for (size_t i = 0; i < carry_tickets(g->carry); i++)
		if (!card_restore(g, carry_ticket(g->carry, i)))
			return err_set(err, ENOMEM, "know the tickets");
	return 0;
}

void tickets_close(struct gate *g)
{
	while (g->cards)
		card_drop(g, g->cards);
}

static bool blob_is_of(const uint8_t *p, size_t n, const struct record *r, enum audit_field f, struct krux_str *content)
{
	return record_has(r, f) && blob_is(p, n, (const uint8_t *)r->field[f].s.p + 3, content);
}

bool card_whole(const struct card *k)
{
	return k->ready && (!k->about || k->changes >= 0);
}

void ticket_blob(struct gate *g, uint64_t cookie, struct message *m)
{
	struct card *k = card_at(g, cookie);
	struct krux_err err = { 0 };
	struct krux_str content;
	const uint8_t *p;
	struct record r;
	size_t n;

	if (!k || k->busy || card_whole(k) || !ticket_record(carry_ticket_find(g->carry, k->leaf), &r))
		return;
	if (!m->nfds) {
		ticket_end(g, k, AUDIT_KIND_EXPIRED, "its arguments or its changes are no longer kept");
		return;
	}
	p = memory_map(m->fd[0], FRAME_MAX, &n, &err);
	if (p && !k->ready && blob_is_of(p, n, &r, AUDIT_ARGS_BLOB, &content)) {
		k->blob = m->fd[0];
		m->fd[0] = -1;
		card_known(k, &r, content);
	} else if (p && k->about && blob_is_of(p, n, &r, AUDIT_RESULT_BLOB, &content)) {
		k->changes = m->fd[0];
		m->fd[0] = -1;
	}
	if (card_whole(k))
		ticket_try(g, k);
	if (p)
		memory_unmap(p, n);
}

void tickets_follow(struct gate *g, const struct record *r, const uint8_t leaf[static HASH_LEN])
{
	uint64_t kind = r->field[AUDIT_KIND].u;

	if (kind == AUDIT_KIND_DEFERRED) {
		if (!card_find(g, leaf))
			card_restore(g, carry_ticket_find(g->carry, leaf));
		g->renew = true;
	} else if (record_has(r, AUDIT_TICKET) && kind != AUDIT_KIND_SIGNED && kind != AUDIT_KIND_REFUSED) {
		ticket_gone(g, (const uint8_t *)r->field[AUDIT_TICKET].s.p,
		            "it was decided while the policy changed; look in the log", r->field[AUDIT_SEQ].u);
	}
}

/* ---- their ends ---- */

/* To one of those who wait, in the form that was asked for. */
static void answer_pass(struct session *s, unsigned flags, const struct krux_capability *cap, const struct frame *f,
                        int fd)
{
	bool json = (flags & FRAME_FLAG_JSON) && f->answer.end == FRAME_END_DONE &&
	            (f->answer.output.p || f->answer.has_size);
	struct frame own = *f;
	int file = fd;

	if (json)
		tell_json(s->gate, cap, &own, &file);
	s->send(s, &own, file);
	if (json && file >= 0)
		close(file);
}

static void ended_send(struct session *s, uint64_t id, unsigned flags, const struct ended *e)
{
	struct frame f = { .kind = FRAME_ANSWER, .has_id = true, .id = id };
	const char *why;

	if (!e->frame || frame_decode(FRAME_TO_AGENT, (struct krux_str){ (char *)e->frame + FRAME_HEAD,
	                                                                 e->n - FRAME_HEAD }, &f, &why)) {
		f.answer.end = e->end;
		f.answer.why = (struct krux_str){ e->why, strlen(e->why) };
		f.answer.record = e->seq;
		f.answer.has_record = true;
		f.answer.ticket = e->leaf;
	}
	f.id = id;
	answer_pass(s, flags, e->cap, &f, -1);
}

static void waiting_tell(struct gate *g, const struct ended *e)
{
	for (struct call *c = g->waiting, *next; c; c = next) {
		next = c->same_slot;
		if (memcmp(c->ticket, e->leaf, TICKET_LEN) != 0)
			continue;
		ended_send(c->session, c->id, c->flags, e);
		call_free(g, c);
	}
}

void ticket_unrenewed(struct gate *g, const struct agent *a, const uint8_t leaf[static TICKET_LEN])
{
	const struct ended *e = ended_find(a, leaf);

	if (e)
		waiting_tell(g, e);
}

void ticket_voided(struct gate *g, struct card *k, const char *why, uint64_t seq)
{
	ended_keep(k->agent, k->leaf, seq, why);
	card_drop(g, k);
}

void ticket_gone(struct gate *g, const uint8_t leaf[static TICKET_LEN], const char *why, uint64_t seq)
{
	struct card *k = card_find(g, leaf);

	if (!k)
		return;
	if (why)
		waiting_tell(g, ended_keep(k->agent, leaf, seq, why));
	card_drop(g, k);
}

void ticket_answered(struct gate *g, struct call *c, struct frame *f, int fd)
{
	struct ended *e = ended_keep(c->agent, c->ticket, c->seq, NULL);

	ended_answer(g, c->agent, e, c->request.cap, f);
	for (struct call *w = g->waiting, *next; w; w = next) {
		next = w->same_slot;
		if (memcmp(w->ticket, c->ticket, TICKET_LEN) != 0)
			continue;
		f->id = w->id;
		answer_pass(w->session, w->flags, c->request.cap, f, fd);
		call_free(g, w);
	}
}

void ticket_renewed(struct gate *g, const struct agent *a, const uint8_t old[static TICKET_LEN],
                    const uint8_t leaf[static TICKET_LEN])
{
	struct ended *e = ended_find(a, old);

	if (e) {
		e->renewed = true;
		memcpy(e->next, leaf, TICKET_LEN);
	}
	for (struct call *c = g->waiting; c; c = c->same_slot)
		if (!memcmp(c->ticket, old, TICKET_LEN))
			memcpy(c->ticket, leaf, TICKET_LEN);
}

static void ended_done(struct gate *g, struct op *op, const struct message_ack *a)
{
	struct card *k = card_find(g, op->ticket);

	if (a->status == ACK_OK)
		ticket_gone(g, op->ticket, op->why, a->seq);
	else if (k)
		k->busy = false;
}

void ticket_end(struct gate *g, struct card *k, enum audit_kind kind, const char *why)
{
	struct record r = { 0 };
	struct op *op;

	record_set(&r, AUDIT_KIND, kind);
	record_bytes(&r, AUDIT_TICKET, k->leaf, TICKET_LEN);
	record_text(&r, AUDIT_WHY, why);
	op = append_op(g, &r, ended_done);
	if (!op)
		return;
	k->busy = true;
	memcpy(op->ticket, k->leaf, TICKET_LEN);
	snprintf(op->why, sizeof op->why, "%s", why);
}

/* ---- what agents ask ---- */

static void waits_still(struct session *s, uint64_t id, const struct card *k)
{
	const struct carry_ticket *t = carry_ticket_find(s->gate->carry, k->leaf);
	struct frame f = { .kind = FRAME_ANSWER, .has_id = true, .id = id,
		           .answer = { .end = FRAME_END_DEFERRED, .ticket = k->leaf } };
	struct record r;

	if (ticket_record(t, &r)) {
		f.answer.verdict = k->about ? KRUX_APPROVAL : r.field[AUDIT_VERDICT].u;
		f.answer.has_verdict = true;
		f.answer.rule = r.field[AUDIT_RULE].s;
		f.answer.source = r.field[AUDIT_SOURCE].s;
		f.answer.record = t->seq;
		f.answer.has_record = true;
		if (record_has(&r, AUDIT_REASON))
			f.answer.reason = r.field[AUDIT_REASON].s;
	}
	f.answer.remedy = k->about ? (struct krux_str){ changes_remedy, strlen(changes_remedy) } :
	                  KRUX_STR("A person has not decided yet. Wait for the ticket, or withdraw it.");
	s->send(s, &f, -1);
}

bool ticket_unwait(struct gate *g, struct call *c)
{
	const struct card *k = card_find(g, c->ticket);

	if (!k)
		return false;
	waits_still(c->session, c->id, k);
	call_free(g, c);
	return true;
}

static void withdrawn_done(struct gate *g, struct op *op, const struct message_ack *a)
{
	struct call *c = call_at(g, op->id);
	const struct ended *e;

	ended_done(g, op, a);
	if (!c)
		return;
	e = ended_find(c->agent, op->ticket);
	if (c->session && a->status == ACK_OK && e)
		ended_send(c->session, c->id, c->flags, e);
	else if (c->session)
		tell_error(c->session, true, c->id, FRAME_ERROR_TICKET, ack_text(a->status), 0);
	call_free(g, c);
}

static void withdraw(struct session *s, uint64_t id, struct card *k)
{
	struct gate *g = s->gate;
	struct call *c = k->busy ? NULL : call_new(g, s, s->agent, id, 0);
	struct record r = { 0 };
	struct op *op;

	record_set(&r, AUDIT_KIND, AUDIT_KIND_WITHDRAWN);
	record_bytes(&r, AUDIT_TICKET, k->leaf, TICKET_LEN);
	op = c ? append_op(g, &r, withdrawn_done) : NULL;
	if (!op) {
		tell_error(s, true, id, FRAME_ERROR_TICKET, k->busy ? "it is being decided just now"
		                                                      : "it cannot be recorded now", 0);
		if (c)
			call_free(g, c);
		return;
	}
	k->busy = true;
	op->id = c->cookie;
	memcpy(op->ticket, k->leaf, TICKET_LEN);
	snprintf(op->why, sizeof op->why, "the agent has withdrawn it");
}

bool ticket_wait(struct session *s, uint64_t id, unsigned flags, const uint8_t leaf[static TICKET_LEN])
{
	struct call *c = call_new(s->gate, s, s->agent, id, flags | FRAME_FLAG_WAIT);

	if (!c)
		return false;
	memcpy(c->ticket, leaf, TICKET_LEN);
	c->has_ticket = true;
	call_waits(s->gate, c);
	tell_progress(c, "waiting");
	return true;
}

/* A ticket whose call runs just now. */
static bool is_running(struct gate *g, const struct agent *a, const uint8_t leaf[static TICKET_LEN])
{
	for (unsigned i = 0; i < GATE_SEQS; i++)
		for (const struct call *c = g->by_seq[i]; c; c = c->same_slot)
			if (c->release && c->agent == a && !memcmp(c->ticket, leaf, TICKET_LEN))
				return true;
	return false;
}

void ticket_frame(struct session *s, const struct frame *f)
{
	struct gate *g = s->gate;
	const uint8_t *leaf = f->ticket.ticket;
	const struct ended *e = ended_find(s->agent, leaf);
	uint64_t what = f->ticket.what;
	unsigned flags = f->ticket.has_flags ? (unsigned)f->ticket.flags : 0;
	struct card *k;

	if (call_find(s, f->id)) {
		tell_error(s, true, f->id, FRAME_ERROR_ID, "a call of this id is under way", 0);
		return;
	}
	while (e && e->renewed && (leaf = e->next))
		e = ended_find(s->agent, leaf);
	k = card_find(g, leaf);
	if (k && k->agent == s->agent && what == FRAME_TICKET_POLL) {
		waits_still(s, f->id, k);
	} else if (k && k->agent == s->agent && what == FRAME_TICKET_WITHDRAW) {
		withdraw(s, f->id, k);
	} else if ((k && k->agent == s->agent) || is_running(g, s->agent, leaf)) {
		if (s->ncalls >= g->limits.calls || !ticket_wait(s, f->id, flags, leaf))
			tell_error(s, true, f->id, FRAME_ERROR_CALLS, "too many calls are under way", 0);
	} else if (e) {
		ended_send(s, f->id, flags, e);
	} else {
		tell_error(s, true, f->id, FRAME_ERROR_TICKET, "this agent has no such ticket", 0);
	}
}
