/* The end of a turn: what was appended goes to the disk with one write and one wait, then those who
 * asked get their answers, and the others the news. */
#include "runtime/record/recorder_part.h"

#include "runtime/base/cleanup.h"
#include "runtime/base/err.h"
#include "runtime/record/carry.h"

#include <stdio.h>
#include <string.h>

void recorder_fail(struct recorder *r, const char *what, const struct krux_err *err)
{
	fprintf(stderr, "kruxrt: recorder: %s: %s\n", what, err->text);
	r->code = 3;
	r->stopping = true;
	loop_stop(&r->loop);
}

void end_close(struct end *e)
{
	if (e->channel.fd < 0)
		return;
	loop_forget(&e->recorder->loop, &e->watch);
	channel_close(&e->channel);
}

/* Somebody who does not take what it is told is cut off, and so ends its generation. */
static void end_put(struct end *e, enum message_kind kind, uint64_t cookie, const struct part *part,
                    unsigned n, int fd)
{
	struct krux_err err;
	int rc;

	if (e->channel.fd < 0)
		return;
	rc = fd < 0 ? channel_put(&e->channel, kind, cookie, part, n, &err)
	            : channel_put_fds(&e->channel, kind, cookie, part, n, &fd, 1, &err);
	if (rc || e->channel.queued > RECORDER_QUEUE)
		end_close(e);
}

static void end_flush(struct end *e)
{
	struct krux_err err;
	int rc;

	if (e->channel.fd < 0)
		return;
	rc = channel_flush(&e->channel, &err);
	if (rc < 0 || loop_change(&e->recorder->loop, &e->watch, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, &err))
		end_close(e);
}

static void receipt_make(const struct generation *g, const struct log_added *a, uint8_t out[static HASH_LEN])
{
	static const char domain[] = "krux/receipt/1";
	uint8_t number[16];
	struct krux_str part[3] = { { domain, sizeof domain },
		                    { (const char *)number, sizeof number },
		                    { (const char *)a->leaf, HASH_LEN } };

	for (int i = 0; i < 8; i++) {
		number[i] = (uint8_t)(g->n >> (56 - 8 * i));
		number[8 + i] = (uint8_t)(a->seq >> (56 - 8 * i));
	}
	krux_hmac_sha256(&g->key, part, 3, out);
}

static void ack_tell(const struct pending *p)
{
	struct message_ack ack = { .status = p->status };
	struct part part[2] = { { &ack, sizeof ack }, { NULL, 0 } };

	if (p->status == ACK_OK) {
		ack.seq = p->added.seq;
		ack.wall = p->added.wall;
		memcpy(ack.leaf, p->added.leaf, HASH_LEN);
		if (p->receipt && p->from->generation->has_key)
			receipt_make(p->from->generation, &p->added, ack.receipt);
		if (p->echo) {
			part[1] = (struct part){ p->added.bytes.p, p->added.bytes.n };
			ack.nrecord = (uint32_t)p->added.bytes.n;
		}
	}
	end_put(p->from, MESSAGE_ACK, p->cookie, part, 2, -1);
}

static void news_tell(struct recorder *r, const struct pending *p)
{
	struct part part = { p->added.bytes.p, p->added.bytes.n };

	for (size_t i = 0; i < RECORDER_GENERATIONS; i++) {
		struct generation *g = &r->generation[i];

		if (!g->used)
			continue;
		if (&g->end[END_GATE] != p->from)
			end_put(&g->end[END_GATE], MESSAGE_NEWS, 0, &part, 1, -1);
		if (p->kind == AUDIT_KIND_FREEZE || p->kind == AUDIT_KIND_AGENT)
			end_put(&g->end[END_SPAWNER], MESSAGE_NEWS, 0, &part, 1, -1);
	}
}

static void state_tell(struct end *e)
{
	size_t n;
	CLEAN_FREE uint8_t *state = carry_encode(log_carry(e->recorder->log), &n);
	struct part part = { state, n };
	struct krux_err err;
	CLEAN_FD int fd = state ? memory_file("krux state", &part, 1, &err) : -1;

	e->wants_state = false;
	if (fd < 0)
		end_close(e);
	else
		end_put(e, MESSAGE_SNAPSHOT, e->state_cookie, NULL, 0, fd);
}

/* What was to be committed is lost: nobody is told that it was recorded. */
static void commit_failed(struct recorder *r, struct krux_err *err)
{
	fprintf(stderr, "kruxrt: recorder: %s\n", err->text);
	for (size_t i = 0; i < r->npending; i++) {
		struct pending *p = &r->pending[i];

		if (p->status == ACK_OK && p->kind == AUDIT_KIND_BUNDLE && p->from)
			p->from->generation->has_bundle = false;
		if (p->status == ACK_OK)
			p->status = ACK_FAILED;
	}
	if (log_again(r->log, err)) {
		recorder_fail(r, "the log cannot go on", err);
		return;
	}
	for (size_t i = r->nopen; i--;)
		if (!carry_intent_find(log_carry(r->log), r->open[i].seq))
			open_drop(r, r->open[i].seq);
}

static void turn_commit(struct recorder *r)
{
	struct krux_err err = { 0 };
	bool lazy = true, any = false;

	for (size_t i = 0; i < r->npending; i++) {
		const struct pending *p = &r->pending[i];

		if (p->status == ACK_FAILED && !p->added.bytes.n)
			any = true;
		if (p->status != ACK_OK)
			continue;
		any = true;
		lazy &= p->lazy;
	}
	if (any && (lazy ? log_write(r->log, &err) : log_commit(r->log, &err)))
		commit_failed(r, &err);
}

void recorder_turn(void *ctx)
{
	struct recorder *r = ctx;

	turn_commit(r);
	for (size_t i = 0; i < r->npending; i++) {
		const struct pending *p = &r->pending[i];

		if (p->from)
			ack_tell(p);
		if (p->status != ACK_OK)
			continue;
		if (p->kind == AUDIT_KIND_OUTCOME || p->kind == AUDIT_KIND_UNKNOWN)
			open_drop(r, p->about);
		news_tell(r, p);
	}
	r->npending = 0;
	for (size_t i = 0; i < RECORDER_GENERATIONS; i++)
		for (int k = 0; k < 2 && r->generation[i].used; k++) {
			if (r->generation[i].end[k].wants_state)
				state_tell(&r->generation[i].end[k]);
			end_flush(&r->generation[i].end[k]);
		}
}
