/* Connections of a program to connections of egress, one of which is asked for at a time. */
#include "runtime/spawn/tunnel.h"

#include "capspec/canon.h"
#include "stdlib-caps/network/line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THROWN_MOST = 64 << 10 };

/* ---- one direction ---- */

/* What there is, behind what is there already. False: the connection is broken. */
static bool flow_read(struct tunnel_flow *f, int fd)
{
	ssize_t k;

	/* There is room for a request to become longer. */
	if (f->ended || f->at || f->n == OPENING_HELLO)
		return true;
	k = recv(fd, f->bytes + f->n, OPENING_HELLO - f->n, MSG_DONTWAIT);
	if (k < 0)
		return errno == EAGAIN || errno == EINTR;
	f->n += (size_t)k;
	f->ended = !k;
	return true;
}

static bool flow_write(struct tunnel_flow *f, int fd)
{
	ssize_t k = 0;

	if (f->n) {
		k = send(fd, f->bytes + f->at, f->n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (k < 0)
			return errno == EAGAIN || errno == EINTR;
		f->at += (size_t)k;
		f->n -= (size_t)k;
	}
	if (!f->n)
		f->at = 0;
	if (!f->n && f->ended && !f->shut) {
		f->shut = true;
		shutdown(fd, SHUT_WR);
	}
	return true;
}

/* Nobody takes any more of it. */
static void flow_end(struct tunnel_flow *f)
{
	f->at = f->n = 0;
	f->ended = f->shut = true;
}

/* ---- one connection ---- */

static void tunnel_free(struct tunnel *t)
{
	if (t->program >= 0)
		close(t->program);
	if (t->host >= 0)
		close(t->host);
	t->program = t->host = -1;
	t->state = TUNNEL_FREE;
}

/* Whatever was on its way to the program has been written, or is not meant for it any more. */
static void tunnel_end_with(struct tunnel *t, const void *bytes, size_t n)
{
	if (t->host >= 0)
		close(t->host);
	t->host = -1;
	t->in.at = 0;
	t->in.n = n;
	t->in.ended = true;
	memcpy(t->in.bytes, bytes, n);
	t->state = TUNNEL_REFUSES;
}

static void tunnel_refuse(struct tunnel *t, const char *status, const char *why)
{
	char text[1024];
	int n = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n"
	                 "krux: %s\n", status, strlen(why) + 7, why);

	tunnel_end_with(t, text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0);
}

/* Where there is TLS it hears why in its own words: unrecognized_name, fatal. */
static void tunnel_refuse_name(struct tunnel *t)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 112 };

	tunnel_end_with(t, alert, sizeof alert);
}

/* What stands before the rest of what was read: nothing of a CONNECT, the request that is passed on. Of the rest that is
 * its body. */
static void head_replace(struct tunnel *t)
{
	struct tunnel_flow *f = &t->out;
	size_t rest = f->n - t->head.n;

	if (t->head.plain) {
		rest = rest < t->head.body ? rest : (size_t)t->head.body;
		t->left = t->head.body - rest;
	}
	memmove(f->bytes + t->head.nrequest, f->bytes + t->head.n, rest);
	memcpy(f->bytes, t->head.request, t->head.nrequest);
	f->n = t->head.nrequest + rest;
}

static void target_found(const struct message_target *target, struct tunnel *t)
{
	char why[400];

	head_replace(t);
	t->state = TUNNEL_WAITS;
	if (!t->head.plain || target->plain)
		return;
	snprintf(why, sizeof why, "this call may not speak to %s, port %u, without TLS: use https.", target->host, target->port);
	tunnel_refuse(t, "403 Forbidden", why);
}

/* Whose place the head names; ntargets: nobody's. The same place may have been decided with TLS and without. */
static unsigned target_of(const struct tunnels *s, const struct opening_head *head)
{
	unsigned found = s->ntargets;

	for (unsigned i = s->ntargets; i--;)
		if (s->target[i].port == head->port && !strcmp(s->target[i].host, head->host) &&
		    (found == s->ntargets || !head->plain || s->target[i].plain))
			found = i;
	return found;
}

static void head_step(struct tunnels *s, struct tunnel *t)
{
	char why[400];

	if (!flow_read(&t->out, t->program) || (t->out.ended && !t->out.n)) {
		tunnel_free(t);
		return;
	}
	switch (opening_head((struct krux_str){ t->out.bytes, t->out.n }, &t->head)) {
	case OPENING_MORE:
		if (t->out.ended)
			tunnel_free(t);
		return;
	case OPENING_NONE:
		tunnel_refuse(t, "403 Forbidden", t->head.why);
		return;
	case OPENING_WHOLE:
		break;
	}
	t->target = target_of(s, &t->head);
	if (t->target < s->ntargets) {
		target_found(&s->target[t->target], t);
		return;
	}
	snprintf(why, sizeof why, "this call may not connect to %s, port %u.", t->head.host, t->head.port);
	tunnel_refuse(t, "403 Forbidden", why);
}

/* The host that was decided; none only where that is an address, which no name stands for. */
static bool name_agrees(const char *name, const char *host)
{
	const struct krux_str text = { host, strlen(host) };
	uint8_t address[16];
	char canonical[1024];
	const char *why;
	bool v4;
	int n;

	if (!*name)
		return krux_canon_ip(text, address, &v4, &why);
	n = krux_canon_host((struct krux_str){ name, strlen(name) }, canonical, sizeof canonical, &why);
	return n > 0 && krux_str_eq((struct krux_str){ canonical, (size_t)n }, text);
}

static void hello_step(const struct tunnels *s, struct tunnel *t)
{
	struct opening_hello hello;

	if (!flow_write(&t->in, t->program) || !flow_read(&t->out, t->program)) {
		tunnel_free(t);
		return;
	}
	switch (opening_hello((struct krux_str){ t->out.bytes, t->out.n }, &hello)) {
	case OPENING_MORE:
		if (t->out.ended)
			tunnel_free(t);
		return;
	case OPENING_NONE:
		tunnel_refuse_name(t);
		return;
	case OPENING_WHOLE:
		break;
	}
	if (name_agrees(hello.name, s->target[t->target].host))
		t->state = TUNNEL_PASSES;
	else
		tunnel_refuse_name(t);
}

/* What follows a request that is passed on alone goes nowhere. */
static bool out_read(struct tunnel *t)
{
	const bool good = flow_read(&t->out, t->program);

	if (t->head.plain) {
		t->out.n = t->out.n < t->left ? t->out.n : (size_t)t->left;
		t->left -= t->out.n;
	}
	return good;
}

/* One piece at a time: the next comes when it is passed on. Who breaks off has said what came before all the same. A host
 * that takes no more may still be heard; what one says to a program that hears no more is thrown away, since it may take
 * nothing before. */
static void pass_step(struct tunnel *t)
{
	struct tunnel_flow *out = &t->out, *in = &t->in;

	if (!out->n && !out_read(t))
		out->ended = true;
	if (!flow_write(out, t->host))
		flow_end(out);
	if (!in->n && !flow_read(in, t->host))
		in->ended = true;
	if (!t->deaf && !flow_write(in, t->program))
		t->deaf = true;
	if (t->deaf)
		in->at = in->n = 0;
	if (out->shut && (in->shut || t->deaf))
		tunnel_free(t);
}

/* What it still says is read: to close before would take back what it was told. */
static void refuse_step(struct tunnel *t)
{
	if (!flow_write(&t->in, t->program)) {
		tunnel_free(t);
		return;
	}
	if (t->in.n)
		return;
	t->out = (struct tunnel_flow){ .n = 0 };
	if (!flow_read(&t->out, t->program) || t->out.ended || (t->thrown += t->out.n) > THROWN_MOST)
		tunnel_free(t);
}

static void tunnel_step(struct tunnels *s, struct tunnel *t)
{
	if (t->state == TUNNEL_HEAD)
		head_step(s, t);
	if (t->state == TUNNEL_HELLO)
		hello_step(s, t);
	if (t->state == TUNNEL_PASSES)
		pass_step(t);
	if (t->state == TUNNEL_REFUSES)
		refuse_step(t);
}

/* ---- the line ---- */

static struct tunnel *tunnel_in(struct tunnels *s, enum tunnel_state state)
{
	for (unsigned i = 0; i < TUNNELS; i++)
		if (s->tunnel[i].state == state)
			return &s->tunnel[i];
	return NULL;
}

static void connected(struct tunnel *t, int host)
{
	static const char yes[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	t->host = host;
	t->state = TUNNEL_PASSES;
	if (t->head.plain)
		return;
	t->in.n = sizeof yes - 1;
	memcpy(t->in.bytes, yes, sizeof yes - 1);
	t->state = TUNNEL_HELLO;
}

static void unconnected(struct tunnel *t, uint32_t status)
{
	static const struct { const char *status, *why; } says[LINE_STATUSES] = {
		[LINE_REFUSED] = { "403 Forbidden", "this host leads to addresses that calls may not connect to." },
		[LINE_OK] = { "502 Bad Gateway", "there is no connection." },
		[LINE_NO_NAME] = { "502 Bad Gateway", "there is no such host, or it has no address." },
		[LINE_NO_ANSWER] = { "504 Gateway Timeout", "no name server could say where this host is." },
		[LINE_CLOSED] = { "502 Bad Gateway", "the host takes no connection at this port." },
		[LINE_UNREACHABLE] = { "502 Bad Gateway", "the host cannot be reached." },
		[LINE_TIMEOUT] = { "504 Gateway Timeout", "the host does not answer." },
		[LINE_LIMIT] = { "503 Service Unavailable", "this call has as many connections as it may." },
		[LINE_PROXY_GONE] = { "502 Bad Gateway", "the operator's proxy does not answer." },
		[LINE_PROXY_REFUSED] = { "403 Forbidden", "the operator's proxy does not connect to this host." },
	};

	tunnel_refuse(t, says[status].status, says[status].why);
}

static void line_end(struct tunnels *s)
{
	struct tunnel *t;

	close(s->line);
	s->line = -1;
	while ((t = tunnel_in(s, TUNNEL_ASKS)))
		unconnected(t, LINE_OK);
}

static void line_hear(struct tunnels *s)
{
	struct tunnel *t = tunnel_in(s, TUNNEL_ASKS);
	struct line_reply r;
	int fd = -1, rc;

	if (s->line < 0 || !t)
		return;
	rc = line_take(s->line, MSG_DONTWAIT, &r, &fd);
	if (rc < 0)
		line_end(s);
	else if (rc && r.status == LINE_OK && fd >= 0)
		connected(t, fd);
	else if (rc)
		unconnected(t, r.status);
	if (rc && fd >= 0 && t->host != fd)
		close(fd);
}

/* Egress has as many for a call, and refuses one more. */
static bool all_connected(const struct tunnels *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TUNNELS; i++)
		n += s->tunnel[i].host >= 0;
	return n >= LINE_STREAMS;
}

static void line_say(struct tunnels *s)
{
	struct tunnel *t;

	while (!all_connected(s) && (t = tunnel_in(s, TUNNEL_WAITS)) && !tunnel_in(s, TUNNEL_ASKS)) {
		const struct line_ask ask = { .kind = LINE_CONNECT, .target = t->target };

		t->state = TUNNEL_ASKS;
		if (s->line < 0)
			unconnected(t, LINE_OK);
		else if (send(s->line, &ask, sizeof ask, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof ask)
			line_end(s);
	}
}

/* ---- all of them ---- */

static void tunnel_take(struct tunnels *s)
{
	bool over = false;
	struct tunnel *t;
	int fd;

	while (s->listener >= 0 && (t = tunnel_in(s, TUNNEL_FREE)) && !over) {
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
			return;
		if (fd >= 0)
			*t = (struct tunnel){ .state = TUNNEL_HEAD, .program = fd, .host = -1 };
		over = fd < 0 || ++s->taken == TUNNELS_MOST;
	}
	/* Where the machine gives none it would be told for ever that there is one. */
	if (over) {
		close(s->listener);
		s->listener = -1;
	}
}

void tunnels_open(struct tunnels *s, int listener, int line, const struct message_target *target, unsigned ntargets)
{
	s->listener = listener;
	s->line = line;
	s->ntargets = ntargets;
	s->taken = 0;
	memcpy(s->target, target, ntargets * sizeof *target);
	for (unsigned i = 0; i < TUNNELS; i++) {
		s->tunnel[i].state = TUNNEL_FREE;
		s->tunnel[i].program = s->tunnel[i].host = -1;
	}
}

/* An end that nothing is wanted of is not looked at, or its being closed would be told for ever. */
static struct pollfd end_poll(int fd, bool reads, bool writes)
{
	const short events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));

	return (struct pollfd){ .fd = events ? fd : -1, .events = events };
}

unsigned tunnels_poll(const struct tunnels *s, struct pollfd out[static TUNNEL_POLLS])
{
	bool room = false, asks = false;
	unsigned n = 2;

	for (unsigned i = 0; i < TUNNELS; i++) {
		const struct tunnel *t = &s->tunnel[i];
		const bool passes = t->state == TUNNEL_PASSES, reads = t->state == TUNNEL_HEAD || t->state == TUNNEL_HELLO;

		room |= t->state == TUNNEL_FREE;
		asks |= t->state == TUNNEL_ASKS;
		if (t->state == TUNNEL_REFUSES)
			out[n++] = end_poll(t->program, !t->in.n, t->in.n);
		else if (passes || reads)
			out[n++] = end_poll(t->program, reads || (!t->out.n && !t->out.ended), t->in.n);
		if (passes)
			out[n++] = end_poll(t->host, !t->in.n && !t->in.ended, t->out.n);
	}
	out[0] = end_poll(s->listener, room, false);
	out[1] = end_poll(s->line, asks, false);
	return n;
}

void tunnels_step(struct tunnels *s)
{
	line_hear(s);
	for (unsigned i = 0; i < TUNNELS; i++)
		tunnel_step(s, &s->tunnel[i]);
	tunnel_take(s);
	for (unsigned i = 0; i < TUNNELS; i++)
		tunnel_step(s, &s->tunnel[i]);
	line_say(s);
}

bool tunnels_flush(const struct tunnels *s)
{
	for (unsigned i = 0; i < TUNNELS; i++)
		if ((s->tunnel[i].state == TUNNEL_PASSES && !s->tunnel[i].out.shut) ||
		    (s->tunnel[i].head.plain && (s->tunnel[i].state == TUNNEL_WAITS || s->tunnel[i].state == TUNNEL_ASKS)))
			return true;
	return false;
}

void tunnels_close(struct tunnels *s)
{
	for (unsigned i = 0; i < TUNNELS; i++)
		tunnel_free(&s->tunnel[i]);
	if (s->listener >= 0)
		close(s->listener);
	if (s->line >= 0)
		close(s->line);
	s->listener = s->line = -1;
}
