/* Egress: what a builtin with a line to it could reach. Everything stays in the network that the test has made, where
 * each address that must not be reached is one of this machine's own, and `kept` is one that may be. Sockets of the
 * builtin's own are tried in network.c, under the filter that these calls have too. */
#include "tests/live/live.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capspec/relay.h"
#include "runtime/base/err.h"
#include "runtime/base/message.h"
#include "runtime/egress/egress.h"
#include "runtime/egress/resolver.h"
#include "stdlib-caps/network/line.h"
#include "tests/unit/names.h"

#define MUST(x) do { if (!(x)) { perror(#x); _exit(3); } } while (0)

/* What the operator lets be reached, and what a name of the test's leads to in the end. */
#define KEPT "1.1.1.1"
#define INSIDE "10.1.2.3"

struct wanted {
	const char *host;              /* that the call was decided for */
	const char *at;                /* IPv6 or mapped: through is who has come here */
};

static const struct wanted *wanted;
static unsigned off;
static int listener = -1;
static uint16_t port;

/* ---- names ---- */

static void name_answer(const char *name, int to)
{
	static unsigned turns;
	struct resolved r = { .status = LINE_OK, .n = 1 };
	const bool inside = strcmp(name, "turns.test") || turns++;

	MUST(inet_pton(AF_INET6, inside ? "::ffff:" INSIDE : "::ffff:" KEPT, r.address[0]) == 1);
	MUST(write(to, &r, sizeof r) == sizeof r);
}

/* ---- the process ---- */

static struct channel to_egress;
static pid_t egress;

static void egress_become(int channel) __attribute__((noreturn));

static void egress_become(int channel)
{
	struct egress_options o = { .resolver = -1 };
	struct krux_err err;
	int names[2];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	MUST(!channel_pair(names, &err));
	switch (fork()) {
	case -1:
		_exit(3);
	case 0:
		close(channel);
		close(names[0]);
		names_run(names[1], name_answer);
	}
	close(names[1]);
	o.resolver = names[0];
	MUST(!named_add(&o.named, KEPT "/32", &err));
	if (off & ON_ADDRESSES)
		MUST(!named_add(&o.named, "0.0.0.0/0", &err) && !named_add(&o.named, "::/0", &err));
	_exit(egress_run(channel, &o));
}

static void listener_open(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t n = sizeof any;

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	MUST(listener >= 0 && !bind(listener, (struct sockaddr *)&any, n) && !listen(listener, 16));
	MUST(!getsockname(listener, (struct sockaddr *)&any, &n));
	port = ntohs(any.sin6_port);
}

static struct sockaddr_in port_at(const char *address)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

/* Instead of a line: the connection itself, as it would be without a relay. */
static int socket_give(void)
{
	struct sockaddr_in to = port_at(KEPT);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof to));
	return fd;
}

/* A call's targets: what it was decided for, and once more, so that its name is looked up again; without the hold of
 * targets what nobody has decided, too. */
static int line_make(void)
{
	struct message_target target[3] = { { .port = port }, { .port = port }, { .port = port, .host = INSIDE } };
	const struct part part = { target, (off & ON_TARGETS ? 3 : 2) * sizeof *target };
	struct krux_err err;
	int pair[2];

	snprintf(target[0].host, sizeof target[0].host, "%s", wanted->host);
	target[1] = target[0];
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	MUST(!channel_put_fds(&to_egress, MESSAGE_LINE, 1, &part, 1, &pair[1], 1, &err));
	MUST(channel_flush(&to_egress, &err) == 1);
	close(pair[1]);
	return pair[0];
}

int egress_begin(const struct attempt *a, unsigned layers)
{
	struct krux_err err;
	int pair[2];

	wanted = a->arg;
	off = layers;
	if (listener < 0)
		listener_open();
	MUST(!channel_pair(pair, &err));
	egress = fork();
	MUST(egress >= 0);
	if (!egress) {
		close(pair[0]);
		egress_become(pair[1]);
	}
	close(pair[1]);
	MUST(!channel_open(&to_egress, pair[0], &err));
	return off & ON_RELAY ? socket_give() : line_make();
}

bool egress_end(void)
{
	int status;

	channel_close(&to_egress);
	MUST(waitpid(egress, &status, 0) == egress);
	return !status;
}

/* ---- from outside ---- */

static bool has_come(void)
{
	struct in6_addr at;
	bool came = false;
	int fd;

	MUST(inet_pton(AF_INET6, wanted->at, &at) == 1);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct sockaddr_in6 here = { 0 };
		socklen_t n = sizeof here;

		came |= !getsockname(fd, (struct sockaddr *)&here, &n) && !memcmp(&here.sin6_addr, &at, sizeof at);
		close(fd);
	}
	return came;
}

/* ---- inside ---- */

static long ask(struct handler_call *c, uint32_t kind, uint32_t target, int *fd)
{
	static const int no[LINE_STATUSES] = {
		[LINE_REFUSED] = EPERM, [LINE_NO_NAME] = ENXIO, [LINE_NO_ANSWER] = EAGAIN, [LINE_CLOSED] = ECONNREFUSED,
		[LINE_UNREACHABLE] = ENETUNREACH, [LINE_TIMEOUT] = ETIMEDOUT, [LINE_LIMIT] = EMFILE,
	};
	const struct line_ask a = { .kind = kind, .target = target };
	struct line_reply r;

	if (line_call(c, &a, &r, fd))
		return no[r.status];
	c->error = NULL;
	return EPIPE;
}

static long reach(struct handler_call *c, const void *arg)
{
	int fd;

	(void)arg;
	return ask(c, LINE_CONNECT, 0, &fd);
}

/* Its name is looked up, leads elsewhere from then on, and is connected to. */
static long rebind(struct handler_call *c, const void *arg)
{
	long no = ask(c, LINE_LOOKUP, 0, NULL);
	int fd;

	(void)arg;
	return no ? no : ask(c, LINE_CONNECT, off & ON_PIN ? 1 : 0, &fd);
}

/* As a redirect would have it. */
static long redirect(struct handler_call *c, const void *arg)
{
	int fd;

	(void)arg;
	return ask(c, LINE_CONNECT, 2, &fd);
}

static long reconnect(struct handler_call *c, const void *arg)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct sockaddr_in to = port_at("127.0.0.1");
	int fd = c->line;
	long no = off & ON_RELAY ? 0 : ask(c, LINE_CONNECT, 0, &fd);

	(void)arg;
	if (no || fd < 0)
		return no ? no : EBADF;
	return result_of(connect(fd, &none, sizeof none) || connect(fd, (struct sockaddr *)&to, sizeof to) ? -1 : 0);
}

/* ---- a command's program, which has a network with the relay ---- */

const struct krux_value *egress_arguments(void)
{
	static struct krux_member member[2];
	static struct krux_value map = { .kind = KRUX_V_MAP, .map = { member, 2 } };

	member[0] = (struct krux_member){ KRUX_STR("host"), { .kind = KRUX_V_TEXT, .str = { wanted->host, strlen(wanted->host) } } };
	member[1] = (struct krux_member){ KRUX_STR("port"), { .kind = KRUX_V_UINT, .u = port } };
	return &map;
}

static const char *to(const char *address, unsigned number)
{
	static char text[64];

	snprintf(text, sizeof text, "%s %u", address, number);
	return text;
}

/* The host's, one that nobody is at, and the relay's own. */
static const char *outside_port(void) { return to(KEPT, 80); }
static const char *inside_port(void) { return to("127.0.0.1", RELAY_PORT + 1); }
static const char *other_address(void) { return to("127.0.0.2", RELAY_PORT); }
static const char *other_host(void) { return to(INSIDE, port); }
static const char *own_host(void) { return to(KEPT, port); }

static bool network_is_own(void)
{
	return geteuid() == 0 || way != WAY_USER || getuid() == USER || cannot("not root: no network of its own");
}

#define ROW(name, go, hold, ...) \
	{ name, go, &(const struct wanted){ __VA_ARGS__ }, network_is_own, has_come, EACH(hold), .line = true }
#define NOT(name, host, at) ROW(name, reach, ON_ADDRESSES, host, at)

/* has_come: it may be there, and has heard nothing. */
#define PROGRAM(says, verb, words, ...) \
	{ .name = says, .command = verb, .argument = words, .arg = &(const struct wanted){ KEPT, "::ffff:" INSIDE }, \
	  .before = network_is_own, .ways = 1 << WAY_AGENT | 1 << WAY_USER, .line = true, .connects = true, __VA_ARGS__ }

static const struct attempt list[] = {
	NOT("loopback of the host", "127.0.0.1", "::ffff:127.0.0.1"),
	NOT("loopback of the host, IPv6", "::1", "::1"),
	NOT("metadata address", "169.254.169.254", "::ffff:169.254.169.254"),
	NOT("private address", INSIDE, "::ffff:" INSIDE),
	NOT("private address, mapped", "::ffff:" INSIDE, "::ffff:" INSIDE),
	NOT("private address, NAT64", "64:ff9b::a01:203", "64:ff9b::a01:203"),
	NOT("private address, 6to4", "2002:a01:203::1", "2002:a01:203::1"),
	NOT("private address, Teredo", "2001:0:a01:203::1", "2001:0:a01:203::1"),
	NOT("private address, IPv6", "fd00::1", "fd00::1"),
	NOT("name of a private address", "inside.test", "::ffff:" INSIDE),
	ROW("rebinding between lookup and connection", rebind, ON_PIN | ON_ADDRESSES, "turns.test", "::ffff:" INSIDE),
	ROW("redirect to a private address", redirect, ON_TARGETS | ON_ADDRESSES, KEPT, "::ffff:" INSIDE),
	{ "its connection, connected elsewhere", reconnect, &(const struct wanted){ KEPT, "::ffff:127.0.0.1" }, network_is_own,
	  has_come, EACH(ON(SECCOMP) | LANDLOCKS | ON_RELAY), .from = LANDLOCKS, .abi = 4, .line = true },
	PROGRAM("a program, TCP to the host", "reach", outside_port, .hold = EACH(ON(NS_NET) | ON_PLAN | ON_SOCKETS),
	        .from = ON_PLAN, .abi = 4),
	PROGRAM("a program, TCP to another port of its loopback", "reach", inside_port, .hold = EACH(ON(NFTABLES) | ON_PLAN | ON_SOCKETS),
	        .from = ON_PLAN, .abi = 4),
	PROGRAM("a program, TCP to the relay's port at another address", "reach", other_address, .hold = EACH(ON(NFTABLES) | ON_SOCKETS)),
	PROGRAM("a program, TCP fast open to another port", "reach-fast", inside_port, .hold = EACH(ON(SECCOMP) | ON(NFTABLES) | ON_SOCKETS)),
	PROGRAM("a program, UDP", "reach-udp", inside_port, .hold = EACH(ON(SECCOMP) | ON(NFTABLES) | ON_SOCKETS)),
	PROGRAM("a program, listening", "listens", inside_port, .hold = EACH(ON(SECCOMP) | ON_PLAN | ON_SOCKETS),
	        .from = ON_PLAN, .abi = 4),
	PROGRAM("a program, a socket of IPv6", "inet6", inside_port, .hold = EACH(ON(SECCOMP))),
	PROGRAM("a program, its rules taken away", "flush", inside_port),
	PROGRAM("a program, another host through the relay", "through", other_host, .seen = has_come),
	PROGRAM("a program, its own host through the relay without TLS", "plain", own_host),
};
const struct attempt_list egress_list = { "egress", list, sizeof list / sizeof *list };
