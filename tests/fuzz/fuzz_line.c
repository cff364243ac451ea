/* What egress is told, from all three sides: asks of a call's child and what the resolver found, then the spawner's
 * messages; and a reply, as a child reads it. The first byte chooses. No packet leaves: connections are made here, and
 * each is one that may be. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/egress/egress_part.h"
#include "stdlib-caps/network/line.h"

enum { TARGETS = 3, TURNS = 8 };

static const uint8_t named[16] = { [10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1 };
static struct krux_err err;

/* The next piece: two bytes say how long it is. */
static size_t piece(const uint8_t **data, size_t *size, const uint8_t **out)
{
	const size_t head = *size < 2 ? *size : 2, left = *size - head;
	size_t n = head < 2 ? 0 : (size_t)(*data)[0] << 8 | (*data)[1];

	n = n < left ? n : left;
	*out = *data + head;
	*data += head + n;
	*size -= head + n;
	return n;
}

/* ---- hosts ---- */

enum { HOST_CLOSED, HOST_AWAY, HOST_SPEAKS, HOST_SILENT, HOSTS };

/* Of this input: how often it was connected, and who is silent; of those only the last ones stay. */
enum { SILENT = 4 };
static unsigned nconnects, nsilent;
static int silent[SILENT];

static void address_of(const struct sockaddr *to, uint8_t out[static 16])
{
	memcpy(out, named, 12);
	if (to->sa_family == AF_INET)
		memcpy(out + 12, &((const struct sockaddr_in *)(const void *)to)->sin_addr, 4);
	else
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr, 16);
}

/* The host's side of fd, which was made for a connection over TCP. */
static int host_take(int fd)
{
	int pair[2];

	PROMISE(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	PROMISE(dup3(pair[0], fd, O_CLOEXEC) == fd);
	close(pair[0]);
	return pair[1];
}

/* In place of the C library's. A datagram's sends nothing: it asks the kernel for a route. */
int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	socklen_t size = sizeof(int);
	uint8_t address[16];
	int type = 0, host;

	PROMISE(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size));
	if (type == SOCK_DGRAM)
		return (int)syscall(SYS_connect, fd, to, n);
	address_of(to, address);
	PROMISE(!address_special(address) || !memcmp(address, named, sizeof named));
	switch (nconnects++ % HOSTS) {
	case HOST_CLOSED:
		errno = ECONNREFUSED;
		return -1;
	case HOST_AWAY:
		errno = EHOSTUNREACH;
		return -1;
	case HOST_SPEAKS:
		host = host_take(fd);
		PROMISE(write(host, "hello", 5) == 5);
		close(host);
		return 0;
	default:
		host = host_take(fd);
		if (nsilent >= SILENT)
			close(silent[nsilent % SILENT]);
		silent[nsilent++ % SILENT] = host;
		return 0;
	}
}

/* ---- asks and names ---- */

static struct egress e;
static struct line line[1];
static struct channel spawner, names;
static int child, stream[LINE_CONNECTIONS];
static unsigned nstreams, streams;     /* that the child has; that it has had */

static void egress_begin(struct egress_options *o)
{
	static const struct message_target target[TARGETS] = { { 1, 0, "127.0.0.1" }, { 1, 0, "10.0.0.1" }, { 1, 0, "a.test" } };
	int to[2], resolver[2], pair[2];

	PROMISE(!channel_pair(to, &err) && !channel_pair(resolver, &err));
	PROMISE(!channel_open(&spawner, to[0], &err) && !channel_open(&names, resolver[0], &err));
	*o = (struct egress_options){ .resolver = resolver[1] };
	PROMISE(!named_add(&o->named, "127.0.0.1/32", &err));
	e = (struct egress){ .options = o, .line = line };
	PROMISE(!loop_open(&e.loop, &err) && !channel_open(&e.channel, to[1], &err));
	PROMISE(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
	line[0] = (struct line){ .egress = &e, .cookie = 7, .on = true, .ntargets = TARGETS };
	memcpy(line[0].target, target, sizeof target);
	PROMISE(!line_open(&line[0], pair[1], &err));
	child = pair[0];
	nconnects = nsilent = streams = 0;
}

static void streams_close(void)
{
	while (nstreams)
		close(stream[--nstreams]);
}

/* Speaks, and hears what there is; now and then it closes all that it has. */
static void stream_keep(const struct cmsghdr *c)
{
	char said[16];
	int fd;

	PROMISE(c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd));
	memcpy(&fd, CMSG_DATA(c), sizeof fd);
	PROMISE(streams++ < LINE_CONNECTIONS);
	stream[nstreams++] = fd;
	(void)!send(fd, "ask", 3, MSG_NOSIGNAL);
	(void)!recv(fd, said, sizeof said, MSG_DONTWAIT);
	if (nstreams >= LINE_STREAMS && nconnects % 3)
		streams_close();
}

static void reply_check(void)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct line_reply r;
	struct iovec v = { &r, sizeof r };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
	ssize_t k = recvmsg(child, &m, MSG_CMSG_CLOEXEC);

	if (k <= 0)
		return;
	PROMISE(k == sizeof r && r.status < LINE_STATUSES && r.n <= LINE_ADDRESSES);
	if (CMSG_FIRSTHDR(&m)) {
		PROMISE(r.status == LINE_OK && r.n == 1);
		stream_keep(CMSG_FIRSTHDR(&m));
	}
	for (unsigned i = 0; i < r.n; i++)
		PROMISE(!address_special(r.address[i]) || !memcmp(r.address[i], named, sizeof named));
}

/* What is looked up is found as the input says. */
static void turns(const uint8_t *found, size_t n)
{
	struct message m;

	for (unsigned i = 0; i < TURNS; i++) {
		e.loop.look = true;
		PROMISE(!loop_turn(&e.loop, &err));
		while (channel_take(&names, &m, &err) > 0) {
			PROMISE(m.kind == MESSAGE_LOOKUP && m.nfds == 1 && !strcmp((const char *)m.body, "a.test"));
			PROMISE(!n || write(m.fd[0], found, n) == (ssize_t)n);
			message_close_fds(&m);
		}
		reply_check();
	}
}

static void asks(const uint8_t *data, size_t size)
{
	const uint8_t *ask = data, *found = data;
	struct egress_options o;
	struct message m;
	size_t n, nfound;

	egress_begin(&o);
	while (size) {
		n = piece(&data, &size, &ask);
		nfound = piece(&data, &size, &found);
		(void)!send(child, ask, n, MSG_NOSIGNAL);
		turns(found, nfound);
	}
	close(child);
	/* Who takes nothing would be waited for. */
	for (unsigned i = 0; i < nsilent && i < SILENT; i++)
		close(silent[i]);
	turns(NULL, 0);
	/* It is over, once. */
	PROMISE(!line[0].on && e.free == line && channel_flush(&e.channel, &err) == 1);
	PROMISE(channel_take(&spawner, &m, &err) == 1);
	PROMISE(m.kind == MESSAGE_LINED && m.cookie == 7 && m.n == TARGETS * sizeof(struct message_lined));
	PROMISE(!channel_take(&spawner, &m, &err));
	streams_close();
	for (unsigned i = 0; i < RESOLVER_MOST; i++)
		PROMISE(!e.name[i].watch.on);
	loop_close(&e.loop);
	channel_close(&e.channel);
	channel_close(&spawner);
	channel_close(&names);
	close(o.resolver);
}

/* ---- a reply ---- */

static void reply(const uint8_t *data, size_t size)
{
	const struct line_ask ask = { .kind = LINE_LOOKUP };
	struct handler_call c = { .pool = krux_pool_new(1 << 20) };
	struct line_reply r;
	int pair[2], fd;

	PROMISE(c.pool && !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	PROMISE(send(pair[1], data, size, 0) == (ssize_t)size);
	shutdown(pair[1], SHUT_WR);
	c.line = pair[0];
	if (line_call(&c, &ask, &r, &fd))
		PROMISE(r.status < LINE_STATUSES && r.n <= LINE_ADDRESSES && fd < 0);
	else
		PROMISE(c.error && !strcmp(c.error, "NoAnswer"));
	close(pair[0]);
	close(pair[1]);
	krux_pool_free(c.pool);
}

/* ---- the spawner ---- */

/* Each piece a message, behind a byte whose bits say whether the end of a line goes along and whether it is another
 * message than that of a line. */
static void messages(const uint8_t *data, size_t size)
{
	const struct egress_options o = { .resolver = -1 };
	const uint8_t *message = data;
	struct channel c;
	int to[2];

	PROMISE(!channel_pair(to, &err) && !channel_open(&c, to[0], &err));
	while (size) {
		const size_t n = piece(&data, &size, &message);
		const struct part part = { message + 1, n ? n - 1 : 0 };
		int pair[2];

		if (!n)
			continue;
		PROMISE(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		PROMISE(!channel_put_fds(&c, *message & 2 ? MESSAGE_LOOKUP : MESSAGE_LINE, 1, &part, 1, &pair[1], *message & 1, &err));
		close(pair[0]);
		close(pair[1]);
	}
	channel_flush(&c, &err);
	shutdown(c.fd, SHUT_WR);
	/* 0: until its channel was closed; 3: what it was told is nothing that it is told. */
	PROMISE(egress_run(to[1], &o) % 3 == 0);
	channel_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const way[])(const uint8_t *, size_t) = { asks, reply, messages };

	if (size)
		way[*data % 3](data + 1, size - 1);
	return 0;
}
