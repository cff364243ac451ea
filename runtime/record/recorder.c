/* The recorder: channels of generations to records, no rights but its folders. One thread, but for the zeros ahead of
 * the log (zeros.h). */
#include "runtime/record/recorder.h"

#include "runtime/base/err.h"
#include "runtime/record/blob.h"
#include "runtime/record/carry.h"
#include "runtime/record/checkpoints.h"
#include "runtime/record/recorder_part.h"

#include "capspec/item.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- gates and spawners ---- */

static bool record_names(const struct record *r, enum audit_field f, const uint8_t *name)
{
	return record_has(r, f) && memmem(r->field[f].s.p, r->field[f].s.n, name, HASH_LEN);
}

/* Arguments or changes of a ticket that waits, for the gate to show. */
static int blob_give(struct end *e, const struct message *m, struct krux_err *err)
{
	const struct carry *c = log_carry(e->recorder->log);
	bool asked_for = false;
	struct part part;
	uint8_t *bytes = NULL;
	int fd = -1;
	size_t n;

	if (m->n != HASH_LEN)
		return err_set(err, EPROTO, "the name of a blob that is none");
	for (size_t i = 0; i < carry_tickets(c) && !asked_for; i++) {
		struct record r;
		const char *why;
		size_t used;

		asked_for = record_decode((const uint8_t *)carry_ticket(c, i)->bytes.p, carry_ticket(c, i)->bytes.n,
		                          &r, &used, &why) &&
		            (record_names(&r, AUDIT_ARGS_BLOB, m->body) || record_names(&r, AUDIT_RESULT_BLOB, m->body));
	}
	if (asked_for)
		bytes = blob_read(e->recorder->options->blobs, m->body, RECORDER_BLOB, &n, err);
	if (bytes) {
		part = (struct part){ bytes, n };
		fd = memory_file("krux blob", &part, 1, err);
		free(bytes);
	}
	if (fd >= 0) {
		int rc = channel_put_fds(&e->channel, MESSAGE_BLOB, m->cookie, NULL, 0, &fd, 1, err);

		close(fd);
		return rc;
	}
	return channel_put(&e->channel, MESSAGE_BLOB, m->cookie, NULL, 0, err);
}

static int message_take(struct end *e, struct message *m, struct krux_err *err)
{
	struct generation *g = e->generation;

	switch (m->kind) {
	case MESSAGE_APPEND:
		return append_take(e, m, err);
	case MESSAGE_SNAPSHOT:
		if (e->kind != END_GATE)
			break;
		e->wants_state = true;
		e->state_cookie = m->cookie;
		return 0;
	case MESSAGE_BLOB:
		return e->kind == END_GATE ? blob_give(e, m, err) : err_set(err, EPROTO, "a spawner asks for no blobs");
	case MESSAGE_KEY_NEW:
		if (e->kind != END_SPAWNER || g->has_key || m->n != MESSAGE_KEY)
			break;
		krux_hmac_key(&g->key, (struct krux_str){ (const char *)m->body, m->n });
		g->has_key = true;
		return 0;
	default:
		break;
	}
	return err_set(err, EPROTO, "a message that it has no right to");
}

static bool is_full(const struct recorder *r)
{
	return r->npending >= RECORDER_TURN || log_pending(r->log) >= RECORDER_PENDING;
}

/* Packets until the turn is full; a packet that was begun is finished, since nothing announces the
 * rest of it. `all`: whoever sent it is gone, so everything is taken. */
static void end_read(struct end *e, bool all)
{
	struct recorder *r = e->recorder;
	struct krux_err err = { 0 };
	struct message m;
	int rc;

	while (e->channel.fd >= 0 && !r->stopping) {
		if (is_full(r)) {
			if (!all && e->channel.at == e->channel.nin)
				return;
			recorder_turn(r);
			continue;
		}
		rc = channel_take(&e->channel, &m, &err);
		if (!rc)
			return;
		if (rc > 0) {
			rc = message_take(e, &m, &err);
			message_close_fds(&m);
		}
		if (rc < 0) {
			if (err.no)
				fprintf(stderr, "kruxrt: recorder: generation %llu: the %s: %s; its channel is closed\n",
				        (unsigned long long)e->generation->n,
				        e->kind == END_GATE ? "gate" : "spawner", err.text);
			end_close(e);
		}
	}
}

static void end_ready(struct watch *w, uint32_t events)
{
	struct end *e = w->ctx;
	struct krux_err err;

	if (events & EPOLLOUT && channel_flush(&e->channel, &err) < 0)
		end_close(e);
	if (e->channel.fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		end_read(e, false);
}

static int end_open(struct generation *g, struct recorder *r, enum end_kind kind, int *fd, struct krux_err *err)
{
	struct end *e = &g->end[kind];

	*e = (struct end){ .recorder = r, .generation = g, .kind = kind, .channel = { .fd = -1 } };
	if (channel_open(&e->channel, *fd, err))
		return -1;
	*fd = -1;
	e->watch = (struct watch){ .fd = e->channel.fd, .ready = end_ready, .ctx = e };
	return loop_watch(&r->loop, &e->watch, EPOLLIN, err);
}

/* ---- the parent ---- */

static struct generation *generation_find(struct recorder *r, bool used, uint64_t n)
{
	for (size_t i = 0; i < RECORDER_GENERATIONS; i++)
		if (r->generation[i].used == used && (!used || r->generation[i].n == n))
			return &r->generation[i];
	return NULL;
}

static int generation_take(struct recorder *r, struct message *m, struct krux_err *err)
{
	struct generation *g = generation_find(r, false, 0);
	uint64_t n;

	if (m->n != sizeof n || m->nfds != 2 || !g)
		return err_set(err, EPROTO, "a generation that is none");
	memcpy(&n, m->body, sizeof n);
	if (generation_find(r, true, n))
		return err_set(err, EPROTO, "a generation that is there already");
	*g = (struct generation){ .used = true, .n = n, .end = { { .channel = { .fd = -1 } }, { .channel = { .fd = -1 } } } };
	return end_open(g, r, END_GATE, &m->fd[0], err) || end_open(g, r, END_SPAWNER, &m->fd[1], err) ? -1 : 0;
}

/* All that its processes still said is taken; what they left open ends as unknown. */
static int gone_take(struct recorder *r, const struct message *m, struct krux_err *err)
{
	struct generation *g;
	uint64_t n;

	if (m->n != sizeof n)
		return err_set(err, EPROTO, "a generation that is none");
	memcpy(&n, m->body, sizeof n);
	g = generation_find(r, true, n);
	if (!g)
		return err_set(err, EPROTO, "a generation that is not there");
	end_read(&g->end[END_SPAWNER], true);
	end_read(&g->end[END_GATE], true);
	recorder_turn(r);
	end_close(&g->end[END_GATE]);
	end_close(&g->end[END_SPAWNER]);
	g->used = false;
	for (size_t i = 0; i < r->nopen && !r->stopping;) {
		if (r->open[i].generation != n) {
			i++;
			continue;
		}
		append_unknown(r, r->open[i].seq, "its gate or spawner ended before it could say how the call ended");
		/* It leaves the list once that is on disk. */
		r->open[i++].generation = UINT64_MAX;
		if (is_full(r)) {
			recorder_turn(r);
			i = 0;
		}
	}
	recorder_turn(r);
	return 0;
}

static int parent_message(struct recorder *r, struct message *m, struct krux_err *err)
{
	switch (m->kind) {
	case MESSAGE_GENERATION:
		return generation_take(r, m, err);
	case MESSAGE_GONE:
		return gone_take(r, m, err);
	case MESSAGE_STOP:
		loop_stop(&r->loop);
		r->stopping = true;
		return 0;
	default:
		return err_set(err, EPROTO, "a message that a parent does not send");
	}
}

static void parent_ready(struct watch *w, uint32_t events)
{
	struct recorder *r = w->ctx;
	struct krux_err err = { 0 };
	struct message m;
	int rc = 0;

	if (events & EPOLLOUT && channel_flush(&r->parent, &err) > 0)
		loop_change(&r->loop, w, EPOLLIN, &err);
	while (!r->stopping && (rc = channel_take(&r->parent, &m, &err)) > 0) {
		rc = parent_message(r, &m, &err);
		message_close_fds(&m);
		if (rc)
			break;
	}
	if (rc >= 0)
		return;
	if (err.no)
		recorder_fail(r, "the parent", &err);
	/* Without a parent there is nobody to work for. */
	r->stopping = true;
	loop_stop(&r->loop);
}

static int parent_say(struct recorder *r, enum message_kind kind, const char *text, struct krux_err *err)
{
	struct part part = { text, strlen(text) };

	return channel_put(&r->parent, kind, 0, &part, 1, err) || channel_flush(&r->parent, err) < 0 ? -1 : 0;
}

/* ---- running ---- */

static void recorder_close(struct recorder *r)
{
	struct krux_err err;

	for (size_t i = 0; i < RECORDER_GENERATIONS; i++)
		for (int k = 0; k < 2 && r->generation[i].used; k++)
			end_close(&r->generation[i].end[k]);
	if (r->log && !r->code) {
		log_commit(r->log, &err);
		recorder_sign(r);
	}
	checkpoints_close(r->checkpoints);
	log_close(r->log);
	channel_close(&r->parent);
	loop_close(&r->loop);
	free(r->open);
	free(r);
}

static int recorder_begin(struct recorder *r, struct krux_err *err)
{
	const struct recorder_options *o = r->options;
	struct krux_err why = { 0 };

	if (recorder_open(r, err) || (o->confine && o->confine(o->confine_ctx, err)))
		return -1;
	if (log_zeros_start(r->log, &why))
		fprintf(stderr, "kruxrt: recorder: %s: they are written with the records\n", why.text);
	r->on_parent = (struct watch){ .fd = r->parent.fd, .ready = parent_ready, .ctx = r };
	r->loop.turn = recorder_turn;
	r->loop.turn_ctx = r;
	return loop_watch(&r->loop, &r->on_parent, EPOLLIN, err) || parent_say(r, MESSAGE_READY, "", err) ? -1 : 0;
}

int recorder_run(int parent_channel, const struct recorder_options *options)
{
	struct recorder *r = calloc(1, sizeof *r);
	struct krux_err err = { 0 }, ignored;
	int code = 3;

	if (!r || sodium_init() < 0 || loop_open(&r->loop, &err)) {
		fputs("kruxrt: recorder: it cannot start\n", stderr);
		free(r);
		return 3;
	}
	r->options = options;
	if (channel_open(&r->parent, parent_channel, &err)) {
		r->parent.fd = -1;
	} else if (recorder_begin(r, &err)) {
		r->code = 3;
		parent_say(r, MESSAGE_REFUSED, err.text, &ignored);
	} else {
		if (loop_run(&r->loop, &err))
			recorder_fail(r, "wait", &err);
		code = r->code;
	}
	recorder_close(r);
	return code;
}
