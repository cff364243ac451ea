/* Lines that the spawner brings to calls that connect, until they end. */
#include "runtime/egress/egress_part.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EGRESS_FAILED = 3 };

static void egress_fail(struct egress *e)
{
	e->code = EGRESS_FAILED;
	loop_stop(&e->loop);
}

static void egress_say(struct egress *e, enum message_kind kind, uint64_t cookie, const void *p, size_t n)
{
	const struct part part = { p, n };

	/* Without memory for it the spawner would wait for ever: it is to see that this process ends. */
	if (channel_put(&e->channel, kind, cookie, &part, 1, NULL))
		egress_fail(e);
}

/* ---- lines ---- */

void line_over(struct line *l)
{
	struct egress *e = l->egress;

	line_close(l);
	egress_say(e, MESSAGE_LINED, l->cookie, l->count, l->ntargets * sizeof *l->count);
	l->on = false;
	l->next = e->free;
	e->free = l;
}

/* How many targets the message has; 0: it is none of a line. */
static unsigned targets_count(const struct message *m)
{
	const size_t n = m->n / sizeof(struct message_target);

	return m->n % sizeof(struct message_target) || n > LINE_TARGETS || m->nfds != 1 ? 0 : (unsigned)n;
}

static bool targets_take(struct line *l, const struct message *m)
{
	memcpy(l->target, m->body, m->n);
	for (unsigned i = 0; i < l->ntargets; i++)
		if (!memchr(l->target[i].host, 0, sizeof l->target[i].host) || !*l->target[i].host || !l->target[i].port)
			return false;
	return true;
}

/* A line that cannot be is closed, which its child sees. */
static void line_take(struct egress *e, struct message *m)
{
	static const struct message_lined none[LINE_TARGETS];
	const unsigned n = targets_count(m);
	struct line *l = e->free;
	struct line *next;

	if (!n) {
		egress_fail(e);
		return;
	}
	if (!l) {
		egress_say(e, MESSAGE_LINED, m->cookie, none, n * sizeof *none);
		return;
	}
	next = l->next;
	*l = (struct line){ .egress = e, .cookie = m->cookie, .next = next, .ntargets = n };
	if (!targets_take(l, m)) {
		egress_fail(e);
		return;
	}
	if (line_open(l, m->fd[0], NULL)) {
		m->fd[0] = -1;
		egress_say(e, MESSAGE_LINED, m->cookie, l->count, l->ntargets * sizeof *l->count);
		return;
	}
	m->fd[0] = -1;
	e->free = next;
	l->on = true;
}

/* ---- the spawner ---- */

static void spawner_ready(struct watch *w, uint32_t events)
{
	struct egress *e = w->ctx;
	struct krux_err err = { 0 };
	struct message m;
	int rc;

	(void)events;
	while (!e->loop.stopped && (rc = channel_take(&e->channel, &m, &err)) != 0) {
		if (rc < 0) {
			e->code = err.no ? EGRESS_FAILED : e->code;
			loop_stop(&e->loop);
			return;
		}
		if (m.kind == MESSAGE_LINE)
			line_take(e, &m);
		else
			egress_fail(e);
		message_close_fds(&m);
	}
}

static void turn(void *ctx)
{
	struct egress *e = ctx;
	int rc = channel_flush(&e->channel, NULL);

	if (rc < 0 || loop_change(&e->loop, &e->watch, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, NULL))
		loop_stop(&e->loop);
}

/* ---- from start to end ---- */

static int egress_open(struct egress *e, int channel, struct krux_err *err)
{
	e->line = calloc(EGRESS_LINES, sizeof *e->line);
	if (!e->line)
		return err_set(err, ENOMEM, "egress");
	for (size_t i = EGRESS_LINES; i--;) {
		e->line[i].next = e->free;
		e->free = &e->line[i];
	}
	e->watch = (struct watch){ .fd = channel, .ready = spawner_ready, .ctx = e };
	if (channel_open(&e->channel, channel, err) || loop_watch(&e->loop, &e->watch, EPOLLIN, err))
		return -1;
	e->loop.turn = turn;
	e->loop.turn_ctx = e;
	return e->options->confine ? e->options->confine(e->options->confine_ctx, err) : 0;
}

int egress_run(int channel, const struct egress_options *options)
{
	struct egress *e = calloc(1, sizeof *e);
	struct krux_err err = { 0 };
	int code;

	if (!e || loop_open(&e->loop, &err)) {
		free(e);
		return EGRESS_FAILED;
	}
	e->options = options;
	e->channel.fd = -1;
	if (egress_open(e, channel, &err)) {
		e->code = EGRESS_FAILED;
		if (e->channel.fd >= 0) {
			egress_say(e, MESSAGE_REFUSED, EGRESS_FAILED, err.text, strlen(err.text));
			channel_flush(&e->channel, NULL);
		}
	} else {
		egress_say(e, MESSAGE_READY, 0, NULL, 0);
		if (loop_run(&e->loop, &err))
			e->code = EGRESS_FAILED;
	}
	code = e->code;
	for (size_t i = 0; e->line && i < EGRESS_LINES; i++)
		if (e->line[i].on)
			line_close(&e->line[i]);
	for (unsigned i = 0; i < RESOLVER_MOST; i++)
		if (e->name[i].watch.on)
			name_close(&e->name[i]);
	loop_close(&e->loop);
	channel_close(&e->channel);
	free(e->line);
	free(e);
	return code;
}
