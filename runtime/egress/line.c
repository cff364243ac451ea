/* Asks of a call to addresses and connections.
 *
 * A name is looked up once a call. Of what it leads to, what is special, or this very machine, is left out unless the
 * operator named it; what is left is what is connected to, by number, so that a name that leads elsewhere a moment
 * later changes nothing. */
#include "runtime/egress/egress_part.h"

#include "capspec/canon.h"
#include "runtime/base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t ms = 1000000;
enum { MOST_MS = 30000 };

/* ---- addresses ---- */

socklen_t address_make(const uint8_t address[static 16], uint16_t port, struct sockaddr_storage *out)
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof *out);
	if (!memcmp(address, mapped, sizeof mapped)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, address + 12, 4);
		return sizeof *v4;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, address, 16);
	return sizeof *v6;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	return a->ss_family == AF_INET ? a4->sin_addr.s_addr == b4->sin_addr.s_addr
	                               : !memcmp(&a6->sin6_addr, &b6->sin6_addr, 16);
}

/* This machine's own, under whatever address: a packet to it would come from it. None is sent. */
static bool is_own(const uint8_t address[static 16])
{
	struct sockaddr_storage to, from;
	socklen_t n = address_make(address, 9, &to), nfrom = sizeof from;
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool own;

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	own = !connect(fd, (struct sockaddr *)&to, n) &&
		(getsockname(fd, (struct sockaddr *)&from, &nfrom) || same_address(&from, &to));
	close(fd);
	return own;
}

static bool may_reach(const struct named *named, const uint8_t address[static 16])
{
	return address_is_named(named, address) || (!address_special(address) && !is_own(address));
}

static void addresses_pin(struct line *l, struct pinned *p, const struct resolved *r)
{
	*p = (struct pinned){ .known = r->status == LINE_OK || r->status == LINE_NO_NAME, .found.status = r->status };
	for (unsigned i = 0; i < r->n && i < LINE_ADDRESSES; i++) {
		if (may_reach(&l->egress->options->named, r->address[i]))
			memcpy(p->found.address[p->found.n++], r->address[i], 16);
		else
			p->refused++;
	}
	if (r->n && !p->found.n)
		p->found.status = LINE_REFUSED;
	l->count[l->asking.ask.target].refused += p->refused;
}

/* ---- answers ---- */

static void asking_end(struct line *l)
{
	struct asking *a = &l->asking;
	struct loop *loop = &l->egress->loop;

	loop_timer_clear(loop, &a->late);
	if (a->name)
		a->name->line = NULL;
	a->name = NULL;
	connect_drop(l);
	a->on = a->waits = false;
}

/* with: a descriptor that goes along, -1: none. */
void line_answer(struct line *l, struct line_reply *r, int with)
{
	struct iovec v = { r, sizeof *r };
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	r->refused = l->pinned[l->asking.ask.target].refused;
	asking_end(l);
	if (with >= 0) {
		m.msg_control = room;
		m.msg_controllen = sizeof room;
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof with), .cmsg_level = SOL_SOCKET,
			                               .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &with, sizeof with);
	}
	/* One reply for one ask: where it does not fit, the child does not read, and waits for nothing. */
	(void)!sendmsg(l->watch.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void line_reply(struct line *l, uint32_t status)
{
	struct line_reply r = { .status = status };

	line_answer(l, &r, -1);
}

static void reply_addresses(struct line *l, const struct resolved *found)
{
	struct line_reply r = { .status = found->status, .n = found->n };

	memcpy(r.address, found->address, sizeof r.address);
	line_answer(l, &r, -1);
}

struct relay *line_place(struct line *l)
{
	for (unsigned i = 0; i < LINE_STREAMS; i++)
		if (!l->relay[i].line)
			return &l->relay[i];
	return NULL;
}

/* ---- a name ---- */

static void name_find(struct line *l, const char *host);
static void way_find(struct line *l);

static void name_known(struct line *l)
{
	struct asking *a = &l->asking;
	const struct resolved *found = &l->pinned[a->ask.target].found;

	if (a->ask.kind == LINE_LOOKUP)
		reply_addresses(l, found);
	else if (!found->n)
		line_reply(l, found->status);
	else
		way_find(l);
}

/* Of the proxy: what the operator has named is reached wherever it is. */
static void way_known(struct line *l)
{
	if (l->proxy.found.n)
		connect_begin(l);
	else
		line_reply(l, LINE_PROXY_GONE);
}

static void way_find(struct line *l)
{
	const struct proxy *p = &l->egress->options->proxy;

	l->asking.proxy = *p->host;
	if (!*p->host)
		connect_begin(l);
	else if (l->proxy.known)
		way_known(l);
	else
		name_find(l, p->host);
}

/* Whose name that was. */
static void found_take(struct line *l, const struct resolved *r)
{
	if (l->asking.proxy) {
		l->proxy = (struct pinned){ .known = r->n, .found = *r };
		way_known(l);
	} else {
		addresses_pin(l, &l->pinned[l->asking.ask.target], r);
		name_known(l);
	}
}

void name_close(struct name *n)
{
	loop_forget(&n->egress->loop, &n->watch);
	close(n->watch.fd);
}

static void name_ready(struct watch *w, uint32_t events)
{
	struct name *n = w->ctx;
	struct line *l = n->line;
	struct resolved r;
	ssize_t k = read(w->fd, &r, sizeof r);

	(void)events;
	name_close(n);
	if (!l)
		return;
	l->asking.name = NULL;
	if (k != sizeof r || r.status >= LINE_STATUSES || r.n > LINE_ADDRESSES)
		r = (struct resolved){ .status = LINE_NO_ANSWER };
	found_take(l, &r);
}

static struct name *name_free(struct egress *e)
{
	for (unsigned i = 0; i < RESOLVER_MOST; i++)
		if (!e->name[i].watch.on)
			return &e->name[i];
	return NULL;
}

static void name_find(struct line *l, const char *host)
{
	struct resolved literal = { .status = LINE_OK, .n = 1 };
	struct asking *a = &l->asking;
	struct egress *e = l->egress;
	struct name *n = name_free(e);
	const char *why;
	bool v4;
	int fd;

	if (krux_canon_ip((struct krux_str){ host, strlen(host) }, literal.address[0], &v4, &why)) {
		found_take(l, &literal);
		return;
	}
	if (!n || resolver_ask(e->options->resolver, host, &fd, NULL)) {
		line_reply(l, LINE_LIMIT);
		return;
	}
	*n = (struct name){ e, l, { .fd = fd, .ready = name_ready, .ctx = n } };
	if (loop_watch(&e->loop, &n->watch, EPOLLIN, NULL)) {
		close(fd);
		line_reply(l, LINE_NO_ANSWER);
		return;
	}
	a->name = n;
}

static void asking_late(struct timer *t)
{
	struct line *l = t->ctx;
	struct asking *a = &l->asking;

	if (a->waits)
		line_reply(l, LINE_LIMIT);
	else if (a->name)
		line_reply(l, a->proxy ? LINE_PROXY_GONE : LINE_NO_ANSWER);
	else
		connect_late(l);
}

/* ---- asks ---- */

static bool relay_ends(const struct line *l)
{
	for (unsigned i = 0; i < LINE_STREAMS; i++)
		if (l->relay[i].line && l->relay[i].gone)
			return true;
	return false;
}

/* What every machine calls itself (RFC 6761, 6.3), and what those of distributions do in their /etc/hosts. */
static bool is_here(const char *host)
{
	static const char here[] = "localhost";
	static const char *const also[] = { "localhost.localdomain", "localhost4", "localhost4.localdomain4", "localhost6",
		                            "localhost6.localdomain6", "ip6-localhost", "ip6-loopback" };
	const size_t n = strlen(host), nhere = sizeof here - 1;
	const char *last = n < nhere ? NULL : host + n - nhere;

	for (size_t i = 0; i < sizeof also / sizeof *also; i++)
		if (!strcmp(host, also[i]))
			return true;
	return last && !strcmp(last, here) && (last == host || last[-1] == '.');
}

/* An address is held against the table whoever connects to it, and so is this machine; a name that the proxy is told is not. */
static bool proxy_is_told_name(const struct line *l, const char *host)
{
	const struct proxy *p = &l->egress->options->proxy;
	const size_t n = strlen(host);
	const char *why;
	uint8_t address[16];
	bool v4;

	if (!*p->host || !p->names || l->asking.ask.kind != LINE_CONNECT)
		return false;
	return !is_here(host) && !krux_canon_ip((struct krux_str){ host, n }, address, &v4, &why);
}

static void ask_go(struct line *l)
{
	l->asking.named = proxy_is_told_name(l, l->target[l->asking.ask.target].host);
	l->asking.proxy = false;
	if (l->asking.named)
		way_find(l);
	else if (l->pinned[l->asking.ask.target].known)
		name_known(l);
	else
		name_find(l, l->target[l->asking.ask.target].host);
}

static void ask_begin(struct line *l, const struct line_ask *ask)
{
	const uint64_t now = loop_clock();
	const uint32_t most = ask->timeout_ms && ask->timeout_ms < MOST_MS ? ask->timeout_ms : MOST_MS;
	const bool full = ask->kind == LINE_CONNECT && !line_place(l);
	struct asking *a = &l->asking;

	a->on = true;
	a->ask = *ask;
	a->until = now + most * ms;
	a->at = a->way = 0;
	a->status = LINE_UNREACHABLE;
	if ((ask->kind == LINE_CONNECT && l->connections == LINE_CONNECTIONS) || (full && !relay_ends(l))) {
		line_reply(l, LINE_LIMIT);
		return;
	}
	loop_timer_set(&l->egress->loop, &a->late, a->until);
	a->waits = full;
	if (!full)
		ask_go(l);
}

/* ---- from its start to its end ---- */

/* What its child has sent is brought to the hosts first. */
static void line_end(struct line *l)
{
	asking_end(l);
	loop_forget(&l->egress->loop, &l->watch);
	close(l->watch.fd);
	l->ended = true;
	for (unsigned i = 0; i < LINE_STREAMS; i++)
		if (l->relay[i].line)
			relay_leave(&l->relay[i]);
	line_relayed(l);
}

void line_relayed(struct line *l)
{
	bool any = false;

	for (unsigned i = 0; i < LINE_STREAMS; i++)
		any |= l->relay[i].line != NULL;
	if (l->ended && !any) {
		line_over(l);
	} else if (l->asking.waits) {
		l->asking.waits = false;
		ask_go(l);
	}
}

static void line_ready(struct watch *w, uint32_t events)
{
	struct line *l = w->ctx;
	struct line_ask ask;
	/* Without room for descriptors, none arrives. */
	ssize_t k = recv(w->fd, &ask, sizeof ask, MSG_DONTWAIT | MSG_TRUNC);

	(void)events;
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k != sizeof ask || l->asking.on || ask.target >= l->ntargets ||
	    (ask.kind != LINE_LOOKUP && ask.kind != LINE_CONNECT))
		line_end(l);
	else
		ask_begin(l, &ask);
}

int line_open(struct line *l, int fd, struct krux_err *err)
{
	l->watch = (struct watch){ .fd = fd, .ready = line_ready, .ctx = l };
	l->asking = (struct asking){ .socket = { .fd = -1, .ctx = l },
		                     .late = { .due = asking_late, .ctx = l } };
	if (!loop_watch(&l->egress->loop, &l->watch, EPOLLIN, err))
		return 0;
	close(fd);
	return -1;
}

void line_close(struct line *l)
{
	for (unsigned i = 0; i < LINE_STREAMS; i++)
		if (l->relay[i].line)
			relay_close(&l->relay[i]);
	if (l->ended)
		return;
	asking_end(l);
	loop_forget(&l->egress->loop, &l->watch);
	close(l->watch.fd);
}
