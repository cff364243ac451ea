/* One call through the daemon, by libkrux. */
#include "runtime/front/call.h"

#include "client/krux.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/screen.h"
#include "runtime/front/front.h"

#include "capspec/canon.h"
#include "capspec/guard.h"
#include "capspec/version.h"

#include <stdio.h>
#include <string.h>

/* After the deadline, how long the daemon may take to say what came of it. */
enum { GRACE_MS = 5000 };

static void conn_close(struct krux **k)
{
	krux_close(*k);
}

static void result_free(struct krux_result **r)
{
	krux_result_free(*r);
}

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

int call_daemon(const struct call *c, struct krux_str json)
{
	CLEANUP(conn_close) struct krux *k = NULL;
	CLEANUP(result_free) struct krux_result *r = NULL;
	struct krux_options o = {
		.size = sizeof o, .socket = c->socket, .agent = c->agent, .token_file = c->token_file,
		.key_file = c->key_file, .claimed = "kruxrt call " KRUX_VERSION,
	};
	struct krux_request q = {
		.size = sizeof q, .capability = c->capability, .json = json.p, .json_len = json.n,
		.deadline_ms = (uint32_t)c->deadline_ms, .flags = KRUX_JSON | (c->wait ? KRUX_WAIT : 0),
		.progress = on_progress, .ctx = (void *)(uintptr_t)c,
	};
	struct krux_refusal why = { "", "" };
	struct krux_fault fault;
	struct frame f;

	if (!krux_guard(&why))
		return call_fail(EXIT_SYSTEM, why.why);
	if (!json.n)
		return call_fail(EXIT_USAGE, "the arguments are a JSON object, {} where there are none");
	/* A call that waits for a person is given up by a person. */
	if (c->deadline_ms && !c->wait)
		q.timeout_ms = q.deadline_ms + GRACE_MS;
	if (krux_connect(&o, &k, &fault))
		return fault_fail(&fault);
	if (!c->quiet && krux_welcomed(k)->dev)
		fputs("kruxrt call: the daemon's policy is signed with a development key\n", stderr);
	if (krux_call(k, &q, &r, &fault))
		return fault_fail(&fault);
	f = frame_of(r);
	return call_answer(c, &f, krux_welcomed(k)->dev);
}
