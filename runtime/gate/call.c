/* A call on one screen: read it, decide it, record it, run it, tell how it ended.
 *
 * Between these steps a call waits for another process, and the gate does something else; what
 * comes back finds it by its cookie. Decisions are made one after the other, and a call counts in
 * all facts from the moment its record is on its way. Nothing runs before its intent is on disk. */
#include "runtime/gate/gate_part.h"

#include "runtime/decide/facts.h"
#include "runtime/spawn/spawn.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool call_admit(struct session *s, const struct frame *f)
{
	struct gate *g = s->gate;

	if (call_find(s, f->id)) {
		tell_error(s, true, f->id, FRAME_ERROR_ID, "a call of this id is under way", 0);
	} else if (g->draining) {
		tell_error(s, true, f->id, FRAME_ERROR_DRAINING, "the daemon stops; nothing was done", 0);
	} else if (s->agent->ncalls - s->agent->ntold >= GATE_AGENT_CALLS) {
		tell_error(s, true, f->id, FRAME_ERROR_CALLS, "too many calls of this agent are under way", 100);
	} else if (s->ncalls >= g->limits.calls) {
		tell_error(s, true, f->id, FRAME_ERROR_CALLS, "too many calls are under way on this connection", 0);
	} else if (g->frozen || s->agent->frozen) {
		struct record r = { 0 };

		record_set(&r, AUDIT_KIND, AUDIT_KIND_REFUSED);
		record_text(&r, AUDIT_WHY, "a call while frozen");
		record_text(&r, AUDIT_AGENT, s->agent->name);
		append_only(g, &r);
		tell_error(s, true, f->id, FRAME_ERROR_FROZEN,
		             g->frozen ? "all agents are held; nothing was done"
		                       : "this agent is held; nothing was done", 0);
	} else {
		return true;
	}
	return false;
}

static bool call_read(struct gate *g, struct call *c, const struct frame *f, struct request_refusal *r)
{
	if (!request_name(g->policy->abi, g->policy->cap, g->policy->ncaps, f->call.capability,
	                  &c->request, r))
		return false;
	if (!f->call.json.p)
		return call_args(g, c, f->call.args, r);
	return request_args(g->pool, f->call.json, &c->request, r) &&
	       call_args(g, c, c->request.cbor, r);
}

static void call_invalid(struct gate *, struct call *, const struct frame *, const struct request_refusal *);
static void call_pure(struct gate *, struct call *);

void call_begin(struct session *s, const struct frame *f)
{
	struct gate *g = s->gate;
	struct request_refusal refusal;
	struct call *c;

	if (!call_admit(s, f))
		return;
	c = call_new(g, s, s->agent, f->id, f->call.has_flags ? (unsigned)f->call.flags : 0);
	if (!c) {
		tell_error(s, true, f->id, FRAME_ERROR_CALLS, "the daemon has too many calls under way", 100);
		return;
	}
	if (f->call.has_deadline && f->call.deadline < UINT64_MAX / 2000000)
		c->deadline = g->loop.now + f->call.deadline * 1000000;
	if (call_read(g, c, f, &refusal))
		call_settle(g, c, NULL);
	else
		call_invalid(g, c, f, &refusal);
}

void call_decide(struct gate *g, struct call *c)
{
	struct krux_str agent = { c->agent->name, strlen(c->agent->name) };

	facts_begin(g->facts, g->tally, c->agent->counted, c->agent->place, gate_wall());
	judge_aim(g->judge, c->request.index, agent);
	if (c->about)
		facts_counted(g->facts);
	judge_decide(g->judge, &c->request.args, &c->judgement);
	if (c->about)
		changes_judged(c);
}

/* A run that may leave changes for a person takes room for them; or is told that there is none. */
static bool changes_may(struct gate *g, struct call *c)
{
	const char *why = c->request.cap->approves_changes ? changes_full(g, c->agent) : NULL;

	if (why)
		tell_error(c->session, true, c->id, FRAME_ERROR_CALLS, why, 0);
	else if (changes_expect(g, c))
		return true;
	else
		tell_error(c->session, true, c->id, FRAME_ERROR_UNRECORDED, "out of memory; nothing was done", 0);
	call_free(g, c);
	return false;
}

void call_settle(struct gate *g, struct call *c, const struct krux_str *shown)
{
	call_decide(g, c);
	switch (c->judgement.verdict) {
	case KRUX_AUTONOMOUS:
	case KRUX_NOTIFY:
		/* Who is served alone sees the number of its record, which is worth a moment. */
		if (pure_is(c->request.cap) && !g->options.agent && !g->unrecorded)
			call_pure(g, c);
		else if (!background_admit(g, c))
			call_free(g, c);
		else if (changes_may(g, c))
			call_record(g, c, AUDIT_KIND_INTENT, NULL);
		return;
	case KRUX_APPROVAL:
		ticket_defer(g, c, shown);
		return;
	default:
		call_record(g, c, AUDIT_KIND_DENIED, NULL);
	}
}

static void call_notify(struct gate *, const struct call *);
static void call_unrecorded(struct gate *, struct call *, uint32_t status);
static void call_run(struct gate *, struct call *, const struct message_ack *, struct krux_str record);
static void call_pure_outcome(struct gate *, struct call *);

void call_acked(struct gate *g, struct call *c, const struct message_ack *a, struct krux_str record)
{
	/* What is refused for another reason says nothing of the disk. */
	if (a->status == ACK_OK)
		g->unrecorded = false;
	else if (a->status == ACK_FULL || a->status == ACK_FAILED)
		g->unrecorded = true;
	if (a->status != ACK_OK) {
		call_unrecorded(g, c, a->status);
		return;
	}
	c->seq = a->seq;
	if (c->claimed)
		tally_record(g->tally, &c->claim, a->wall);
	c->claimed = false;
	switch (c->kind) {
	case AUDIT_KIND_INTENT:
		call_notify(g, c);
		if (c->stage == CALL_TOLD)
			call_pure_outcome(g, c);
		else
			call_run(g, c, a, record);
		return;
	case AUDIT_KIND_DEFERRED:
		ticket_deferred(g, c, a);
		return;
	case AUDIT_KIND_DENIED:
		if (c->about && c->keeps)
			changes_denied(g, c);
		else if (c->release)
			ticket_gone(g, c->ticket, "the policy of now denies it", a->seq);
		else
			tell_refusal(c);
		break;
	default:
		tell_invalid(c, (const struct request_refusal *)c->held);
	}
	call_free(g, c);
}

/* ---- reading ---- */

bool call_args(struct gate *g, struct call *c, struct krux_str cbor, struct request_refusal *r)
{
	struct krux_decode_error why;
	struct krux_refusal cut;

	judge_aim(g->judge, c->request.index, (struct krux_str){ c->agent->name, strlen(c->agent->name) });
	if (!judge_decode(g->judge, cbor, &why)) {
		request_refuse(c->request.cap, why.field, why.why, r);
		return false;
	}
	if (cbor.p == c->request.cbor.p && cbor.n)
		return true;                   /* from JSON: the value is there */
	c->request.cbor = cbor;
	if (krux_cbor_read(g->pool, (const uint8_t *)cbor.p, cbor.n, &c->request.args, &cut))
		return true;
	request_refuse(c->request.cap, cut.where, cut.why, r);
	return false;
}

/* ---- records ---- */

static const uint8_t *nonce_draw(struct gate *g)
{
	if (!g->ndrawn) {
		randombytes_buf(g->drawn, sizeof g->drawn);
		g->ndrawn = sizeof g->drawn / sizeof *g->drawn;
	}
	return g->drawn[--g->ndrawn];
}

static struct entry call_entry(struct gate *g, const struct call *c, struct entry_memory *memory)
{
	struct entry e = {
		.pool = g->pool, .blobs = -1, .memory = memory, .args_blob = c->blob >= 0 ? &c->blob : NULL,
		.agent = c->agent->name, .workspace = c->agent->workspace, .auth = c->auth,
		.uid = c->uid, .connection = c->connection, .runs_as = c->agent->runs_as,
		.claimed = c->session ? c->session->claimed : NULL,
		.dev = g->policy->bundle.key.dev,
	};

	memcpy(e.bundle, g->policy->bundle.digest, sizeof e.bundle);
	return e;
}

static void memory_close(struct entry_memory *m)
{
	while (m->n)
		close(m->fd[--m->n]);
}

/* It cannot be recorded, so it is not done. */
static void call_unrecorded(struct gate *g, struct call *c, uint32_t status)
{
	enum frame_error code = status == ACK_FROZEN ? FRAME_ERROR_FROZEN :
	                        status == ACK_AGENT ? FRAME_ERROR_REVOKED :
	                        FRAME_ERROR_UNRECORDED;

	if (c->claimed)
		tally_forget(g->tally, &c->claim);
	c->claimed = false;
	if (c->about && c->keeps)
		changes_unrecorded(g, c);
	else if (c->release)
		ticket_unreleased(g, c, status);
	else if (c->renewal)
		ticket_unrenewed(g, c->agent, c->ticket);
	else if (c->session && !c->pure)
		tell_error(c->session, true, c->id, code, ack_text(status), 0);
	call_free(g, c);
}

static uint32_t call_append_flags(const struct gate *g, const struct call *c)
{
	uint32_t flags = c->pure ? APPEND_LAZY | APPEND_HERE : 0;

	return flags | (g->watched || c->release ? APPEND_ECHO : 0);
}

/* The arguments' memory file comes along when the call runs. */
static void blob_keep(struct call *c, const struct record *r, struct entry_memory *memory)
{
	if (!record_has(r, AUDIT_ARGS_BLOB) || !memory->n || c->blob >= 0)
		return;
	c->blob = memory->fd[0];
	memory->n--;
	memmove(memory->fd, memory->fd + 1, memory->n * sizeof *memory->fd);
}

bool call_record(struct gate *g, struct call *c, enum audit_kind kind, const struct entry_ticket *ticket)
{
	struct entry_memory memory = { .n = 0 };
	struct entry e = call_entry(g, c, &memory);
	struct entry_changes changes = { .about = c->about, .blob = c->salted ? &c->changes : NULL };
	const uint8_t *map = NULL;
	struct record r;
	size_t n = 0;

	e.ticket = ticket;
	e.nonce = nonce_draw(g);
	e.changes = c->about && kind != AUDIT_KIND_INTENT ? &changes : NULL;
	c->kind = kind;
	c->stage = CALL_RECORDING;
	if (c->about && kind == AUDIT_KIND_DEFERRED && !(map = changes_map(c, &n, &changes.content)))
		goto fail;
	if (entry_decided(&e, kind, g->policy->abi, &c->request, &c->judgement, g->facts, &r, NULL))
		goto fail;
	if (kind == AUDIT_KIND_INTENT) {
		c->claim = (struct tally_claim){ c->agent->counted, c->agent->place,
			                         c->judgement.obligation, c->request.index,
			                         c->amount };
		tally_submit(g->tally, &c->claim, &c->request.args);
		c->claimed = true;
		background_count(g, c);
	}
	if (append(g, &r, c->cookie, call_append_flags(g, c), &memory, NULL))
		goto fail;
	if (kind != AUDIT_KIND_DENIED)
		blob_keep(c, &r, &memory);
	if (map)
		changes_salted(c, &memory);
	memory_close(&memory);
	memory_unmap(map, n);
	return true;
fail:
	memory_close(&memory);
	memory_unmap(map, n);
	call_unrecorded(g, c, ACK_MALFORMED);
	return false;
}

static void call_invalid(struct gate *g, struct call *c, const struct frame *f,
                         const struct request_refusal *refusal)
{
	struct krux_str input = f->call.json.p ? f->call.json : f->call.args;
	struct entry e = call_entry(g, c, NULL);
	struct record r;

	c->kind = AUDIT_KIND_INVALID;
	c->stage = CALL_RECORDING;
	c->held = lend_take(&g->lend, sizeof *refusal, &c->held_room);
	if (!c->held || entry_invalid(&e, f->call.capability, input, refusal->why, &r, NULL) ||
	    append(g, &r, c->cookie, call_append_flags(g, c), NULL, NULL)) {
		call_unrecorded(g, c, ACK_MALFORMED);
		return;
	}
	memcpy(c->held, refusal, sizeof *refusal);
}

static void call_notify(struct gate *g, const struct call *c)
{
	struct entry e = call_entry(g, c, NULL);
	struct record r;

	if (c->judgement.verdict != KRUX_NOTIFY && !c->judgement.obligation->notify)
		return;
	if (entry_notify(&e, c->seq, &c->request, &c->judgement, &r, NULL))
		return;
	append_only(g, &r);
	gate_notify(g, report_event(g, &r, c->seq));
}

/* ---- running ---- */

static void call_run(struct gate *g, struct call *c, const struct message_ack *a, struct krux_str record)
{
	struct krux_str ticket = { (char *)c->held, c->release ? c->held_n : 0 };
	unsigned slot = (unsigned)(c->seq % GATE_SEQS);

	c->stage = CALL_RUNNING;
	c->same_slot = g->by_seq[slot];
	g->by_seq[slot] = c;
	tell_progress(c, "recorded");
	if (c->cancelled)
		c->deadline = RUN_CANCELLED;
	if (spawner_run_call(g, c, a, record, ticket, NULL))
		c->lost = true;
	else
		tell_progress(c, "running");
	if (c->blob >= 0)
		close(c->blob);
	if (c->changes >= 0)
		close(c->changes);
	c->blob = c->changes = -1;
	lend_give(&g->lend, c->held, c->held_room);
	c->held = NULL;
	if (c->release)
		ticket_released(g, c);
}

static void call_ended(struct gate *g, struct call *c)
{
	if (c->changes >= 0 && c->keeps) {
		changes_defer(g, c);
		return;
	}
	tell_result(g, c);
	call_free(g, c);
}

static void result_files(struct call *c, struct message *m)
{
	struct message_result head = { .flags = 0 };
	unsigned at = 0;

	if (m->n >= sizeof head)
		memcpy(&head, m->body, sizeof head);
	if (head.flags & RESULT_OUTPUT_FD && at < m->nfds) {
		c->held_fd = m->fd[at];
		m->fd[at++] = -1;
	}
	if (head.flags & RESULT_CHANGES_FD && at < m->nfds && c->keeps) {
		c->changes = m->fd[at];
		m->fd[at] = -1;
	}
}

void call_result(struct gate *g, struct call *c, struct message *m)
{
	background_result(g, c);
	if (c->stage != CALL_RUNNING || c->held || c->runs)
		return;
	c->held = lend_take(&g->lend, m->n, &c->held_room);
	if (!c->held) {
		c->lost = true;                /* its outcome's record says how it ended */
		return;
	}
	memcpy(c->held, m->body, m->n);
	c->held_n = m->n;
	result_files(c, m);
	/* Where the capability says so, the record may follow the answer. */
	if (c->recorded || !c->request.cap->durable)
		call_ended(g, c);
}

void call_refused(struct gate *g, struct call *c, struct krux_str why)
{
	char text[256];

	if (c->stage != CALL_RUNNING)
		return;
	snprintf(text, sizeof text, "%.*s", (int)(why.n < sizeof text ? why.n : sizeof text - 1), why.p);
	if (c->cancelled)
		tell_end(g, c, FRAME_END_CANCELLED, "cancelled before anything ran");
	else
		tell_end(g, c, FRAME_END_BROKEN, text);
	call_free(g, c);
}

void call_outcome(struct gate *g, struct call *c, const struct record *r)
{
	c->recorded = true;
	if (c->runs) {
		call_free(g, c);
	} else if (c->held && !c->early) {
		call_ended(g, c);
	} else if (c->lost) {
		tell_record(g, c, r);
		call_free(g, c);
	}
}

void calls_lost(struct gate *g)
{
	for (unsigned i = 0; i < GATE_SEQS; i++)
		while (g->by_seq[i]) {
			struct call *c = g->by_seq[i];

			tell_end(g, c, FRAME_END_UNKNOWN, "what ran it is gone, and how it ended is not known");
			call_free(g, c);
		}
}

/* ---- calls that the gate answers itself ---- */

static void call_pure(struct gate *g, struct call *c)
{
	struct krux_str error = { "", 0 }, message = { "", 0 };
	struct krux_value output;
	bool done;

	if (!pure_run(g, &c->request, &done, &output, &error, &message)) {
		call_record(g, c, AUDIT_KIND_INTENT, NULL);     /* in a sandbox, then */
		return;
	}
	/* What its outcome's record will say. */
	c->held_n = done ? krux_cbor_write(&output, g->body, sizeof g->body) : error.n;
	c->held = lend_take(&g->lend, c->held_n, &c->held_room);
	if (!c->held) {
		call_unrecorded(g, c, ACK_FULL);
		return;
	}
	if (done && c->held_n > sizeof g->body)
		krux_cbor_write(&output, c->held, c->held_room);
	else
		memcpy(c->held, done ? g->body : (const void *)error.p, c->held_n);
	c->recorded = done;
	c->pure = true;
	/* The client has its answer while the record is made. */
	tell_pure(g, c, done ? &output : NULL, error, message);
	if (c->session)
		c->session->flush(c->session);
	if (!call_record(g, c, AUDIT_KIND_INTENT, NULL)) {
		gate_fail(g, 3, &(struct krux_err){ .text = "an answered call cannot be recorded" });
		return;
	}
	call_told(g, c);
}

static void call_pure_outcome(struct gate *g, struct call *c)
{
	static const char *const layers[] = { "gate" };
	struct entry_memory memory = { .n = 0 };
	struct entry e = call_entry(g, c, &memory);
	struct krux_str held = { (char *)c->held, c->held_n };
	struct entry_end end = { .intent = c->seq, .layer = layers, .nlayers = 1 };
	struct record r;

	end.end = c->recorded ? SPAWN_DONE : SPAWN_ERROR;
	if (c->recorded)
		end.result = held;
	else
		end.error = held;
	if (!entry_outcome(&e, &end, &r, NULL))
		append(g, &r, 0, APPEND_LAZY | (g->watched ? APPEND_ECHO : 0), &memory, NULL);
	memory_close(&memory);
	call_free(g, c);
}

/* ---- ending them early ---- */

void call_stop(struct session *s, uint64_t id)
{
	struct call *c = call_find(s, id);

	if (!c || c->cancelled)
		return;
	switch (c->stage) {
	case CALL_LOOKING:
		tell_end(s->gate, c, FRAME_END_CANCELLED, "cancelled before anything ran");
		call_free(s->gate, c);
		return;
	case CALL_WAITING:
		if (ticket_unwait(s->gate, c))
			return;
		break;
	case CALL_RUNNING:
		spawner_cancel(s->gate, c, CANCEL_ASKED);
		break;
	default:
		break;
	}
	c->cancelled = true;
}

static void call_revoke(struct gate *g, struct call *c)
{
	switch (c->stage) {
	case CALL_LOOKING:
	case CALL_WAITING:
		call_free(g, c);
		return;
	case CALL_RUNNING:
		if (!c->cancelled)
			spawner_cancel(g, c, c->counted ? CANCEL_AGENT : CANCEL_ASKED);
		break;
	default:
		break;
	}
	/* If its record is taken after all, it runs with a deadline that is past. */
	c->cancelled = true;
}

void calls_revoke(struct gate *g, const struct agent *a)
{
	calls_each(g, a, call_revoke);
}

void calls_orphan(struct session *s)
{
	for (struct call *c = s->first, *next; c; c = next) {
		next = c->next;
		if (c->stage == CALL_WAITING || c->stage == CALL_LOOKING)
			call_free(s->gate, c);
		else
			call_leave(c);
	}
}
