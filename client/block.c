/* Waiting: turns until there is what was waited for. */
#include "client/conn.h"

#include "client/fault.h"

#include <errno.h>
#include <limits.h>

/* Waits for the socket or for a time that runs out, then makes a turn. */
static int turn(struct krux *k, int64_t until, struct krux_fault *fault)
{
	struct pollfd p = { .fd = krux_fd(k), .events = krux_events(k) };
	int ms = krux_timeout(k);

	if (until) {
		int64_t left = (until - conn_now() + 999999) / 1000000;
		int most = left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;

		ms = ms < 0 || most < ms ? most : ms;
	}
	if (poll(&p, 1, ms) < 0 && errno != EINTR)
		return fault_set(fault, KRUX_E_SYSTEM, errno, "poll");
	return krux_step(k, fault);
}

static int outside(const struct krux *k, struct krux_fault *fault)
{
	return k->inside ? fault_set(fault, KRUX_E_USAGE, 0, "a callback must not wait") : KRUX_OK;
}

int krux_connect(const struct krux_options *o, struct krux **out, struct krux_fault *fault)
{
	int code = krux_open(o, out, fault);

	while (!code && !krux_welcomed(*out))
		code = turn(*out, 0, fault);
	if (code && out) {
		krux_close(*out);
		*out = NULL;
	}
	return code;
}

/* The result of this number out of the row. */
static struct krux_result *ready_take(struct krux *k, uint64_t id)
{
	struct outcome *before = NULL;

	for (struct outcome *o = k->ready; o; before = o, o = o->next) {
		if (o->pub.id != id)
			continue;
		*(before ? &before->next : &k->ready) = o->next;
		if (k->ready_last == o)
			k->ready_last = before;
		o->next = NULL;
		return &o->pub;
	}
	return NULL;
}

int krux_wait(struct krux *k, uint64_t id, uint32_t timeout_ms, struct krux_result **out,
              struct krux_fault *fault)
{
	int64_t until = conn_until(timeout_ms);
	int code = outside(k, fault);

	*out = NULL;
	while (!code) {
		const struct pending *p;

		*out = ready_take(k, id);
		if (*out)
			return KRUX_OK;
		p = pending_find(k, id);
		if (!p || p->abandoned || p->done)
			return fault_set(fault, KRUX_E_USAGE, 0, "no request of this number has its result still "
			                 "to come, without a callback");
		if (until && until <= conn_now())
			return fault_set(fault, KRUX_E_TIMEOUT, 0, "there is no result yet");
		code = turn(k, until, fault);
		/* When the connection breaks every request gets its result. */
		if (code && k->stage == CONN_BROKEN)
			code = KRUX_OK;
	}
	return code;
}

/* Waits for what was submitted; its code is ours. */
static int finish(struct krux *k, uint64_t id, struct krux_result **out, struct krux_fault *fault)
{
	int code = krux_wait(k, id, 0, out, fault);

	if (code)
		return code;
	code = (*out)->code;
	if (code) {
		fault_set(fault, code, 0, "%s", (*out)->why ? (*out)->why : "");
		if (fault)
			fault->retry_ms = (*out)->retry_ms;
		krux_result_free(*out);
		*out = NULL;
	}
	return code;
}

static int blocking(const struct krux *k, const struct krux_request *q, struct krux_result **out,
                    struct krux_fault *fault)
{
	if (!out)
		return fault_set(fault, KRUX_E_USAGE, 0, "nowhere to put the result");
	*out = NULL;
	if (q && q->size >= offsetof(struct krux_request, done) + sizeof q->done && q->done)
		return fault_set(fault, KRUX_E_USAGE, 0, "a request that is waited for has no callback for its end");
	return outside(k, fault);
}

int krux_call(struct krux *k, const struct krux_request *q, struct krux_result **out, struct krux_fault *fault)
{
	uint64_t id = 0;
	int code = blocking(k, q, out, fault);

	if (!code)
		code = krux_submit(k, q, &id, fault);
	return code ? code : finish(k, id, out, fault);
}

int krux_ticket(struct krux *k, enum krux_ticket_what what, const uint8_t ticket[32],
                const struct krux_request *q, struct krux_result **out, struct krux_fault *fault)
{
	uint64_t id = 0;
	int code = blocking(k, q, out, fault);

	if (!code)
		code = krux_submit_ticket(k, what, ticket, q, &id, fault);
	return code ? code : finish(k, id, out, fault);
}

int krux_describe(struct krux *k, const char *capability, uint32_t timeout_ms, struct krux_result **out,
                  struct krux_fault *fault)
{
	struct krux_request q = { .size = sizeof q, .capability = capability, .timeout_ms = timeout_ms };
	uint64_t id = 0;
	int code = blocking(k, &q, out, fault);

	if (!code)
		code = krux_submit_describe(k, &q, &id, fault);
	return code ? code : finish(k, id, out, fault);
}

int krux_ping(struct krux *k, uint32_t timeout_ms, struct krux_fault *fault)
{
	struct krux_request q = { .size = sizeof q, .timeout_ms = timeout_ms };
	struct krux_result *r = NULL;
	uint64_t id = 0;
	int code = outside(k, fault);

	if (!code)
		code = krux_submit_ping(k, &q, &id, fault);
	if (!code)
		code = finish(k, id, &r, fault);
	krux_result_free(r);
	return code;
}
