/* Network: whatever a handler could talk to. */
#include "tests/live/live.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct peer {
	int type;
	const char *address;
	uint16_t port;                 /* 0: where the host listens */
	bool fast;                     /* by sendto, TCP fast open */
};

static socklen_t fill(const struct peer *p, struct sockaddr_storage *to)
{
	uint16_t port = htons(p->port ? p->port : listening);

	memset(to, 0, sizeof *to);
	if (strchr(p->address, ':')) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)to;

		*a = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
		inet_pton(AF_INET6, p->address, &a->sin6_addr);
		return sizeof *a;
	}
	*(struct sockaddr_in *)to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	inet_pton(AF_INET, p->address, &((struct sockaddr_in *)to)->sin_addr);
	return sizeof(struct sockaddr_in);
}

static long reach(struct handler_call *c, const void *arg)
{
	const struct peer *p = arg;
	struct sockaddr_storage to;
	socklen_t n = fill(p, &to);
	int s = socket(to.ss_family, p->type, 0);

	(void)c;
	if (s < 0)
		return errno;
	if (p->fast)
		return result_of(sendto(s, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, n));
	return connect(s, (struct sockaddr *)&to, n) || write(s, "x", 1) != 1 ? errno : 0;
}

/* Of its own network namespace it would get the port. */
static long listen_there(struct handler_call *c, const void *arg)
{
	struct sockaddr_storage to;
	socklen_t n = fill(arg, &to);
	int s = socket(to.ss_family, SOCK_STREAM, 0);

	(void)c;
	if (s < 0)
		return errno;
	if (!bind(s, (struct sockaddr *)&to, n))
		return ENONET;
	return errno == EADDRINUSE ? 0 : errno;
}

static long reach_abstract(struct handler_call *c, const void *arg)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)c, (void)arg;
	strcpy(un.sun_path + 1, abstract_name);
	return s < 0 || connect(s, (struct sockaddr *)&un, sizeof un) ? errno : 0;
}

static long reach_path(struct handler_call *c, const void *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof un.sun_path, "%s", (const char *)path);
	return s < 0 || fchdir(c->fd) || connect(s, (struct sockaddr *)&un, sizeof un) ? errno : 0;
}

struct made { int family, type, protocol; };

static long make(struct handler_call *c, const void *arg)
{
	const struct made *m = arg;

	(void)c;
	return result_of(socket(m->family, m->type, m->protocol));
}

static long make_pair(struct handler_call *c, const void *arg)
{
	int pair[2];

	(void)c, (void)arg;
	return result_of(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

/* Asks the kernel for another interface, as who wants a network of its own would. */
static long interface_up(struct handler_call *c, const void *arg)
{
	struct { struct nlmsghdr h; struct ifinfomsg i; } ask = {
		.h = { sizeof ask, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		.i = { .ifi_index = 1, .ifi_flags = 1, .ifi_change = 1 },
	};
	struct { struct nlmsghdr h; struct nlmsgerr e; char more[512]; } said;
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	(void)c, (void)arg;
	if (s < 0 || send(s, &ask, sizeof ask, 0) < 0 || recv(s, &said, sizeof said, 0) < (ssize_t)sizeof said.h)
		return errno;
	return -said.e.error;
}

/* Landlock knows of TCP, from version 4 on, and of abstract sockets, from 6 on. */
#define TCP .hold = EACH(ON(SECCOMP) | ON(NS_NET) | LANDLOCKS | ON_SOCKETS), .from = LANDLOCKS, .abi = 4
#define ANY .hold = EACH(ON(SECCOMP) | ON(NS_NET) | ON_SOCKETS)
#define REACH(name, more, ...) { name, reach, &(const struct peer){ __VA_ARGS__ }, more }
#define FAMILY(name, family, type, protocol) \
	{ "socket of " name, make, &(const struct made){ family, type, protocol }, .hold = EACH(ON(SECCOMP)) }

bool addresses_are_there(void)
{
	return geteuid() == 0 || way != WAY_USER || getuid() == USER ||
	       cannot("not root: no network of its own with such addresses");
}
#define FAR(name, ...) { name, reach, &(const struct peer){ __VA_ARGS__ }, addresses_are_there, ANY }
#define FAR_TCP(name, ...) { name, reach, &(const struct peer){ __VA_ARGS__ }, addresses_are_there, TCP }

static const struct attempt list[] = {
	REACH("TCP to the host", TCP, .type = SOCK_STREAM, .address = "127.0.0.1"),
	REACH("TCP to the host, IPv6", TCP, .type = SOCK_STREAM, .address = "::1"),
	REACH("TCP to the host, mapped", TCP, .type = SOCK_STREAM, .address = "::ffff:127.0.0.1"),
	REACH("TCP fast open to the host", ANY, .type = SOCK_STREAM, .address = "127.0.0.1", .fast = true),
	REACH("UDP to the host", ANY, .type = SOCK_DGRAM, .address = "127.0.0.1"),
	REACH("UDP to the host, IPv6", ANY, .type = SOCK_DGRAM, .address = "::1"),
	FAR_TCP("metadata address", .type = SOCK_STREAM, .address = "169.254.169.254", .port = 80),
	FAR_TCP("private address", .type = SOCK_STREAM, .address = "10.1.2.3", .port = 80),
	FAR("DNS over UDP", .type = SOCK_DGRAM, .address = "1.1.1.1", .port = 53),
	FAR_TCP("DNS over TCP", .type = SOCK_STREAM, .address = "1.1.1.1", .port = 53),
	FAR_TCP("DNS over TLS", .type = SOCK_STREAM, .address = "1.1.1.1", .port = 853),
	{ "listen where the host does", listen_there, &(const struct peer){ .type = SOCK_STREAM, .address = "::" }, TCP },
	{ "abstract socket of the host", reach_abstract, .hold = EACH(ON(SECCOMP) | ON(NS_NET) | LANDLOCKS), .from = LANDLOCKS,
	  .abi = 6 },
	{ "socket in the workspace", reach_path, "socket", .hold = EACH(ON(SECCOMP)) },
	{ "pair of sockets", make_pair, .hold = EACH(ON(SECCOMP)) },
	{ "bring an interface up", interface_up,
	  .hold = { ON(SECCOMP) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, ON(SECCOMP) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER,
	            ON(SECCOMP) | ON(PRIVILEGES) } },
	{ "raw socket", make, &(const struct made){ AF_INET, SOCK_RAW, IPPROTO_ICMP },
	  .hold = { ON(SECCOMP) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER | ON_SOCKETS, ON(SECCOMP) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER | ON_SOCKETS,
	            ON(SECCOMP) | ON(PRIVILEGES) } },
	{ "packet socket", make, &(const struct made){ AF_PACKET, SOCK_RAW, 0 },
	  .hold = { ON(SECCOMP) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER, ON(SECCOMP) | ON(PRIVILEGES) | ON(NS_USER) | ON_OWNER,
	            ON(SECCOMP) | ON(PRIVILEGES) } },
	FAMILY("IPv4", AF_INET, SOCK_STREAM, 0),
	FAMILY("IPv6", AF_INET6, SOCK_STREAM, 0),
	FAMILY("Unix", AF_UNIX, SOCK_STREAM, 0),
	FAMILY("netlink, routes", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE),
	FAMILY("netlink, netfilter", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER),
	FAMILY("netlink, uevents", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT),
	FAMILY("vsock", AF_VSOCK, SOCK_STREAM, 0),
	FAMILY("alg", AF_ALG, SOCK_SEQPACKET, 0),
};
const struct attempt_list network_list = { "network", list, sizeof list / sizeof *list };
