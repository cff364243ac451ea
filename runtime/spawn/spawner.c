/* Receipts to children, and how they ended to records and results.
 *
 * Five channels: the gate asks, the handlers' process forks the children, egress connects for them, the recorder is told how each
 * call ended before the gate is, the parent stops it all. A gate that is gone, or says what is no message, gets nothing more run; what
 * runs goes on to its end or its deadline and is recorded. */
#include "runtime/spawn/spawner_part.h"

#include "runtime/base/err.h"
#include "runtime/base/state.h"
#include "runtime/bundle/kept.h"
#include "runtime/bundle/loaded.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t start_ns = UINT64_C(60) * 1000000000;

/* ---- channels ---- */

static void gate_take(struct spawner *s, struct message *m)
{
	switch (m->kind) {
	case MESSAGE_RUN:
		call_take(s, m);
		break;
	case MESSAGE_CANCEL:
		call_cancel(s, m);
		break;
	case MESSAGE_LOOK:
		look_take(s, m);
		break;
	default:
		spawner_say("the gate said what a gate does not say; nothing more is run for it", "");
		end_gone(s, &s->gate);
	}
}

static void recorder_take(struct spawner *s, struct message *m)
{
	struct message_ack ack;

	switch (m->kind) {
	case MESSAGE_NEWS:
		freeze_take(s, m);
		break;
	case MESSAGE_ACK:
		if (m->n >= sizeof ack) {
			memcpy(&ack, m->body, sizeof ack);
			if (ack.status != ACK_OK) {
				spawner_say("an outcome was not recorded", "");
				run_unrecorded(s, m->cookie);
			}
		}
		break;
	default:
		break;
	}
}

static void from_handler(struct spawner *s, struct end *from, struct message *m)
{
	struct part part = { m->body, m->n };

	switch (m->kind) {
	case MESSAGE_ENDED:
		call_ended(s, m);
		break;
	case MESSAGE_REFUSED:
		call_unborn(s, m);
		break;
	case MESSAGE_LOOK:
		end_tell(s, &s->gate, MESSAGE_LOOK, m->cookie, &part, 1, NULL, 0);
		break;
	default:
		spawner_say("the handlers' process said what it does not say", "");
		end_gone(s, from);
	}
}

static void handler_take(struct spawner *s, struct message *m)
{
	from_handler(s, &s->handler, m);
}

/* It takes longest to start, and nobody waits for that who does not need it: requests wait in its socket. */
static void web_take(struct spawner *s, struct message *m)
{
	char why[128];

	if (s->web.ready) {
		from_handler(s, &s->web, m);
	} else if (m->kind == MESSAGE_READY) {
		s->web.ready = true;
	} else {
		snprintf(why, sizeof why, "%.*s", (int)m->n, (const char *)m->body);
		spawner_fail(s, "the web handlers' process", why);
	}
}

static void parent_take(struct spawner *s, struct message *m)
{
	if (m->kind == MESSAGE_STOP)
		s->stopping = true;
}

static void end_ready(struct spawner *s, struct end *e,
                      void (*take)(struct spawner *, struct message *))
{
	struct krux_err err = { 0 };
	struct message m;
	int rc = 0;

	while (!e->gone && (rc = channel_take(&e->channel, &m, &err)) > 0) {
		take(s, &m);
		message_close_fds(&m);
	}
	if (!e->gone && rc < 0) {
		if (err.no)
			spawner_say("a channel", err.text);
		end_gone(s, e);
	}
}

static void gate_ready(struct watch *w, uint32_t events)
{
	struct spawner *s = w->ctx;

	(void)events;
	end_ready(s, &s->gate, gate_take);
}

static void web_ready(struct watch *w, uint32_t events)
{
	struct spawner *s = w->ctx;

	(void)events;
	end_ready(s, &s->web, web_take);
}

static void egress_ready(struct watch *w, uint32_t events)
{
	struct spawner *s = w->ctx;

	(void)events;
	end_ready(s, &s->egress, egress_take);
}

static void recorder_ready(struct watch *w, uint32_t events)
{
	struct spawner *s = w->ctx;

	(void)events;
	end_ready(s, &s->recorder, recorder_take);
}

static void handler_ready(struct watch *w, uint32_t events)
{
	struct spawner *s = w->ctx;

	(void)events;
	end_ready(s, &s->handler, handler_take);
}

static void parent_ready(struct watch *w, uint32_t events)
{
	struct spawner *s = w->ctx;

	(void)events;
	end_ready(s, &s->parent, parent_take);
}

static void end_flush(struct spawner *s, struct end *e)
{
	struct krux_err err;
	int rc;

	if (e->gone)
		return;
	rc = channel_flush(&e->channel, &err);
	if (rc < 0 || loop_change(&s->loop, &e->watch, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, &err))
		end_gone(s, e);
}

/* At the end of each turn: outcomes first, then results. */
static void turn(void *ctx)
{
	struct spawner *s = ctx;

	if (s->egress.on)
		end_flush(s, &s->egress);
	if (s->web.on)
		end_flush(s, &s->web);
	end_flush(s, &s->handler);
	end_flush(s, &s->recorder);
	end_flush(s, &s->gate);
	end_flush(s, &s->parent);
	if (s->stopping || s->gate.gone) {
		runs_end(s, "the daemon's processes that it belonged to have ended");
		end_flush(s, &s->handler);
	}
	/* Its children went with it, and how far they came nobody knows: the generation ends, and what was open
	 * is recorded as unknown. */
	if (s->handler.gone || (s->web.on && s->web.gone)) {
		spawner_fail(s, s->handler.gone ? "the handlers' process is gone" : "the web handlers' process is gone", "");
		return;
	}
	if (s->egress.on && s->egress.gone) {
		spawner_fail(s, "the egress process is gone", "");
		return;
	}
	/* Without recorder or parent nothing that ran could be told: the children go with this
	 * process. */
	if (s->recorder.gone || s->parent.gone) {
		s->code = s->running || s->recorder.gone ? 3 : 0;
		loop_stop(&s->loop);
		return;
	}
	if (!s->running && (s->stopping || s->gate.gone) && !s->recorder.channel.first && !s->recorder.channel.nout)
		loop_stop(&s->loop);
}

/* ---- from start to end ---- */

static int end_open(struct spawner *s, struct end *e, int fd,
                    void (*ready)(struct watch *, uint32_t), struct krux_err *err)
{
	e->watch = (struct watch){ .fd = fd, .ready = ready, .ctx = s };
	if (channel_open(&e->channel, fd, err))
		return -1;
	return loop_watch(&s->loop, &e->watch, EPOLLIN, err);
}

static int policy_load(struct spawner *s, struct krux_err *err)
{
	const struct spawner_options *o = s->options;

	s->policy = loaded_read(o->bundle, o->bundle_path, o->state->trust, o->dev, err);
	if (!s->policy || kept_put(o->state, s->policy, err))
		return -1;
	s->rules.generation = o->generation;
	s->rules.cap = s->policy->cap;
	s->rules.ncaps = s->policy->ncaps;
	memcpy(s->rules.bundle, s->policy->bundle.digest, HASH_LEN);
	return approvers_read(s, err);
}

/* Receipts of this generation are made with a key that only the recorder is told. */
static void key_make(struct spawner *s)
{
	uint8_t key[MESSAGE_KEY];
	struct part part = { key, sizeof key };

	randombytes_buf(key, sizeof key);
	krux_hmac_key(&s->rules.key, (struct krux_str){ (char *)key, sizeof key });
	end_tell(s, &s->recorder, MESSAGE_KEY_NEW, s->options->generation, &part, 1, NULL, 0);
	sodium_memzero(key, sizeof key);
}

static int runs_make(struct spawner *s, struct krux_err *err)
{
	s->run = calloc(MOST_CALLS, sizeof *s->run);
	s->jobs = calloc(1, sizeof *s->jobs);
	if (!s->run || !s->jobs)
		return err_set(err, ENOMEM, "spawner");
	for (size_t i = MOST_CALLS; i--;) {
		s->run[i].next = s->free;
		s->free = &s->run[i];
	}
	return 0;
}

/* The first word of one of those below, which may be the one that cannot start. */
static int below_wait(struct spawner *s, struct end *e, const char *who, struct krux_err *err)
{
	const uint64_t until = loop_clock() + start_ns;
	struct channel *c = &e->channel;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	struct message m;
	int rc;

	while (!(rc = channel_take(c, &m, err)) && loop_clock() < until)
		poll(&p, 1, 1000);
	if (rc <= 0)
		return rc ? err_wrap(err, "%s", who) : err_set(err, ETIMEDOUT, "%s", who);
	message_close_fds(&m);
	if (m.kind == MESSAGE_READY)
		return 0;
	s->code = m.cookie == 2 ? 2 : 3;
	return err_set(err, 0, "%.*s", m.kind == MESSAGE_REFUSED ? (int)m.n : 0, (const char *)m.body);
}

static int spawner_open(struct spawner *s, struct krux_err *err)
{
	const struct spawner_options *o = s->options;

	if (runs_make(s, err) || policy_load(s, err))
		return -1;
	probe_get();
	if (end_open(s, &s->recorder, o->recorder, recorder_ready, err) ||
	    end_open(s, &s->gate, o->gate, gate_ready, err) ||
	    end_open(s, &s->handler, o->handler, handler_ready, err) || below_wait(s, &s->handler, "the handlers' process", err))
		return -1;
	if (o->web >= 0 && end_open(s, &s->web, o->web, web_ready, err))
		return -1;
	if (o->egress >= 0 && (end_open(s, &s->egress, o->egress, egress_ready, err) ||
	                       below_wait(s, &s->egress, "the egress process", err)))
		return -1;
	s->web.on = o->web >= 0;
	s->egress.on = o->egress >= 0;
	if (below_settle(s, err))
		return -1;
	s->loop.turn = turn;
	s->loop.turn_ctx = s;
	return o->confine ? o->confine(o->confine_ctx, err) : 0;
}

/* What still runs goes down with the handlers' process, which ends with its channel; it is not waited for
 * here. */
static void spawner_close(struct spawner *s)
{
	for (size_t i = 0; s->run && i < MOST_CALLS; i++)
		if (s->run[i].on) {
			parent_close(&s->run[i].parent);
			free(s->run[i].parent.end.answer);
		}
	jobs_close(s->jobs);
	channel_close(&s->handler.channel);
	channel_close(&s->web.channel);
	channel_close(&s->egress.channel);
	channel_close(&s->gate.channel);
	channel_close(&s->recorder.channel);
	channel_close(&s->parent.channel);
	loop_close(&s->loop);
	loaded_close(s->policy);
	krux_pool_free(s->trust);
	sodium_memzero(&s->rules.key, sizeof s->rules.key);
	free(s->run);
	free(s);
}

int spawner_run(int parent_channel, const struct spawner_options *options)
{
	struct spawner *s = calloc(1, sizeof *s);
	struct krux_err err = { 0 };
	struct part part;
	int code;

	if (!s)
		return 3;
	s->options = options;
	s->gate.channel.fd = s->recorder.channel.fd = s->parent.channel.fd = s->handler.channel.fd = s->web.channel.fd = s->egress.channel.fd = -1;
	if (loop_open(&s->loop, &err) ||
	    end_open(s, &s->parent, parent_channel, parent_ready, &err)) {
		spawner_say("start", err.text);
		s->code = 3;
	} else if (spawner_open(s, &err)) {
		part = (struct part){ err.text, strlen(err.text) };
		end_tell(s, &s->parent, MESSAGE_REFUSED, 0, &part, 1, NULL, 0);
		channel_flush(&s->parent.channel, &err);
		s->code = s->code ? s->code : s->policy ? 3 : 2;
	} else {
		key_make(s);
		end_tell(s, &s->parent, MESSAGE_READY, 0, NULL, 0, NULL, 0);
		if (loop_run(&s->loop, &err)) {
			spawner_say("wait", err.text);
			s->code = 3;
		}
	}
	code = s->code;
	spawner_close(s);
	return code;
}
