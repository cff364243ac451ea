/* Two sockets to one connection: what comes from either goes to the other, as fast as that one takes it.
 *
 * When the child's end is closed, by the child or since its call ends, what the child has said before is still
 * brought to the host, until that has all of it, for a bounded time; what the host says then, nobody hears. */
#include "runtime/egress/egress_part.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLOW_BYTES = 32 << 10 };
/* How often it is looked whether the host has taken all: nothing tells. */
static const uint64_t look_first = 1000000, look_last = 64000000;

/* At most one read: other connections have their turn. False: that end is broken. */
static bool flow_read(struct flow *f)
{
	ssize_t k;

	if (f->n || f->ended)
		return true;
	k = read(f->from->fd, f->bytes, FLOW_BYTES);
	if (k < 0)
		return errno == EAGAIN || errno == EINTR;
	f->at = 0;
	f->n = (size_t)k;
	f->ended = !k;
	return true;
}

static bool flow_write(struct flow *f)
{
	ssize_t k = 0;

	if (f->n) {
		k = send(f->to->fd, f->bytes + f->at, f->n, MSG_NOSIGNAL);
		if (k < 0)
			return errno == EAGAIN || errno == EINTR;
		f->at += (size_t)k;
		f->n -= (size_t)k;
	}
	if (!f->n && f->ended && !f->shut) {
		f->shut = true;
		shutdown(f->to->fd, SHUT_WR);
	}
	return true;
}

/* Nobody takes any more of it. */
static void flow_end(struct flow *f)
{
	f->n = 0;
	f->ended = f->shut = true;
}

/* To the host. A child whose end is broken has said what it will; a host whose end is takes nothing more, and what it had
 * said before is passed on. */
static void out_pass(struct relay *s)
{
	struct flow *f = &s->out;
	const bool none = !f->n;
	size_t had;

	if (!flow_read(f))
		f->ended = true;
	had = f->n;
	if (!flow_write(f)) {
		flow_end(f);
		s->lost = true;
	} else {
		*f->count += had - f->n;
	}
	if (none || had > f->n)
		s->took = s->line->egress->loop.now;
}

/* From the host: those bytes count that came, whoever hears them. */
static void in_pass(struct relay *s)
{
	struct flow *f = &s->in;
	const size_t before = f->n;

	if (!flow_read(f)) {
		f->ended = true;
		flow_end(&s->out);
		s->lost = true;
	}
	if (f->n > before)
		*f->count += f->n - before;
	if (!s->gone && !flow_write(f))
		relay_leave(s);
	if (s->gone)
		f->n = 0;
}

/* The host's machine has all that was sent, or but for the end of it. */
static bool host_has_all(const struct relay *s)
{
	int left = 0;

	return !ioctl(s->host.fd, SIOCOUTQ, &left) && left <= 1;
}

static bool relay_done(const struct relay *s)
{
	if (!s->out.shut)
		return false;
	return s->gone ? s->lost || s->in.ended || host_has_all(s) : s->in.shut;
}

/* Level-triggered: an end that nothing is wanted of is not watched, or its being closed would be told for ever. Of the
 * child's that is wanted, once. */
static bool end_watch(struct relay *s, struct watch *w, const struct flow *from, const struct flow *to)
{
	struct loop *loop = &s->line->egress->loop;
	const uint32_t events = (!from->n && !from->ended ? EPOLLIN : 0u) | (to->n ? EPOLLOUT : 0u);

	if (!events && (w != &s->child || s->gone)) {
		if (w->on)
			loop_forget(loop, w);
		return true;
	}
	return !(w->on ? loop_change(loop, w, events, NULL) : loop_watch(loop, w, events, NULL));
}

static bool ends_watch(struct relay *s)
{
	return end_watch(s, &s->child, &s->out, &s->in) && end_watch(s, &s->host, &s->in, &s->out);
}

static void relay_end(struct relay *s)
{
	struct line *l = s->line;

	relay_close(s);
	line_relayed(l);
}

static void relay_step(struct relay *s)
{
	struct loop *loop = &s->line->egress->loop;

	out_pass(s);
	in_pass(s);
	if (relay_done(s) || (s->gone && loop->now >= s->until) || !ends_watch(s)) {
		relay_end(s);
		return;
	}
	if (!s->gone)
		return;
	loop_timer_set(loop, &s->late, s->out.shut && loop->now + s->look < s->until ? loop->now + s->look : s->until);
	if (s->out.shut && s->look < look_last)
		s->look *= 2;
}

static void relay_ready(struct watch *w, uint32_t events)
{
	struct relay *s = w->ctx;

	/* Closed, and not one way only. */
	if (w == &s->child && events & EPOLLHUP)
		relay_leave(s);
	relay_step(s);
}

static void relay_late(struct timer *t)
{
	relay_step(t->ctx);
}

void relay_leave(struct relay *s)
{
	const uint64_t now = s->line->egress->loop.now;

	if (s->gone)
		return;
	s->gone = true;
	/* What it has sent is still read; who holds its end all the same can send no more. */
	shutdown(s->child.fd, SHUT_RDWR);
	/* A host that has taken nothing for so long already is waited for no longer. */
	s->until = (s->out.n ? s->took : now) + EGRESS_DRAIN_MS * UINT64_C(1000000);
	s->look = look_first;
	loop_timer_set(&s->line->egress->loop, &s->late, now);
}

void relay_close(struct relay *s)
{
	struct watch *end[2] = { &s->child, &s->host };

	loop_timer_clear(&s->line->egress->loop, &s->late);
	for (unsigned i = 0; i < 2; i++) {
		if (end[i]->on)
			loop_forget(&s->line->egress->loop, end[i]);
		close(end[i]->fd);
	}
	free(s->out.bytes);
	free(s->in.bytes);
	*s = (struct relay){ .line = NULL };
}

int relay_open(struct relay *s, struct line *line, int child, int host, struct message_lined *count,
                struct krux_err *err)
{
	*s = (struct relay){
		.line = line,
		.child = { .fd = child, .ready = relay_ready, .ctx = s },
		.host = { .fd = host, .ready = relay_ready, .ctx = s },
		.late = { .due = relay_late, .ctx = s },
		.took = line->egress->loop.now,
		.out = { &s->child, &s->host, malloc(FLOW_BYTES), 0, 0, false, false, &count->sent },
		.in = { &s->host, &s->child, malloc(FLOW_BYTES), 0, 0, false, false, &count->received },
	};
	if (s->out.bytes && s->in.bytes && ends_watch(s))
		return 0;
	relay_close(s);
	return err_set(err, ENOMEM, "a connection");
}
