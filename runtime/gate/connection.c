/* One connection: what is read is looked at in place, what is left is kept in a lent buffer; what is
 * to be sent is gathered in another until the turn ends. An idle one holds neither. */
#include "runtime/gate/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t millisecond = 1000000;

static struct lend *lend_of(struct connection *c)
{
	return &c->server->gate->lend;
}

static uint64_t now_of(const struct connection *c)
{
	return c->server->gate->loop.now;
}

static uint64_t message_by(const struct connection *c)
{
	return now_of(c) + c->server->gate->limits.message_ms * millisecond;
}

/* ---- when ---- */

static void earlier(uint64_t *first, uint64_t at)
{
	if (at && (!*first || at < *first))
		*first = at;
}

void connection_timer(struct connection *c)
{
	struct loop *loop = &c->server->gate->loop;
	uint64_t first = 0;

	earlier(&first, c->hello_by);
	earlier(&first, c->whole_by);
	earlier(&first, c->taken_by);
	earlier(&first, c->resume_at);
	if (!first)
		loop_timer_clear(loop, &c->timer);
	else if (!c->timer.on || c->timer.at != first)
		loop_timer_set(loop, &c->timer, first);
}

/* Must the next message wait: while it owes time, takes no answers, or is about to leave. */
static bool owes(const struct connection *c)
{
	return c->resume_at || (c->session.agent && calls_owed(c->server->gate, c->session.agent)) ||
	       c->out_n - c->out_at > SERVER_HIGH || c->state == CONNECTION_CLOSING || c->dead ||
	       (c->server->leaving && !frame_reader_midway(&c->reader));
}

static void interest(struct connection *c)
{
	bool reads = (!owes(c) && !c->again) || handover_reads(c);
	uint32_t events = (reads ? EPOLLIN : 0) | (c->waiting ? EPOLLOUT : 0);

	if (c->watch.on && loop_change(&c->server->gate->loop, &c->watch, events, NULL))
		connection_end(c);
}

static void due(struct timer *t)
{
	struct connection *c = t->ctx;
	uint64_t now = now_of(c);

	if (c->taken_by && c->taken_by <= now) {
		connection_end(c);
		return;
	}
	if (c->hello_by && c->hello_by <= now) {
		connection_fail(c, FRAME_ERROR_TIMEOUT, "it took too long to say who it is");
		return;
	}
	if (c->whole_by && c->whole_by <= now) {
		connection_fail(c, FRAME_ERROR_TIMEOUT, "the rest of a message took too long");
		return;
	}
	if (c->resume_at && c->resume_at <= now) {
		c->resume_at = 0;
		connection_take(c, NULL, 0);
		if (c->dead)
			return;
		interest(c);
	}
	connection_timer(c);
}

/* ---- begin and end ---- */

static void ready(struct watch *w, uint32_t events);
static void flush_now(struct session *);

static void stranger_add(struct server *s, struct connection *c)
{
	c->stranger = true;
	c->next_stranger = s->strangers;
	if (s->strangers)
		s->strangers->prev_stranger = c;
	s->strangers = c;
	s->nstrangers++;
}

static void stranger_drop(struct connection *c)
{
	struct server *s = c->server;

	if (!c->stranger)
		return;
	c->stranger = false;
	if (c->prev_stranger)
		c->prev_stranger->next_stranger = c->next_stranger;
	else
		s->strangers = c->next_stranger;
	if (c->next_stranger)
		c->next_stranger->prev_stranger = c->prev_stranger;
	s->nstrangers--;
}

struct connection *connection_new(struct server *s, enum connection_role role, int fd, uint64_t uid)
{
	struct connection *c = calloc(1, sizeof *c);
	struct krux_err err = { 0 };

	if (!c) {
		close(fd);
		return NULL;
	}
	c->server = s;
	c->role = role;
	c->session = (struct session){ .gate = s->gate, .number = ++s->numbers, .uid = uid,
		                       .send = connection_send, .flush = flush_now };
	c->watch = (struct watch){ .fd = fd, .ready = ready, .ctx = c };
	c->timer = (struct timer){ .due = due, .ctx = c };
	c->reader.max = SERVER_STRANGER;
	c->hello_by = now_of(c) + s->gate->limits.hello_ms * millisecond;
	if (loop_watch(&s->gate->loop, &c->watch, EPOLLIN, &err)) {
		close(fd);
		free(c);
		return NULL;
	}
	c->next = s->first;
	if (s->first)
		s->first->prev = c;
	s->first = c;
	s->count[role]++;
	stranger_add(s, c);
	connection_timer(c);
	return c;
}

static void descriptors_close(struct connection *c)
{
	for (size_t i = 0; i < c->nfds; i++)
		close(c->fds[i].fd);
	c->nfds = 0;
}

static void buffers_give(struct connection *c)
{
	struct lend *l = lend_of(c);

	descriptors_close(c);
	lend_give(l, c->fds, c->fds_room);
	lend_give(l, c->out, c->out_room);
	lend_give(l, c->rest, c->rest_room);
	lend_give(l, c->reader.body, c->reader.room);
	c->fds = NULL;
	c->out = c->rest = c->reader.body = NULL;
}

void connection_end(struct connection *c)
{
	struct server *s = c->server;

	if (c->dead)
		return;
	c->dead = true;
	stranger_drop(c);
	calls_orphan(&c->session);
	if (c->session.agent)
		c->session.agent->nsessions--;
	loop_forget(&s->gate->loop, &c->watch);
	loop_timer_clear(&s->gate->loop, &c->timer);
	close(c->watch.fd);
	buffers_give(c);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->count[c->role]--;
	/* Others in this turn may still hold it. */
	c->next = s->dead;
	s->dead = c;
}

void connection_known(struct connection *c)
{
	stranger_drop(c);
	c->state = CONNECTION_OPEN;
	c->reader.max = c->role == ROLE_AGENT ? FRAME_MAX : LEND_MIDDLE;
	c->hello_by = 0;
	connection_timer(c);
}

void connections_bury(struct server *s)
{
	struct connection *c;

	while ((c = s->dead)) {
		s->dead = c->next;
		free(c);
	}
}

void connection_fail(struct connection *c, enum frame_error code, const char *why)
{
	if (c->dead || c->state == CONNECTION_CLOSING)
		return;
	tell_error(&c->session, false, 0, code, why, 0);
	c->state = CONNECTION_CLOSING;
	calls_orphan(&c->session);
	c->hello_by = c->whole_by = c->resume_at = 0;
	c->taken_by = message_by(c);
	interest(c);
	connection_timer(c);
}

/* ---- to it ---- */

static void dirty(struct connection *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->server->dirty;
	c->server->dirty = c;
}

static bool fd_add(struct connection *c, int fd)
{
	uint8_t *p = (uint8_t *)c->fds;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0 || !lend_grow(lend_of(c), &p, &c->fds_room, c->nfds * sizeof *c->fds,
	                           (c->nfds + 1) * sizeof *c->fds)) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	c->fds = (struct out_fd *)(void *)p;
	c->fds[c->nfds++] = (struct out_fd){ c->out_n, copy };
	return true;
}

void connection_send(struct session *session, const struct frame *f, int fd)
{
	struct connection *c = (struct connection *)session;
	size_t n;

	if (c->dead || c->state == CONNECTION_CLOSING)
		return;
	if (!c->out && !lend_grow(lend_of(c), &c->out, &c->out_room, 0, LEND_SMALL))
		goto fail;
	n = frame_encode(f, c->out + c->out_n, c->out_room - c->out_n);
	if (n > c->out_room - c->out_n) {
		if (!lend_grow(lend_of(c), &c->out, &c->out_room, c->out_n, c->out_n + n))
			goto fail;
		n = frame_encode(f, c->out + c->out_n, c->out_room - c->out_n);
	}
	if (!n || (fd >= 0 && !fd_add(c, fd)))
		goto fail;
	c->out_n += n;
	dirty(c);
	return;
fail:
	/* An answer that cannot be given would be waited for in vain. The end comes with the turn's: who sends
	 * holds calls that end with the connection. */
	descriptors_close(c);
	c->out_n = c->out_at;
	c->state = CONNECTION_CLOSING;
	dirty(c);
}

/* The next bytes that leave in one piece, and the descriptor that leaves with them. */
static size_t piece(const struct connection *c, int *fd)
{
	size_t end = c->out_n;

	*fd = -1;
	if (!c->nfds)
		return end - c->out_at;
	if (c->fds[0].at > c->out_at)
		return c->fds[0].at - c->out_at;
	*fd = c->fds[0].fd;
	return (c->nfds > 1 ? c->fds[1].at : end) - c->out_at;
}

static ssize_t piece_send(struct connection *c, size_t n, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec v = { c->out + c->out_at, n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			                         .cmsg_len = CMSG_LEN(sizeof fd) };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof fd);
		return sendmsg(c->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	return send(c->watch.fd, v.iov_base, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void all_sent(struct connection *c)
{
	lend_give(lend_of(c), c->out, c->out_room);
	c->out = NULL;
	c->out_room = c->out_at = c->out_n = 0;
	lend_give(lend_of(c), c->fds, c->fds_room);
	c->fds = NULL;
	c->fds_room = 0;
	if (c->state == CONNECTION_CLOSING) {
		connection_end(c);
		return;
	}
	/* So much may have waited that it was no longer read, and have left before anybody asked to be told of room. */
	if (c->rest)
		server_again(c);
	if (c->waiting) {
		c->waiting = false;
		c->taken_by = 0;
		connection_timer(c);
	}
	interest(c);
}

void connection_flush(struct connection *c)
{
	bool moved = false;

	while (c->out_at < c->out_n) {
		int fd;
		size_t n = piece(c, &fd);
		ssize_t sent = piece_send(c, n, fd);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN) {
			connection_end(c);
			return;
		}
		if (sent < 0)
			break;
		moved = true;
		c->out_at += (size_t)sent;
		if (fd >= 0 && sent > 0) {
			close(fd);
			memmove(c->fds, c->fds + 1, --c->nfds * sizeof *c->fds);
		}
	}
	if (c->out_at == c->out_n) {
		all_sent(c);
		return;
	}
	if (c->watching && c->out_n - c->out_at > SERVER_WATCHED) {
		connection_end(c);
		return;
	}
	if (moved || !c->taken_by)
		c->taken_by = message_by(c);
	/* What was taken makes room. */
	if (c->out_at > LEND_MIDDLE) {
		memmove(c->out, c->out + c->out_at, c->out_n - c->out_at);
		for (size_t i = 0; i < c->nfds; i++)
			c->fds[i].at -= c->out_at;
		c->out_n -= c->out_at;
		c->out_at = 0;
	}
	c->waiting = true;
	interest(c);
	connection_timer(c);
}

static void flush_now(struct session *session)
{
	struct connection *c = (struct connection *)session;

	if (!c->more && !c->dead)
		connection_flush(c);
}

/* ---- from it ---- */

static bool rest_keep(struct connection *c, const uint8_t *p, size_t n)
{
	bool mine = c->rest && p >= c->rest && p <= c->rest + c->rest_n;

	if (mine) {
		c->rest_at = (size_t)(p - c->rest);
		return true;
	}
	if (!lend_grow(lend_of(c), &c->rest, &c->rest_room, 0, n))
		return false;
	memcpy(c->rest, p, n);
	c->rest_at = 0;
	c->rest_n = n;
	return true;
}

static void rest_done(struct connection *c)
{
	lend_give(lend_of(c), c->rest, c->rest_room);
	c->rest = NULL;
	c->rest_room = c->rest_at = c->rest_n = c->looked = 0;
}

static void message_take(struct connection *c, struct krux_str body)
{
	unsigned to = c->role == ROLE_AGENT ? FRAME_TO_GATE : FRAME_TO_DAEMON;
	const char *why = "";
	struct frame f;
	enum frame_error code = frame_decode(to, body, &f, &why);

	c->whole_by = 0;
	if (code)
		connection_fail(c, code, why);
	else
		server_frame(c, &f);
	krux_pool_reset(c->server->gate->pool);
	if (!c->dead && c->reader.body && !frame_reader_midway(&c->reader)) {
		lend_give(lend_of(c), c->reader.body, c->reader.room);
		c->reader.body = NULL;
		c->reader.room = 0;
	}
}

static void body_room(struct connection *c)
{
	if (!lend_grow(lend_of(c), &c->reader.body, &c->reader.room, 0, c->reader.length))
		connection_fail(c, FRAME_ERROR_BYTES, "too many bytes are under way; try again later");
}

void connection_take(struct connection *c, const uint8_t *p, size_t n)
{
	unsigned budget = SERVER_BUDGET;
	struct krux_str body;

	if (c->rest) {
		p = c->rest + c->rest_at;
		n = c->rest_n - c->rest_at;
	}
	while (n && budget && !owes(c)) {
		switch (frame_reader_take(&c->reader, &p, &n, &body)) {
		case FRAME_WHOLE:
			budget--;
			c->more = n > 0;
			message_take(c, body);
			break;
		case FRAME_ROOM:
			body_room(c);
			break;
		case FRAME_TOO_LONG:
			connection_fail(c, FRAME_ERROR_MALFORMED, "a message of no length, or longer than any may be");
			break;
		case FRAME_MORE:
			break;
		}
	}
	if (c->dead)
		return;
	if (!n || c->state == CONNECTION_CLOSING)
		rest_done(c);
	else if (!rest_keep(c, p, n))
		connection_fail(c, FRAME_ERROR_BYTES, "too many bytes are under way; try again later");
	else if (!owes(c))
		server_again(c);
	if (!c->dead && frame_reader_midway(&c->reader) && !c->whole_by && c->state != CONNECTION_CLOSING)
		c->whole_by = message_by(c);
	/* The recorder is behind with what this agent was told. */
	if (!c->dead && !c->resume_at && c->session.agent && calls_owed(c->server->gate, c->session.agent))
		c->resume_at = now_of(c) + millisecond;
	if (!c->dead && (c->whole_by || c->resume_at || c->timer.on))
		connection_timer(c);
}

/* Waits a supervisor for what is being recorded or loaded. */
static bool asks(const struct connection *c)
{
	const struct gate *g = c->server->gate;
	uint64_t number = c->session.number;

	if (c->role != ROLE_SUPERVISOR)
		return false;
	for (unsigned i = 0; i < GATE_OPS; i++)
		if (g->ops[i].done && g->ops[i].connection == number)
			return true;
	for (unsigned i = 0; i < GATE_RELOADS; i++)
		if (g->reload[i].connection == number)
			return true;
	return false;
}

bool connection_still(const struct connection *c)
{
	if (c->state == CONNECTION_CLOSING || c->out_n || frame_reader_midway(&c->reader) || asks(c))
		return false;
	for (const struct call *k = c->session.first; k; k = k->next)
		if (k->stage != CALL_WAITING || !ticket_rests(c->server->gate, k->ticket))
			return false;
	return true;
}

static void ready(struct watch *w, uint32_t events)
{
	struct connection *c = w->ctx;
	uint8_t *in = c->server->in;
	ssize_t n;

	if (events & EPOLLOUT)
		connection_flush(c);
	if (c->dead)
		return;
	if (events & EPOLLIN && handover_reads(c)) {
		handover_read(c);
	} else if (events & EPOLLIN && !owes(c) && !c->rest) {
		n = recv(w->fd, in, sizeof c->server->in, MSG_DONTWAIT);
		if (n > 0)
			connection_take(c, in, (size_t)n);
		else if (!n || (errno != EAGAIN && errno != EINTR))
			connection_end(c);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		connection_end(c);
	}
	if (!c->dead)
		interest(c);
}
