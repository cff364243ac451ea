/* Two sockets to one connection: what comes from either goes to the other, as fast as that one takes it. */
#include "runtime/egress/egress_part.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FLOW_BYTES = 32 << 10 };

/* At most one read: other connections have their turn. False: there is no connection any more. */
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

static bool flow_pass(struct flow *f, bool outwards)
{
	const size_t before = f->n;
	size_t had;

	if (!flow_read(f))
		return false;
	had = f->n;
	/* Of bytes to the host those count that it was sent, of its own those that came. */
	if (!outwards && had > before)
		*f->count += had - before;
	if (!flow_write(f))
		return false;
	if (outwards)
		*f->count += had - f->n;
	return true;
}

/* Level-triggered: an end that nothing is wanted of is not watched, or its being closed would be told for ever. */
static bool end_watch(struct loop *loop, struct watch *w, const struct flow *from, const struct flow *to)
{
	uint32_t events = (!from->n && !from->ended ? EPOLLIN : 0u) | (to->n ? EPOLLOUT : 0u);

	if (!events) {
		if (w->on)
			loop_forget(loop, w);
		return true;
	}
	return !(w->on ? loop_change(loop, w, events, NULL) : loop_watch(loop, w, events, NULL));
}

static void relay_step(struct relay *s)
{
	struct loop *loop = &s->line->egress->loop;

	if (!flow_pass(&s->out, true) || !flow_pass(&s->in, false) || (s->out.shut && s->in.shut) ||
	    !end_watch(loop, &s->child, &s->out, &s->in) || !end_watch(loop, &s->host, &s->in, &s->out))
		relay_close(s);
}

static void relay_ready(struct watch *w, uint32_t events)
{
	(void)events;
	relay_step(w->ctx);
}

void relay_close(struct relay *s)
{
	struct watch *end[2] = { &s->child, &s->host };

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
		.out = { &s->child, &s->host, malloc(FLOW_BYTES), 0, 0, false, false, &count->sent },
		.in = { &s->host, &s->child, malloc(FLOW_BYTES), 0, 0, false, false, &count->received },
	};
	if (s->out.bytes && s->in.bytes && end_watch(&line->egress->loop, &s->child, &s->out, &s->in) &&
	    end_watch(&line->egress->loop, &s->host, &s->in, &s->out))
		return 0;
	relay_close(s);
	return err_set(err, ENOMEM, "a connection");
}
