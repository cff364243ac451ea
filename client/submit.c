/* Requests: encoded, sent as far as the daemon's limits allow, found again by their number. */
#include "client/conn.h"

#include "client/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---- */

struct pending *pending_find(const struct krux *k, uint64_t id)
{
	struct pending *p = k->bucket[id % CONN_BUCKETS];

	while (p && p->id != id)
		p = p->next;
	return p;
}

static void pending_add(struct krux *k, struct pending *p)
{
	struct pending **bucket = &k->bucket[p->id % CONN_BUCKETS];

	p->next = *bucket;
	*bucket = p;
	p->before = k->last;
	*(k->last ? &k->last->after : &k->first) = p;
	k->last = p;
	if (!k->unsent)
		k->unsent = p;
	if (p->until && (!k->earliest || p->until < k->earliest))
		k->earliest = p->until;
	k->npending++;
}

static void pending_remove(struct krux *k, struct pending *p)
{
	struct pending **at = &k->bucket[p->id % CONN_BUCKETS];

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (k->unsent == p)
		k->unsent = p->after;
	*(p->before ? &p->before->after : &k->first) = p->after;
	*(p->after ? &p->after->before : &k->last) = p->before;
	if (p->sent && !p->deferred) {
		k->under_way--;
		k->bytes -= p->n;
	}
	free(p->bytes);
	free(p);
}

void pending_free_all(struct krux *k)
{
	while (k->first)
		pending_remove(k, k->first);
}

/* To the request's callback, or into the row. */
static void outcome_give(struct krux *k, krux_done_fn *done, void *ctx, struct outcome *o)
{
	bool inside = k->inside;

	k->npending--;
	if (!o)
		return;
	if (!done) {
		*(k->ready ? &k->ready_last->next : &k->ready) = o;
		k->ready_last = o;
		return;
	}
	k->inside = true;
	done(ctx, &o->pub);
	k->inside = inside;
}

void pending_finish(struct krux *k, struct pending *p, struct outcome *o)
{
	krux_done_fn *done = p->done;
	void *ctx = p->ctx;

	pending_remove(k, p);
	outcome_give(k, done, ctx, o);
}

void pending_abandon(struct krux *k, struct pending *p, struct outcome *o)
{
	p->abandoned = true;
	outcome_give(k, p->done, p->ctx, o);
}

void pending_drop(struct krux *k, struct pending *p)
{
	pending_remove(k, p);
}

int conn_send_requests(struct krux *k, struct krux_fault *fault)
{
	int code = KRUX_OK;

	if (k->stage != CONN_READY)
		return KRUX_OK;
	while (!code && k->unsent) {
		struct pending *p = k->unsent;

		/* One at a time goes always: what is too large for the limits is the daemon's to refuse. */
		if (k->under_way && (k->under_way >= k->welcome.max_calls || p->n > k->welcome.max_bytes ||
		                     k->bytes > k->welcome.max_bytes - p->n))
			break;
		code = stream_put_bytes(&k->stream, p->bytes, p->n, fault);
		if (code)
			break;
		free(p->bytes);
		p->bytes = NULL;
		p->sent = true;
		k->under_way++;
		k->bytes += p->n;
		k->unsent = p->after;
	}
	return code ? code : stream_flush(&k->stream, fault);
}

/* ---- requests ---- */

static int request_take(const struct krux_request *given, struct krux_request *q, struct krux_fault *fault)
{
	size_t n = given ? given->size : 0;

	*q = (struct krux_request){ 0 };
	if (n < offsetof(struct krux_request, capability) + sizeof q->capability)
		return fault_set(fault, KRUX_E_USAGE, 0, "krux_request.size is not set");
	memcpy(q, given, n < sizeof *q ? n : sizeof *q);
	for (size_t i = sizeof *q; i < n; i++)
		if (((const uint8_t *)given)[i])
			return fault_set(fault, KRUX_E_USAGE, 0, "krux_request has members that this version "
			                 "does not know");
	if (q->flags & ~(uint32_t)(KRUX_WAIT | KRUX_PROGRESS | KRUX_JSON))
		return fault_set(fault, KRUX_E_USAGE, 0, "krux_request has flags that this version does not know");
	return KRUX_OK;
}

static int frame_bytes(const struct frame *f, struct pending *p, struct krux_fault *fault)
{
	p->n = frame_encode(f, NULL, 0);
	if (!p->n)
		return fault_set(fault, KRUX_E_USAGE, 0, "this is no request: its name has 1 to 255 bytes, and texts "
		                 "are UTF-8");
	p->bytes = malloc(p->n);
	if (!p->bytes)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a request");
	frame_encode(f, p->bytes, p->n);
	return KRUX_OK;
}

static int submit(struct krux *k, struct frame *f, const struct krux_request *q, uint64_t *id,
                  struct krux_fault *fault)
{
	struct pending *p;
	int code;

	if (k->stage == CONN_BROKEN) {
		if (fault)
			*fault = k->fault;
		return k->fault.code;
	}
	p = calloc(1, sizeof *p);
	if (!p)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a request");
	*p = (struct pending){
		.id = k->last_id + 1, .kind = f->kind, .flags = q->flags, .until = conn_until(q->timeout_ms),
		.progress = q->progress, .done = q->done, .ctx = q->ctx,
	};
	f->id = p->id;
	code = frame_bytes(f, p, fault);
	if (code) {
		free(p);
		return code;
	}
	k->last_id++;
	pending_add(k, p);
	if (id)
		*id = p->id;
	/* What cannot be sent now breaks the connection in the next step, not here. */
	conn_send_requests(k, NULL);
	return KRUX_OK;
}

int krux_submit(struct krux *k, const struct krux_request *given, uint64_t *id, struct krux_fault *fault)
{
	struct frame f = { .kind = FRAME_CALL };
	struct krux_request q;
	int code = request_take(given, &q, fault);

	if (code)
		return code;
	if (!q.capability || !q.json == !q.cbor)
		return fault_set(fault, KRUX_E_USAGE, 0, "a call has a capability, and json or cbor");
	f.call.capability = (struct krux_str){ q.capability, strlen(q.capability) };
	if (q.json)
		f.call.json = (struct krux_str){ q.json, q.json_len ? q.json_len : strlen(q.json) };
	else
		f.call.args = (struct krux_str){ q.cbor, q.cbor_len };
	if (f.call.json.n > FRAME_MAX - 1024 || f.call.args.n > FRAME_MAX - 1024)
		return fault_set(fault, KRUX_E_TOO_LARGE, 0, "arguments larger than 17 MiB");
	f.call.has_deadline = q.deadline_ms != 0;
	f.call.deadline = q.deadline_ms;
	f.call.has_flags = q.flags != 0;
	f.call.flags = q.flags;
	return submit(k, &f, &q, id, fault);
}

int krux_submit_ticket(struct krux *k, enum krux_ticket_what what, const uint8_t ticket[32],
                       const struct krux_request *given, uint64_t *id, struct krux_fault *fault)
{
	struct frame f = { .kind = FRAME_TICKET };
	struct krux_request q;
	int code = request_take(given, &q, fault);

	if (code)
		return code;
	if (!ticket || (unsigned)what > KRUX_TICKET_WITHDRAW)
		return fault_set(fault, KRUX_E_USAGE, 0, "no ticket, or nothing that can be done with one");
	q.flags = (q.flags & ~(uint32_t)KRUX_WAIT) | (what == KRUX_TICKET_WAIT ? KRUX_WAIT : 0);
	f.ticket.ticket = ticket;
	f.ticket.what = what;
	f.ticket.has_flags = q.flags != 0;
	f.ticket.flags = q.flags;
	return submit(k, &f, &q, id, fault);
}

int krux_submit_describe(struct krux *k, const struct krux_request *given, uint64_t *id,
                         struct krux_fault *fault)
{
	struct frame f = { .kind = FRAME_DESCRIBE };
	struct krux_request q;
	int code = request_take(given, &q, fault);

	if (code)
		return code;
	if (q.capability)
		f.describe.capability = (struct krux_str){ q.capability, strlen(q.capability) };
	q.flags = 0;
	return submit(k, &f, &q, id, fault);
}

int krux_submit_ping(struct krux *k, const struct krux_request *given, uint64_t *id, struct krux_fault *fault)
{
	struct frame f = { .kind = FRAME_PING };
	struct krux_request q;
	int code = request_take(given, &q, fault);

	q.flags = 0;
	return code ? code : submit(k, &f, &q, id, fault);
}

int krux_cancel(struct krux *k, uint64_t id, struct krux_fault *fault)
{
	struct frame f = { .kind = FRAME_CANCEL, .id = id };
	struct pending *p = pending_find(k, id);
	struct outcome *o;

	if (!p || p->abandoned)
		return fault_set(fault, KRUX_E_USAGE, 0, "no such request is under way");
	if (p->sent) {
		p->cancelled = true;
		stream_put(&k->stream, &f, NULL);
		stream_flush(&k->stream, NULL);
		return KRUX_OK;
	}
	o = outcome_end(p, KRUX_END_CANCELLED, (struct krux_str){ NULL, 0 });
	if (!o)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a result");
	pending_finish(k, p, o);
	return KRUX_OK;
}

size_t krux_pending(const struct krux *k)
{
	return k->npending;
}
