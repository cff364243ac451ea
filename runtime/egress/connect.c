/* Addresses of a target to one connection: one after the other, within what time there is; by way of the operator's proxy,
 * where there is one, which is asked for each of them. */
#include "runtime/egress/egress_part.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void address_try(struct line *l);

static const struct proxy *proxy_of(const struct line *l)
{
	const struct proxy *p = &l->egress->options->proxy;

	return *p->host ? p : NULL;
}

/* One name stands for all of them. */
static unsigned addresses_of(const struct line *l)
{
	return l->asking.named ? 1 : l->pinned[l->asking.ask.target].found.n;
}

void connect_drop(struct line *l)
{
	struct asking *a = &l->asking;

	if (a->socket.fd >= 0) {
		loop_forget(&l->egress->loop, &a->socket);
		close(a->socket.fd);
	}
	a->socket.fd = -1;
	a->asked = false;
	free(a->heard);
	a->heard = NULL;
	a->nheard = 0;
}

static uint32_t status_of(int no)
{
	switch (no) {
	case ECONNREFUSED:
	case ECONNRESET:
		return LINE_CLOSED;
	case ETIMEDOUT:
		return LINE_TIMEOUT;
	default:
		return LINE_UNREACHABLE;
	}
}

static void address_failed(struct line *l, uint32_t status)
{
	struct asking *a = &l->asking;

	connect_drop(l);
	/* A host that is there says more than one that is not. */
	if (a->status != LINE_CLOSED)
		a->status = status;
	a->at++;
	address_try(l);
}

/* The proxy itself is not there: another of its addresses may be. */
static void way_failed(struct line *l)
{
	connect_drop(l);
	if (++l->asking.way == l->proxy.found.n)
		line_reply(l, LINE_PROXY_GONE);
	else
		address_try(l);
}

static void connected(struct line *l)
{
	struct asking *a = &l->asking;
	struct message_lined *count = &l->count[a->ask.target];
	struct line_reply r = { .status = LINE_OK, .n = !a->named, .took_ns = loop_clock() - a->since };
	struct relay *s = line_place(l);
	int pair[2], host = a->socket.fd;

	if (!a->named)
		memcpy(r.address[0], l->pinned[a->ask.target].found.address[a->at], 16);
	if (!s || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		line_reply(l, LINE_LIMIT);
		return;
	}
	loop_forget(&l->egress->loop, &a->socket);
	a->socket.fd = -1;
	l->connections++;
	count->connections++;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	if (relay_open(s, l, pair[0], host, count, NULL))
		line_reply(l, LINE_LIMIT);
	else
		line_answer(l, &r, pair[1]);
	close(pair[1]);
}

/* ---- the proxy ---- */

/* A few hundred bytes, which a new connection takes at once. */
static void proxy_say(struct line *l)
{
	struct asking *a = &l->asking;
	const struct pinned *p = &l->pinned[a->ask.target];
	char ask[PROXY_ASK];
	const size_t n = proxy_ask(&l->target[a->ask.target], a->named ? NULL : p->found.address[a->at], ask);

	l->count[a->ask.target].proxied = 1;
	a->asked = true;
	a->answer = (struct proxy_answer){ .n = 0 };
	a->heard = malloc(PROXY_HEAD);
	if (!a->heard || send(a->socket.fd, ask, n, MSG_NOSIGNAL) != (ssize_t)n ||
	    loop_change(&l->egress->loop, &a->socket, EPOLLIN, NULL))
		address_failed(l, LINE_PROXY_GONE);
}

/* As gateways say it (RFC 9110, 15.6): why another could not be reached; all else is the proxy's own no. */
static uint32_t status_of_proxy(unsigned status)
{
	return status == 504 ? LINE_TIMEOUT : status == 502 || status == 503 ? LINE_UNREACHABLE : LINE_PROXY_REFUSED;
}

/* What is read is the head alone: what follows it is left for the relay. */
static void proxy_hear(struct line *l)
{
	struct asking *a = &l->asking;
	const ssize_t k = recv(a->socket.fd, a->heard + a->nheard, PROXY_HEAD - a->nheard, MSG_PEEK | MSG_DONTWAIT);
	enum proxy_said said;
	size_t n;

	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k <= 0) {
		address_failed(l, LINE_PROXY_GONE);
		return;
	}
	said = proxy_answer((struct krux_str){ a->heard, a->nheard + (size_t)k }, &a->answer);
	n = said == PROXY_WHOLE ? a->answer.n - a->nheard : (size_t)k;
	if (said == PROXY_NOTHING || recv(a->socket.fd, a->heard + a->nheard, n, MSG_DONTWAIT) != (ssize_t)n) {
		address_failed(l, LINE_PROXY_GONE);
		return;
	}
	a->nheard += n;
	if (said == PROXY_MORE)
		return;
	if (a->answer.status / 100 == 2)
		connected(l);
	else
		address_failed(l, status_of_proxy(a->answer.status));
}

/* ---- addresses ---- */

static void socket_ready(struct watch *w, uint32_t events)
{
	struct line *l = w->ctx;
	socklen_t n = sizeof(int);
	int no = 0;

	(void)events;
	if (l->asking.asked)
		proxy_hear(l);
	else if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &no, &n) || no)
		proxy_of(l) ? way_failed(l) : address_failed(l, status_of(no));
	else if (proxy_of(l))
		proxy_say(l);
	else
		connected(l);
}

/* The socket; -1 with errno. */
static int connection_start(const struct line *l)
{
	const struct asking *a = &l->asking;
	const struct proxy *p = proxy_of(l);
	struct sockaddr_storage to;
	const socklen_t n = p ? address_make(l->proxy.found.address[a->way], p->port, &to) :
		address_make(l->pinned[a->ask.target].found.address[a->at], l->target[a->ask.target].port, &to);
	const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, no;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (!connect(fd, (struct sockaddr *)&to, n) || errno == EINPROGRESS)
		return fd;
	no = errno;
	close(fd);
	errno = no;
	return -1;
}

/* The next address; what time there is, those that are left share. */
static void address_try(struct line *l)
{
	struct asking *a = &l->asking;
	const unsigned n = addresses_of(l), ways = proxy_of(l) ? l->proxy.found.n - a->way - 1 : 0;
	const uint64_t now = loop_clock();

	if (a->at == n || now >= a->until) {
		line_reply(l, a->at == n ? a->status : LINE_TIMEOUT);
		return;
	}
	a->since = now;
	a->socket.fd = connection_start(l);
	if (a->socket.fd < 0) {
		const uint32_t status = status_of(errno);

		proxy_of(l) ? way_failed(l) : address_failed(l, status);
		return;
	}
	loop_timer_set(&l->egress->loop, &a->late, now + (a->until - now) / (n - a->at + ways));
	if (loop_watch(&l->egress->loop, &a->socket, EPOLLOUT, NULL))
		address_failed(l, LINE_UNREACHABLE);
}

void connect_begin(struct line *l)
{
	l->asking.socket.ready = socket_ready;
	address_try(l);
}

void connect_late(struct line *l)
{
	if (proxy_of(l) && !l->asking.asked)
		way_failed(l);
	else
		address_failed(l, LINE_TIMEOUT);
}
