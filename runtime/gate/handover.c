/* Connections from one gate to the next, between two messages: the descriptor, who the other side
 * is or has begun to prove, what was read of the next message, and for which tickets it waits. Nothing
 * is asked of the client, and it hears of nothing. */
#include "runtime/gate/server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message_connection {
	uint64_t uid, registered;              /* registered: seq of its agent's record; 0: it is nobody's yet */
	uint32_t role, auth, watching, nwaits;
	uint32_t nagent, nclaimed, nrest, state;   /* state: enum connection_state */
	uint8_t nonce[32];                     /* while it proves that it is `agent` */
};

struct message_wait {
	uint64_t id;
	uint32_t flags, reserved;
	uint8_t ticket[TICKET_LEN];
};

enum { HANDOVER_REST = LEND_MIDDLE, HANDOVER_WAITS = 1024 };

/* ---- giving ---- */

static size_t waits_write(const struct connection *c, struct message_wait *to, size_t max)
{
	size_t n = 0;

	for (const struct call *k = c->session.first; k && n < max; k = k->next) {
		to[n] = (struct message_wait){ .id = k->id, .flags = k->flags };
		memcpy(to[n++].ticket, k->ticket, TICKET_LEN);
	}
	return n;
}

/* 0: it is on its way, or waits for the other end. */
static int next_flush(struct server *s, struct krux_err *err)
{
	int rc = channel_flush(&s->next_gate, err);

	if (rc < 0)
		return -1;
	return loop_change(&s->gate->loop, &s->on_next, rc ? EPOLLIN : EPOLLIN | EPOLLOUT, err);
}

bool handover_try(struct connection *c)
{
	struct server *s = c->server;
	const struct agent *a = c->state == CONNECTION_PROVING ? c->proving : c->session.agent;
	struct message_connection head = { .uid = c->session.uid, .role = c->role, .auth = c->session.auth,
		                           .watching = c->watching, .state = c->state,
		                           .registered = c->session.agent ? c->session.agent->seq : 0 };
	size_t nrest = c->rest_n - c->rest_at, n;
	uint8_t *p = s->gate->body;
	struct krux_err err = { 0 };
	struct part part[3];

	if (!s->on_next.on) {
		/* The next gate is gone. What is under way here gets its answer before. */
		if (!connection_still(c) && (c->session.first || c->role == ROLE_SUPERVISOR))
			return false;
		connection_fail(c, FRAME_ERROR_DRAINING, "connect again: what this connection was to move to is gone, and of what "
		                "is not answered nothing was done");
		return true;
	}
	if (!connection_still(c) || nrest > HANDOVER_REST || s->next_gate.fd < 0 || s->next_gate.queued > MESSAGE_MAX)
		return false;
	head.nwaits = (uint32_t)waits_write(c, (struct message_wait *)(void *)p, HANDOVER_WAITS);
	n = head.nwaits * sizeof(struct message_wait);
	memcpy(head.nonce, c->nonce, sizeof head.nonce);
	head.nagent = a ? (uint32_t)strlen(a->name) : 0;
	memcpy(p + n, a ? a->name : "", head.nagent);
	n += head.nagent;
	head.nclaimed = (uint32_t)strlen(c->session.claimed);
	memcpy(p + n, c->session.claimed, head.nclaimed);
	n += head.nclaimed;
	head.nrest = (uint32_t)nrest;
	part[0] = (struct part){ &head, sizeof head };
	part[1] = (struct part){ p, n };
	part[2] = (struct part){ c->rest ? c->rest + c->rest_at : p, nrest };
	if (channel_put_fds(&s->next_gate, MESSAGE_CONNECTION, 0, part, 3, &c->watch.fd, 1, &err) ||
	    next_flush(s, &err))
		return false;
	connection_end(c);
	return true;
}

bool handover_reads(const struct connection *c)
{
	return c->server->leaving && c->role == ROLE_AGENT && c->state == CONNECTION_OPEN && !c->dead && c->session.first &&
	       !frame_reader_midway(&c->reader) && c->rest_n - c->rest_at < HANDOVER_REST;
}

/* What is not looked at here goes to the next gate, which has no such call to cancel. */
void handover_look(struct connection *c)
{
	if (c->looked < c->rest_at)
		c->looked = c->rest_at;
	while (c->session.first && !c->dead && c->rest_n - c->looked >= FRAME_HEAD) {
		const uint8_t *p = c->rest + c->looked;
		size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
		const char *why;
		struct frame f;

		if (length > c->rest_n - c->looked - FRAME_HEAD)
			return;
		if (!frame_decode(FRAME_TO_GATE, (struct krux_str){ (const char *)p + FRAME_HEAD, length }, &f, &why) &&
		    f.kind == FRAME_CANCEL)
			call_stop(&c->session, f.id);
		c->looked += FRAME_HEAD + length;
	}
}

void handover_read(struct connection *c)
{
	ssize_t n;

	if (c->rest_at) {
		memmove(c->rest, c->rest + c->rest_at, c->rest_n - c->rest_at);
		c->looked -= c->looked < c->rest_at ? c->looked : c->rest_at;
		c->rest_n -= c->rest_at;
		c->rest_at = 0;
	}
	/* Where so much is lent that there is no room, it is read when there is. */
	if (!lend_grow(&c->server->gate->lend, &c->rest, &c->rest_room, c->rest_n, HANDOVER_REST))
		return;
	n = recv(c->watch.fd, c->rest + c->rest_n, HANDOVER_REST - c->rest_n, MSG_DONTWAIT);
	if (n > 0) {
		c->rest_n += (size_t)n;
		handover_look(c);
	} else if (!n || (errno != EAGAIN && errno != EINTR)) {
		connection_end(c);
	}
}

void handover_done(struct server *s)
{
	struct krux_err err = { 0 };

	/* A next gate that is gone need not be told. */
	if (!channel_put(&s->next_gate, MESSAGE_DONE, 0, NULL, 0, &err))
		next_flush(s, &err);
	s->done = true;
}

/* ---- taking ---- */

static void waits_read(struct connection *c, const uint8_t *p, size_t n)
{
	struct message_wait w;

	for (size_t i = 0; i < n; i++) {
		struct frame f = { .kind = FRAME_TICKET, .has_id = true, .ticket.what = FRAME_TICKET_WAIT };

		memcpy(&w, p + i * sizeof w, sizeof w);
		f.id = w.id;
		f.ticket.ticket = w.ticket;
		f.ticket.has_flags = true;
		f.ticket.flags = w.flags & 7;
		/* One that is not known here yet is waited for; one that has ended meanwhile is answered. */
		if (ended_find(c->session.agent, w.ticket) || !ticket_wait(&c->session, f.id, w.flags & 7, w.ticket))
			ticket_frame(&c->session, &f);
	}
}

/* NULL, or why it ends: the agent's registration is not the one that it was opened under. */
static const char *session_restore(struct connection *c, const struct message_connection *h, struct krux_str name,
                            struct krux_str claimed)
{
	struct agent *a = agent_find(c->server->gate, name);

	memcpy(c->session.claimed, claimed.p, claimed.n);
	if (h->state != CONNECTION_OPEN) {
		c->state = (enum connection_state)h->state;
		c->proving = a;
		memcpy(c->nonce, h->nonce, sizeof c->nonce);
		return NULL;
	}
	if (h->role == ROLE_AGENT && (!a || a->revoked || h->auth > AUDIT_AUTH_PEER))
		return "the agent has been taken out";
	if (h->role == ROLE_AGENT && a->seq != h->registered)
		return "the agent has been registered anew; connect again";
	connection_known(c);
	c->watching = h->watching && h->role == ROLE_SUPERVISOR;
	c->server->gate->watched |= c->watching;
	if (h->role != ROLE_AGENT)
		return NULL;
	c->session.agent = a;
	c->session.auth = (enum audit_auth)h->auth;
	a->nsessions++;
	return NULL;
}

/* False: it is not what one gate sends another. */
static bool connection_receive(struct server *s, struct message *m)
{
	struct message_connection h;
	const uint8_t *p = m->body + sizeof h;
	struct krux_str name, claimed;
	struct connection *c;
	const char *why;
	size_t left, nwaits;

	if (m->n < sizeof h || m->nfds != 1)
		return false;
	memcpy(&h, m->body, sizeof h);
	left = m->n - sizeof h;
	nwaits = (size_t)h.nwaits * sizeof(struct message_wait);
	if (h.role > ROLE_SUPERVISOR || h.state > CONNECTION_OPEN || h.nagent > 64 || h.nclaimed > GATE_CLAIMED || nwaits > left ||
	    (uint64_t)h.nagent + h.nclaimed + h.nrest != left - nwaits)
		return false;
	name = (struct krux_str){ (const char *)p + nwaits, h.nagent };
	claimed = (struct krux_str){ name.p + name.n, h.nclaimed };
	c = connection_new(s, (enum connection_role)h.role, m->fd[0], h.uid);
	m->fd[0] = -1;
	if (!c)
		return true;
	why = session_restore(c, &h, name, claimed);
	if (why) {
		connection_fail(c, FRAME_ERROR_REVOKED, why);
		return true;
	}
	if (c->session.agent)
		waits_read(c, p, h.nwaits);
	if (!c->dead && h.nrest)
		connection_take(c, (const uint8_t *)claimed.p + claimed.n, h.nrest);
	return true;
}

static void receiving_end(struct server *s)
{
	loop_forget(&s->gate->loop, &s->on_from);
	channel_close(&s->from_gate);
	s->receiving = false;
	s->gate->receiving = false;
	s->gate->renew = true;
}

static void from_ready(struct watch *w, uint32_t events)
{
	struct server *s = w->ctx;
	struct krux_err err = { 0 };
	struct message m;
	int rc;

	(void)events;
	while ((rc = channel_take(&s->from_gate, &m, &err)) > 0) {
		bool done = m.kind != MESSAGE_CONNECTION || !connection_receive(s, &m);

		message_close_fds(&m);
		if (done)
			break;
	}
	if (rc)
		receiving_end(s);
}

static void next_ready(struct watch *w, uint32_t events)
{
	struct server *s = w->ctx;
	struct krux_err err = { 0 };

	/* It takes what was queued, or is gone: then those that are still here hear of it. */
	if (channel_flush(&s->next_gate, &err) < 0 || (events & (EPOLLHUP | EPOLLERR)))
		loop_forget(&s->gate->loop, &s->on_next);
	else
		next_flush(s, &err);
}

/* The gate before this one gives while this one may give already: what comes is passed on. */
int handover_open(struct gate *g, int channel, bool receive, struct krux_err *err)
{
	struct server *s = g->server;
	struct channel *c = receive ? &s->from_gate : &s->next_gate;
	struct watch *w = receive ? &s->on_from : &s->on_next;

	if (c->fd >= 0 || channel_open(c, channel, err)) {
		close(channel);
		return err_set(err, EBUSY, "hand connections over");
	}
	if (receive) {
		s->receiving = true;
	} else {
		s->leaving = true;
		server_drain(g);
		g->retiring = true;
	}
	*w = (struct watch){ .fd = channel, .ready = receive ? from_ready : next_ready, .ctx = s };
	return loop_watch(&g->loop, w, receive ? EPOLLIN : EPOLLIN | EPOLLOUT, err);
}
