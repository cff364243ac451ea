/* One call through the daemon, by libkrux. */
#include "runtime/front/call.h"

#include "client/krux.h"
#include "runtime/base/cleanup.h"
#include "client/fault.h"
#include "client/stream.h"
#include "runtime/base/err.h"
#include "runtime/base/screen.h"
#include "runtime/front/front.h"
#include "runtime/sandbox/typed.h"

#include "capspec/canon.h"
#include "capspec/guard.h"
#include "capspec/version.h"

#include <stdio.h>
#include <string.h>

/* After the deadline, how long the daemon may take to say what came of it. */
enum { GRACE_MS = 5000, CONNECT_MS = 10000 };

/* What the system could not do is 3, what somebody decided is 1, what the caller got wrong is 2. */
static int fault_exit(int code)
{
	switch (code) {
	case KRUX_E_USAGE:
	case KRUX_E_SECRET:
	case KRUX_E_TICKET:
	case KRUX_E_CAPABILITY:
		return EXIT_USAGE;
	case KRUX_E_UNAUTHORISED:
	case KRUX_E_REVOKED:
	case KRUX_E_CONNECTIONS:
	case KRUX_E_STRANGERS:
	case KRUX_E_CALLS:
	case KRUX_E_BYTES:
	case KRUX_E_REQUESTS:
	case KRUX_E_FROZEN:
		return EXIT_NO;
	default:
		return EXIT_SYSTEM;
	}
}

static int fault_fail(const struct krux_fault *f)
{
	fprintf(stderr, "kruxrt call: %s: ", krux_code_word(f->code));
	screen_puts(stderr, f->text);
	if (f->retry_ms)
		fprintf(stderr, " (try again in %u s)", f->retry_ms / 1000 + (f->retry_ms % 1000 != 0));
	fputc('\n', stderr);
	return fault_exit(f->code);
}

static void on_progress(void *ctx, uint64_t id, const char *stage, const struct krux_result *deferred)
{
	const struct call *c = ctx;
	char hex[65] = "";

	(void)id;
	(void)stage;
	if (!deferred || !deferred->ticket || c->quiet)
		return;
	krux_hex_write(deferred->ticket, 32, hex);
	fprintf(stderr, "waiting for approval: ticket %s\n", hex);
}

static struct krux_str str(const char *s)
{
	return (struct krux_str){ s, s ? strlen(s) : 0 };
}

static struct frame frame_of(const struct krux_result *r)
{
	struct frame f = { .kind = FRAME_ANSWER };

	f.answer.end = r->end;
	f.answer.has_verdict = r->decision >= 0;
	f.answer.verdict = r->decision >= 0 ? (uint64_t)r->decision : 0;
	f.answer.has_would = r->would >= 0 && r->would != r->decision;
	f.answer.would = f.answer.has_would ? (uint64_t)r->would : 0;
	f.answer.rule = str(r->rule);
	f.answer.source = str(r->source);
	f.answer.reason = str(r->reason);
	f.answer.remedy = str(r->remedy);
	f.answer.has_record = r->has_record != 0;
	f.answer.record = r->record;
	f.answer.ticket = r->ticket;
	f.answer.output = (struct krux_str){ r->output, r->output_len };
	f.answer.error = str(r->error);
	f.answer.message = str(r->message);
	f.answer.recover = str(r->recover);
	f.answer.hint = str(r->hint);
	f.answer.where = str(r->where);
	f.answer.why = str(r->why);
	f.answer.has_retry = r->retry_ms != 0;
	f.answer.retry = r->retry_ms;
	return f;
}

int call_talk(const struct call *c, struct krux_str json, struct krux_options *o, struct call_talk *t)
{
	struct krux_request q = {
		.size = sizeof q, .capability = c->capability, .json = json.p, .json_len = json.n,
		.deadline_ms = (uint32_t)c->deadline_ms, .flags = KRUX_JSON | (c->wait ? KRUX_WAIT : 0),
		.progress = on_progress, .ctx = (void *)(uintptr_t)c,
	};
	int code;

	*t = (struct call_talk){ .result = NULL };
	o->size = sizeof *o;
	o->agent = c->agent;
	o->claimed = "kruxrt call " KRUX_VERSION;
	code = krux_connect(o, &t->connection, &t->fault);
	if (code)
		return code;
	t->dev = krux_welcomed(t->connection)->dev;
	if (!c->quiet && t->dev)
		fprintf(stderr, "kruxrt call: %s policy is signed with a development key\n",
		        c->state ? "this" : "the daemon's");
	/* A call that waits for a person is given up by a person. */
	if (c->deadline_ms && !c->wait)
		q.timeout_ms = q.deadline_ms + GRACE_MS;
	return krux_call(t->connection, &q, &t->result, &t->fault);
}

int call_tell(const struct call *c, const struct call_talk *t)
{
	struct frame f;

	if (!t->result)
		return fault_fail(&t->fault);
	f = frame_of(t->result);
	return call_answer(c, &f, t->dev);
}

void call_talk_end(struct call_talk *t)
{
	krux_result_free(t->result);
	krux_close(t->connection);
}

int call_confine(const struct call *c, struct krux_err *err)
{
	const struct typed_place place[] = {
		{ .place = PLACE_CALLER_GIVEN, .path = c->token_file }, { .place = PLACE_CALLER_GIVEN, .path = c->key_file },
	};
	const struct typed t = { .kind = PROCESS_CALLER, .place = place, .n = sizeof place / sizeof *place, .parent = c->state != NULL };

	return typed_confine(&t, err);
}

/* A connection on which nothing was said; a krux_code. */
static int reach(const struct call *c, int *fd, struct krux_fault *fault)
{
	struct stream s;
	char path[4096];
	int code;

	if (!c->socket && !stream_path("KRUX_SOCKET", "agent", path, sizeof path))
		return fault_set(fault, KRUX_E_USAGE, 0, "the path of the socket is too long");
	code = stream_open(&s, c->socket ? c->socket : path, CONNECT_MS, fault);
	if (code)
		return code;
	*fd = s.fd;
	s.fd = -1;
	stream_close(&s);
	return KRUX_OK;
}

int call_daemon(const struct call *c, struct krux_str json)
{
	CLEANUP(call_talk_end) struct call_talk t = { .result = NULL };
	struct krux_options o = { .connected = 1, .token_file = c->token_file, .key_file = c->key_file };
	struct krux_refusal why = { "", "" };
	struct krux_err err = { 0 };

	if (!krux_guard(&why))
		return call_fail(EXIT_SYSTEM, why.why);
	if (reach(c, &o.fd, &t.fault))
		return call_tell(c, &t);
	if (call_confine(c, &err))
		return call_fail(EXIT_SYSTEM, err.text);
	call_talk(c, json, &o, &t);
	return call_tell(c, &t);
}
