/* Answers of the gate in one process to answers of the protocol. */
#include "runtime/front/answered.h"

#include "runtime/decide/remedy.h"
#include "runtime/gate.h"

#include "capspec/canon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct krux_str str(const char *s)
{
	return (struct krux_str){ *s ? s : NULL, strlen(s) };
}

/* Left out where it is empty. */
static struct krux_str some(struct krux_str s)
{
	return (struct krux_str){ s.n ? s.p : NULL, s.n };
}

static struct krux_str __attribute__((format(printf, 2, 3)))
text(struct krux_pool *pool, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	return (struct krux_str){ krux_pool_copy(pool, buf, strlen(buf)), strlen(buf) };
}

/* ---- refusals ---- */

static void put_invalid(const struct gate_answer *a, struct frame *f)
{
	f->answer.end = FRAME_END_INVALID;
	f->answer.where = str(a->refusal.where);
	f->answer.why = str(a->refusal.why);
	f->answer.remedy = str(a->refusal.remedy);
}

static void put_judgement(struct krux_pool *pool, const struct gate_answer *a, struct frame *f)
{
	const struct krux_cite *c = &a->judgement.voice;

	f->answer.verdict = a->judgement.verdict;
	f->answer.has_verdict = true;
	f->answer.would = a->judgement.would;
	f->answer.has_would = a->judgement.would != a->judgement.verdict;
	if (*c->policy)
		f->answer.rule = text(pool, "%s/%s", c->policy, *c->rule ? c->rule : "default");
	if (*c->file)
		f->answer.source = text(pool, "%s:%u", c->file, c->line);
	f->answer.reason = str(a->judgement.reason);
}

static void put_refusal(struct krux_pool *pool, const struct gate_answer *a, struct frame *f)
{
	f->answer.end = a->end == GATE_DEFERRED ? FRAME_END_DEFERRED : FRAME_END_DENIED;
	put_judgement(pool, a, f);
	f->answer.remedy = remedy_text(pool, &a->judgement, false);
	f->answer.retry = remedy_retry(&a->judgement);
	f->answer.has_retry = f->answer.retry != 0;
	if (a->end == GATE_DEFERRED)
		f->answer.ticket = a->ticket;
}

/* ---- results ---- */

static bool put_output(struct krux_pool *pool, const struct gate_answer *a, struct frame *f)
{
	struct krux_value v;
	size_t n;
	char *p;

	if (!krux_uncanon(pool, a->request.cap->output, &a->result.output, &v))
		return false;
	n = krux_json_write(&v, NULL, 0);
	p = krux_pool_get(pool, n);
	if (!p)
		return false;
	krux_json_write(&v, p, n);
	f->answer.output = (struct krux_str){ p, n };
	return true;
}

static void put_error(const struct gate_answer *a, struct frame *f)
{
	const struct krux_capability *cap = a->request.cap;

	f->answer.error = a->result.error;
	f->answer.message = some(a->result.message);
	for (size_t i = 0; i < cap->nerrors; i++) {
		if (!krux_str_eq(cap->error[i].name, a->result.error))
			continue;
		if (!a->result.message.n)
			f->answer.message = some(cap->error[i].doc);
		f->answer.recover = cap->error[i].recover;
		f->answer.hint = cap->error[i].hint;
	}
}

static bool put_result(struct krux_pool *pool, const struct gate_answer *a, struct frame *f)
{
	put_judgement(pool, a, f);
	f->answer.durable = f->answer.has_durable = true;
	if (!a->started) {
		f->answer.end = FRAME_END_BROKEN;
		f->answer.why = text(pool, "not started: %s", a->result.why);
		return f->answer.why.p != NULL;
	}
	f->answer.why = str(a->result.why);
	switch (a->result.end) {
	case SPAWN_DONE:
		f->answer.end = FRAME_END_DONE;
		return put_output(pool, a, f);
	case SPAWN_ERROR:
		f->answer.end = FRAME_END_ERROR;
		f->answer.why = (struct krux_str){ NULL, 0 };
		put_error(a, f);
		return true;
	case SPAWN_KILLED:
		f->answer.end = FRAME_END_KILLED;
		return true;
	case SPAWN_BROKEN:
		f->answer.end = FRAME_END_BROKEN;
		return true;
	default:
		f->answer.end = FRAME_END_UNKNOWN;
		return true;
	}
}

bool answered_frame(struct krux_pool *pool, const struct gate_answer *a, struct frame *f)
{
	*f = (struct frame){ .kind = FRAME_ANSWER };
	f->answer.record = a->record;
	f->answer.has_record = true;
	switch (a->end) {
	case GATE_INVALID:
		put_invalid(a, f);
		return true;
	case GATE_DENIED:
	case GATE_DEFERRED:
		put_refusal(pool, a, f);
		return true;
	case GATE_RAN:
		break;
	}
	return put_result(pool, a, f);
}
