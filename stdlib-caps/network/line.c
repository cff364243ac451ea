/* An ask to a reply, and to a sentence where that is none. */
#include "stdlib-caps/network/line.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int descriptor_of(struct msghdr *m)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

int line_take(int line, int flags, struct line_reply *out, int *fd)
{
	char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec v = { out, sizeof *out };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room };
	ssize_t k;

	*fd = -1;
	while ((k = recvmsg(line, &m, flags | MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (k < 0 && errno == EAGAIN)
		return 0;
	if (k != sizeof *out || out->status >= LINE_STATUSES || out->n > LINE_ADDRESSES)
		return -1;
	*fd = descriptor_of(&m);
	return 1;
}

bool line_call(struct handler_call *c, const struct line_ask *ask, struct line_reply *out, int *fd)
{
	int came;

	if (c->line < 0 || write(c->line, ask, sizeof *ask) != sizeof *ask || line_take(c->line, 0, out, &came) <= 0)
		return handler_fail(c, "NoAnswer", "The process that connects for calls does not answer.");
	if (fd)
		*fd = came;
	else if (came >= 0)
		close(came);
	return true;
}

bool line_failed(struct handler_call *c, uint32_t status, struct krux_str host)
{
	switch (status) {
	case LINE_REFUSED:
		return handler_fail(c, "Refused", "%.*s leads to addresses that calls may not connect to.",
		                    handler_shown(host), host.p);
	case LINE_NO_NAME:
		return handler_fail(c, "NotFound", "%.*s: there is no such host, or it has no address.",
		                    handler_shown(host), host.p);
	case LINE_PROXY_REFUSED:
		return handler_fail(c, "Refused", "The operator's proxy does not connect to %.*s.", handler_shown(host), host.p);
	case LINE_PROXY_GONE:
		return handler_fail(c, "NoAnswer", "The operator's proxy does not answer.");
	case LINE_LIMIT:
		return handler_fail(c, "NoAnswer", "Too many names are looked up, or connections made, at the same time.");
	default:
		return handler_fail(c, "NoAnswer", "No name server could say where %.*s is.", handler_shown(host), host.p);
	}
}
