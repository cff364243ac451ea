/* The channels to recorder and spawner: what is gathered in one turn leaves in few packets; what
 * arrives is held against the contract of docs/design/006-processes.md, and whatever does not fit
 * it ends the gate. */
#include "runtime/gate/gate_part.h"

#include "capspec/item.h"

#include <errno.h>
#include <string.h>

/* Records that nobody waits for leave when there are so many bytes of them, or after this time. Others
 * leave at once; but where many calls are made at a time, what is already there of the rest of them is
 * taken first, for so long at most: less than a disk takes for one record. */
enum { LAZY_BYTES = 96 << 10, LAZY_NS = 5000000, GATHER_NS = 200000, CROWD = 16 };

static void later_due(struct timer *t)
{
	struct link *l = t->ctx;

	/* What is there is taken also where nobody was woken by it; what follows from it leaves with the rest. */
	l->watch.ready(&l->watch, 0);
	if (l->channel.nout)
		l->lazy = false;
}

int link_open(struct link *l, struct gate *g, int fd, void (*ready)(struct watch *, uint32_t),
              struct krux_err *err)
{
	l->gate = g;
	if (channel_open(&l->channel, fd, err))
		return -1;
	l->open = true;
	l->watch = (struct watch){ .fd = fd, .ready = ready, .ctx = l };
	l->later = (struct timer){ .due = later_due, .ctx = l };
	return loop_watch(&g->loop, &l->watch, EPOLLIN, err);
}

void link_close(struct link *l)
{
	if (!l->open)
		return;
	loop_forget(&l->gate->loop, &l->watch);
	loop_timer_clear(&l->gate->loop, &l->later);
	channel_close(&l->channel);
	l->open = false;
}

/* Of a large crowd one half is decided while the other is written. */
static bool is_half(const struct gate *g)
{
	return g->together >= CROWD && 2 * g->recorder.gathered >= g->together;
}

/* Is it worth a look for more records that the same wait for the disk would do for. */
static bool gathers(struct gate *g)
{
	struct link *l = &g->recorder;
	bool fresh = l->fresh && l->channel.nout && !l->lazy && g->together > 1;

	l->fresh = false;
	if (fresh && !l->since)
		l->since = g->loop.now;
	return fresh && g->loop.now - l->since < GATHER_NS && !is_half(g);
}

static void link_flush(struct link *l)
{
	int rc;

	if (!l->open || (!l->channel.nout && !l->channel.first))
		return;
	if (l->lazy && !l->channel.first && l->channel.nout < LAZY_BYTES) {
		if (!l->later.on)
			loop_timer_set(&l->gate->loop, &l->later, l->gate->loop.now + LAZY_NS);
		return;
	}
	rc = channel_flush(&l->channel, NULL);
	if (rc > 0)
		l->lazy = l == &l->gate->recorder;
	l->since = 0;
	l->gathered = 0;
	if (!rc || l->watch.events & EPOLLOUT)
		loop_change(&l->gate->loop, &l->watch, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, NULL);
	/* What the other end has sent before it went is still read. */
}

/* Does nobody wait for what the recorder says: then its ACKs are taken with the next packet to it, at the
 * latest when that is due. To be woken by each would cost a client, who does not wait for it, a part of its
 * time. */
static bool recorder_rests(const struct gate *g)
{
	return g->ntold && g->ncalls == g->ntold + g->nwaiting && !g->nops && !g->draining && !g->retiring;
}

static void recorder_flush(struct gate *g)
{
	struct link *l = &g->recorder;

	link_flush(l);
	if (!l->open || l->watch.events & EPOLLOUT)
		return;
	loop_change(&g->loop, &l->watch, recorder_rests(g) ? 0 : EPOLLIN, NULL);
	if (!l->watch.events && !l->later.on)
		loop_timer_set(&g->loop, &l->later, g->loop.now + LAZY_NS);
}

void links_turn(struct gate *g)
{
	struct link *l = &g->recorder;

	/* What follows from ACKs that are there leaves with the same packet. */
	if (l->open && l->lazy && l->channel.nout >= LAZY_BYTES)
		recorder_ready(&l->watch, 0);
	if (g->acked)
		g->together = g->acked + l->awaited;
	g->acked = 0;
	g->loop.look = gathers(g);
}

void links_flush(struct gate *g)
{
	if (!g->loop.look)
		recorder_flush(g);
	link_flush(&g->spawner);
	link_flush(&g->parent);
}

/* ---- to the recorder ---- */

int append(struct gate *g, const struct record *r, uint64_t cookie, uint32_t flags,
           struct entry_memory *memory, struct krux_err *err)
{
	struct message_append head = { .flags = flags };
	size_t n = record_encode_body(r, g->body, sizeof g->body);
	struct part part[2] = { { &head, sizeof head }, { g->body, n } };

	if (!n)
		return err_set(err, 0, "a record that could not be read again");
	if (!g->recorder.open)
		return err_set(err, EPIPE, "record");
	if (!(flags & APPEND_LAZY)) {
		g->recorder.lazy = false;
		g->recorder.fresh = true;
		g->recorder.gathered++;
		g->recorder.awaited++;
	}
	if (memory && memory->n) {
		g->recorder.lazy = false;
		return channel_put_fds(&g->recorder.channel, MESSAGE_APPEND, cookie, part, 2,
		                       memory->fd, memory->n, err);
	}
	return channel_put(&g->recorder.channel, MESSAGE_APPEND, cookie, part, 2, err);
}

struct op *append_op(struct gate *g, const struct record *r,
                     void (*done)(struct gate *, struct op *, const struct message_ack *))
{
	struct op *op = g->op_free;
	uint64_t cookie;

	if (!op)
		return NULL;
	cookie = op->cookie + GATE_OPS;
	if (append(g, r, cookie, APPEND_ECHO, NULL, NULL))
		return NULL;
	g->op_free = op->next;
	*op = (struct op){ .cookie = cookie, .done = done };
	g->nops++;
	return op;
}

void append_only(struct gate *g, const struct record *r)
{
	append(g, r, 0, APPEND_LAZY | (g->watched ? APPEND_ECHO : 0), NULL, NULL);
}

const char *ack_text(uint32_t status)
{
	switch (status) {
	case ACK_FROZEN:
		return "held; nothing was done";
	case ACK_AGENT:
		return "this agent is not registered for this workspace; nothing was done";
	case ACK_TICKET:
		return "the ticket is no longer waiting; nothing was done";
	case ACK_SIGNATURE:
		return "the signature does not hold; nothing was done";
	case ACK_FULL:
		return "there is no room to record it; nothing was done";
	case ACK_FAILED:
		return "the log cannot be written; nothing was done";
	default:
		return "it cannot be recorded; nothing was done";
	}
}

/* ---- from the recorder ---- */

static struct op *op_at(struct gate *g, uint64_t cookie)
{
	struct op *op = &g->ops[cookie % GATE_OPS];

	return op->cookie == cookie && op->done ? op : NULL;
}

/* An intent that no ticket let run, or a denial of such a call: nothing follows from it for the gate's state. */
static bool call_is_plain(const struct call *c)
{
	return !c->release && (c->kind == AUDIT_KIND_INTENT || c->kind == AUDIT_KIND_DENIED);
}

/* Whoever waited hears of it after the state has moved. */
static int ack_take(struct gate *g, const struct message *m, struct krux_err *err)
{
	struct message_ack a;
	struct call *c = m->cookie >> COOKIE_SHIFT == COOKIE_CALL ? call_at(g, m->cookie) : NULL;
	struct krux_str bytes;
	struct record r;
	const char *why;
	struct op *op;
	size_t used;

	if (m->n < sizeof a)
		return err_set(err, EPROTO, "an ACK that is cut short");
	memcpy(&a, m->body, sizeof a);
	if (a.nrecord > m->n - sizeof a || a.nrecord > RECORD_MAX)
		return err_set(err, EPROTO, "an ACK that is cut short");
	bytes = (struct krux_str){ (const char *)m->body + sizeof a, a.nrecord };
	if (a.status == ACK_OK && bytes.n && c && call_is_plain(c)) {
		server_event(g, bytes);        /* the tally has it already */
	} else if (a.status == ACK_OK && bytes.n) {
		if (!record_decode((const uint8_t *)bytes.p, bytes.n, &r, &used, &why) || used != bytes.n)
			return err_set(err, EPROTO, "an ACK with no record: %s", why);
		if (news_own(g, bytes, &r, a.leaf, err))
			return -1;
	}
	if (m->cookie && !(c && c->pure) && g->recorder.awaited)
		g->recorder.awaited--;
	if (c) {
		g->acked += !c->pure;
		call_acked(g, c, &a, bytes);
	} else if (m->cookie >> COOKIE_SHIFT == COOKIE_OP && (op = op_at(g, m->cookie))) {
		void (*done)(struct gate *, struct op *, const struct message_ack *) = op->done;

		op->done = NULL;
		done(g, op, &a);
		op->next = g->op_free;
		g->op_free = op;
		g->nops--;
	}
	return 0;
}

static int recorder_take(struct gate *g, struct message *m, struct krux_err *err)
{
	switch (m->kind) {
	case MESSAGE_ACK:
		return ack_take(g, m, err);
	case MESSAGE_NEWS:
		return news_take(g, (struct krux_str){ (const char *)m->body, m->n }, err);
	case MESSAGE_BLOB:
		ticket_blob(g, m->cookie, m);
		return 0;
	default:
		return err_set(err, EPROTO, "the recorder says what it has no word for");
	}
}

/* Takes all that is there. 0: the other end is there too. */
static int link_take(struct link *l, int (*take)(struct gate *, struct message *, struct krux_err *),
                     struct krux_err *err)
{
	struct message m;
	int rc = 0;

	while (l->open && (rc = channel_take(&l->channel, &m, err)) > 0) {
		rc = take(l->gate, &m, err);
		message_close_fds(&m);
		krux_pool_reset(l->gate->pool);
		if (rc)
			return -1;
	}
	return l->open ? rc : 0;
}

void recorder_ready(struct watch *w, uint32_t events)
{
	struct link *l = w->ctx;
	struct krux_err err = { 0 };

	(void)events;
	/* Nothing can be recorded any more. */
	if (link_take(l, recorder_take, &err))
		gate_fail(l->gate, err.no ? 3 : 0, &err);
}

/* ---- to the spawner and back ---- */

int spawner_run_call(struct gate *g, struct call *c, const struct message_ack *a, struct krux_str record,
                     struct krux_str ticket, struct krux_err *err)
{
	struct message_run head = { .generation = g->options.generation, .deadline = c->deadline,
		                    .nrecord = (uint32_t)record.n, .nticket = (uint32_t)ticket.n };
	struct part part[3] = { { &head, sizeof head }, { record.p, record.n }, { ticket.p, ticket.n } };
	unsigned n = 0;
	int fd[2];

	if (!g->spawner.open)
		return err_set(err, EPIPE, "run a call");
	memcpy(head.receipt, a->receipt, sizeof head.receipt);
	if (c->blob >= 0)
		fd[n++] = c->blob;
	if (c->changes >= 0)
		fd[n++] = c->changes;
	if (n)
		return channel_put_fds(&g->spawner.channel, MESSAGE_RUN, c->cookie, part, 3, fd, n, err);
	return channel_put(&g->spawner.channel, MESSAGE_RUN, c->cookie, part, 3, err);
}

void spawner_cancel(struct gate *g, const struct call *c, enum cancel_why why)
{
	const struct message_cancel m = { .why = why };
	const struct part part = { &m, sizeof m };

	if (g->spawner.open)
		channel_put(&g->spawner.channel, MESSAGE_CANCEL, c->cookie, &part, 1, NULL);
}

bool spawner_look(struct gate *g, uint64_t cookie, struct krux_str workspace, const struct krux_str *path,
                  size_t n)
{
	struct item_out o = { g->body, sizeof g->body, 0 };
	struct part part;

	item_head(&o, ITEM_LIST, 2);
	item_str(&o, ITEM_TEXT, workspace);
	item_head(&o, ITEM_LIST, n);
	for (size_t i = 0; i < n; i++)
		item_str(&o, ITEM_TEXT, path[i]);
	part = (struct part){ g->body, o.n };
	return g->spawner.open && o.n <= o.cap &&
	       !channel_put(&g->spawner.channel, MESSAGE_LOOK, cookie, &part, 1, NULL);
}

static int spawner_take(struct gate *g, struct message *m, struct krux_err *err)
{
	struct krux_str body = { (const char *)m->body, m->n };
	struct call *c = m->cookie >> COOKIE_SHIFT == COOKIE_CALL ? call_at(g, m->cookie) : NULL;

	switch (m->kind) {
	case MESSAGE_RESULT:
		if (c)
			call_result(g, c, m);
		return 0;
	case MESSAGE_STARTED:
		if (c)
			background_started(g, c, m);
		return 0;
	case MESSAGE_REFUSED:
		if (c && c->stage == CALL_RUNNING)
			call_refused(g, c, body);
		else
			ticket_looked(g, m->cookie, (struct krux_str){ "\x80", 1 });
		return 0;
	case MESSAGE_LOOK:
		ticket_looked(g, m->cookie, body);
		return 0;
	default:
		return err_set(err, EPROTO, "the spawner says what it has no word for");
	}
}

void spawner_ready(struct watch *w, uint32_t events)
{
	struct link *l = w->ctx;
	struct gate *g = l->gate;
	struct krux_err err = { 0 };

	(void)events;
	if (!link_take(l, spawner_take, &err))
		return;
	/* What it ran ends with it; the news of what is recorded may still be on its way. */
	link_close(l);
	gate_orphaned(g);
}
