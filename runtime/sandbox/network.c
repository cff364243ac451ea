/* An empty network namespace to one in which a single port can be reached: the loopback is up, the packet filter lets
 * nothing else through, and who asked for it listens there. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/sandbox/sandbox.h"

static int close_with(int fd, int rc)
{
	int no = errno;

	close(fd);
	errno = no;
	return rc;
}

static int loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (ioctl(fd, SIOCGIFFLAGS, &r))
		return close_with(fd, -1);
	r.ifr_flags |= IFF_UP;
	return close_with(fd, ioctl(fd, SIOCSIFFLAGS, &r));
}

/* The kernel takes a batch while it is sent, and says nothing to one that it takes; an error is there at once. */
int network_rules(const void *batch, size_t n)
{
	struct { struct nlmsghdr h; struct nlmsgerr e; char rest[256]; } said = { .e.error = 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ssize_t k;

	if (fd < 0)
		return -1;
	if (send(fd, batch, n, 0) != (ssize_t)n)
		return close_with(fd, -1);
	k = recv(fd, &said, sizeof said, MSG_DONTWAIT);
	if (k < 0 && errno == EAGAIN)
		return close_with(fd, 0);
	errno = k >= (ssize_t)(sizeof said.h + sizeof said.e.error) && said.h.nlmsg_type == NLMSG_ERROR && said.e.error < 0 ?
		-said.e.error : EPROTO;
	return close_with(fd, -1);
}

int network_listen(uint16_t port)
{
	const struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd;

	if (loopback_up())
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	return bind(fd, (const struct sockaddr *)&here, sizeof here) || listen(fd, 8) ? close_with(fd, -1) : fd;
}
