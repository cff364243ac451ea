/* One turn: send, receive, give results, let times run out. */
#include "client/conn.h"

#include "client/fault.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Bytes read in one turn, so that a busy daemon cannot keep a caller's loop to itself. */
enum { TURN_BYTES = 1 << 20 };
/* Until a result that there was no memory for is tried again. */
enum { RETRY_NS = 1000000000 };

/* ---- the end of a connection ---- */

int conn_break(struct krux *k, const struct krux_fault *why)
{
	k->fault = *why;
	k->stage = CONN_BROKEN;
	k->unsent = NULL;
	while (k->first) {
		struct pending *p = k->first;

		if (p->abandoned)
			pending_drop(k, p);
		else
			pending_finish(k, p, outcome_fault(p, why));
	}
	return k->fault.code;
}

/* ---- messages ---- */

static int take_challenge(struct krux *k, const struct frame *f, struct krux_fault *fault)
{
	struct frame prove = { .kind = FRAME_PROVE };
	uint8_t signature[KRUX_SIGNATURE];
	size_t n = strlen(k->agent);
	char message[32 + sizeof k->agent];

	if (k->stage != CONN_GREETED || k->proof != FRAME_PROOF_KEY)
		return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon sent a challenge that nobody asked for");
	memcpy(message, f->challenge.nonce, 32);
	memcpy(message + 32, k->agent, n);
	if (!krux_key_sign(&k->key, FRAME_DOMAIN_HELLO, (struct krux_str){ message, 32 + n }, signature))
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a signature");
	k->stage = CONN_PROVED;
	prove.prove.signature = signature;
	return conn_send(k, &prove, fault);
}

static int take_welcome(struct krux *k, const struct frame *f, struct krux_fault *fault)
{
	size_t n = f->welcome.engine.n < sizeof k->engine ? f->welcome.engine.n : sizeof k->engine - 1;

	if (k->stage != CONN_PROVED && (k->stage != CONN_GREETED || k->proof == FRAME_PROOF_KEY))
		return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon sent a welcome that nobody asked for");
	if (f->welcome.agent.n != strlen(k->agent) || memcmp(f->welcome.agent.p, k->agent, f->welcome.agent.n) != 0)
		return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon took us for another agent");
	memcpy(k->engine, f->welcome.engine.p, n);
	k->engine[n] = 0;
	k->welcome = (struct krux_welcome){
		.agent = k->agent, .engine = k->engine, .dev = f->welcome.dev,
		.max_calls = f->welcome.limits[0], .max_bytes = f->welcome.limits[1],
		.max_requests = f->welcome.limits[2],
	};
	memcpy(k->welcome.bundle, f->welcome.bundle, sizeof k->welcome.bundle);
	krux_key_wipe(&k->key);
	k->stage = CONN_READY;
	return KRUX_OK;
}

/* The daemon answers each request in the way of its kind. */
static bool answers(const struct pending *p, enum frame_kind kind)
{
	switch (p->kind) {
	case FRAME_CALL:
		return kind == FRAME_ANSWER || kind == FRAME_PROGRESS;
	case FRAME_TICKET:
		return kind == FRAME_ANSWER || kind == FRAME_PROGRESS;
	case FRAME_DESCRIBE:
		return kind == FRAME_DESCRIPTION;
	default:
		return kind == FRAME_PONG;
	}
}

static void tell(struct krux *k, const struct pending *p, const char *stage, const struct krux_result *deferred)
{
	bool inside = k->inside;

	if (!p->progress || p->abandoned)
		return;
	k->inside = true;
	p->progress(p->ctx, p->id, stage, deferred);
	k->inside = inside;
}

/* The last that comes of a request. Takes the outcome, which may be missing. */
static int take_end(struct krux *k, struct pending *p, struct outcome *o, struct krux_fault *fault)
{
	if (!o)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a result");
	if (!p->abandoned) {
		pending_finish(k, p, o);
		return KRUX_OK;
	}
	krux_result_free(&o->pub);
	pending_drop(k, p);
	return KRUX_OK;
}

static void take_progress(struct krux *k, const struct pending *p, const struct frame *f)
{
	char stage[64];
	size_t n = f->progress.stage.n < sizeof stage ? f->progress.stage.n : sizeof stage - 1;

	memcpy(stage, f->progress.stage.p, n);
	stage[n] = 0;
	tell(k, p, stage, NULL);
}

static int take_answer(struct krux *k, struct pending *p, const struct frame *f, struct krux_fault *fault)
{
	/* A cancel ends the waiting: then what was told of a call before is told again, as its end. */
	bool over = p->cancelled && (p->deferred || p->kind == FRAME_TICKET);
	bool waits = f->answer.end == FRAME_END_DEFERRED && (p->flags & KRUX_WAIT) && !over;
	int code;
	struct outcome *o = outcome_answer(k, p, f, &code, fault);

	if (!o)
		return code;
	if (waits && !p->deferred) {
		/* It waits for a person now, and no longer counts as under way. */
		p->deferred = true;
		k->under_way--;
		k->bytes -= p->n;
	}
	if (!waits)
		return take_end(k, p, o, fault);
	tell(k, p, "deferred", &o->pub);
	krux_result_free(&o->pub);
	return KRUX_OK;
}

static int take_error(struct krux *k, const struct frame *f, struct krux_fault *fault)
{
	struct krux_fault said;
	struct pending *p = f->has_id ? pending_find(k, f->id) : NULL;

	fault_frame(&said, f);
	if (p && p->sent)
		return take_end(k, p, outcome_fault(p, &said), fault);
	/* Of none of our requests: it matters if the connection ends with it. */
	k->fault = said;
	if (k->stage == CONN_READY)
		return KRUX_OK;
	if (fault)
		*fault = said;
	return said.code;
}

static int take(struct krux *k, const struct frame *f, struct krux_fault *fault)
{
	struct pending *p;

	switch (f->kind) {
	case FRAME_CHALLENGE:
		return take_challenge(k, f, fault);
	case FRAME_WELCOME:
		return take_welcome(k, f, fault);
	case FRAME_ERROR:
		return take_error(k, f, fault);
	default:
		k->fault.code = KRUX_OK;
		break;
	}
	p = pending_find(k, f->id);
	if (!p || !p->sent || !answers(p, f->kind))
		return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon answered what nobody asked");
	switch (f->kind) {
	case FRAME_ANSWER:
		return take_answer(k, p, f, fault);
	case FRAME_PROGRESS:
		take_progress(k, p, f);
		return KRUX_OK;
	case FRAME_DESCRIPTION:
		return take_end(k, p, outcome_end(p, KRUX_END_DONE, f->description.json), fault);
	default:
		return take_end(k, p, outcome_end(p, KRUX_END_DONE, (struct krux_str){ NULL, 0 }), fault);
	}
}

static int receive(struct krux *k, struct krux_fault *fault)
{
	size_t most = TURN_BYTES;
	bool got = true;
	struct frame f;
	int code = KRUX_OK;

	while (!code && got) {
		code = stream_take(&k->stream, FRAME_TO_AGENT, &most, &f, &got, fault);
		if (!code && got)
			code = take(k, &f, fault);
	}
	/* An error that came just before the end says more than the end. */
	if (code == KRUX_E_CLOSED && k->fault.code) {
		if (fault)
			*fault = k->fault;
		return k->fault.code;
	}
	return code;
}

/* ---- time ---- */

static void abandon(struct krux *k, struct pending *p)
{
	struct frame cancel = { .kind = FRAME_CANCEL, .id = p->id };
	struct krux_fault why;
	struct outcome *o;

	fault_set(&why, KRUX_E_TIMEOUT, 0, p->sent ? "the daemon took too long" : "it could not be sent in time");
	o = outcome_fault(p, &why);
	p->until = o ? 0 : conn_now() + RETRY_NS;
	if (!o)
		return;
	if (p->sent && (p->kind == FRAME_CALL || p->kind == FRAME_TICKET))
		stream_put(&k->stream, &cancel, NULL);
	p->cancelled = true;
	if (p->sent)
		pending_abandon(k, p, o);
	else
		pending_finish(k, p, o);
}

static void times_run_out(struct krux *k)
{
	int64_t now = conn_now();
	bool again;

	if (!k->earliest || k->earliest > now)
		return;
	/* A callback may change the list: begin again after each. */
	do {
		k->earliest = 0;
		again = false;
		for (struct pending *p = k->first; p && !again; p = p->after) {
			if (p->until && p->until <= now) {
				abandon(k, p);
				again = true;
			} else if (p->until && (!k->earliest || p->until < k->earliest)) {
				k->earliest = p->until;
			}
		}
	} while (again);
}

int krux_timeout(const struct krux *k)
{
	int64_t until = k->earliest, left;

	if (k->stage == CONN_BROKEN)
		return -1;
	if (k->stage != CONN_READY && k->until && (!until || k->until < until))
		until = k->until;
	if (!until)
		return -1;
	left = until - conn_now();
	if (left <= 0)
		return 0;
	left = (left + 999999) / 1000000;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* ---- the turn ---- */

int krux_step(struct krux *k, struct krux_fault *fault)
{
	struct krux_fault why = { 0 };
	int code;

	if (k->inside)
		return fault_set(fault, KRUX_E_USAGE, 0, "krux_step inside a callback");
	if (k->stage == CONN_BROKEN) {
		if (fault)
			*fault = k->fault;
		return k->fault.code;
	}
	/* What the other side said before it closed counts, also when sending fails. */
	code = stream_flush(&k->stream, &why);
	if (!code || code == KRUX_E_CLOSED)
		code = receive(k, &why);
	if (!code) {
		times_run_out(k);
		code = conn_send_requests(k, &why);
	}
	if (!code)
		code = stream_flush(&k->stream, &why);
	if (!code && k->stage != CONN_READY && k->until && k->until <= conn_now())
		code = fault_set(&why, KRUX_E_TIMEOUT, 0, "the daemon did not answer hello in time");
	if (!code)
		return KRUX_OK;
	conn_break(k, &why);
	if (fault)
		*fault = why;
	return code;
}

int krux_fd(const struct krux *k)
{
	return k->stream.fd;
}

short krux_events(const struct krux *k)
{
	return stream_idle(&k->stream) ? POLLIN : POLLIN | POLLOUT;
}

struct krux_result *krux_next(struct krux *k)
{
	struct outcome *o = k->ready;

	if (!o)
		return NULL;
	k->ready = o->next;
	o->next = NULL;
	return &o->pub;
}
