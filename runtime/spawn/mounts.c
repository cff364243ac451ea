/* Mounts and who has them to mounts that nobody has. A mount namespace is there as long as a process is in it or has it open. */
#include "runtime/spawn/mounts.h"

#include "runtime/spawn/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int namespace_open(int proc, const char *name)
{
	char path[32];

	snprintf(path, sizeof path, "self/ns/%s", name);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

int namespace_say(int socket, int fd)
{
	struct iovec byte = { (char[]){ 0 }, 1 };
	union control c = { .head = { .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = &byte, .msg_iovlen = 1 };

	if (fd >= 0) {
		memcpy(CMSG_DATA(&c.head), &fd, sizeof fd);
		m.msg_control = &c;
		m.msg_controllen = sizeof c.room;
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int namespace_hear(int socket, int flags)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union control c;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c };
	struct cmsghdr *h;
	int fd = -1;

	if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC | flags) != 1)
		return -2;
	h = CMSG_FIRSTHDR(&m);
	if (h && h->cmsg_type == SCM_RIGHTS && h->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(h), sizeof fd);
	return fd;
}

/* ---- kept ---- */

static struct pollfd watched[1 + POOL_ALL];  /* the first is what is waited for; then processes */
static int kept[1 + POOL_ALL];
static unsigned nwatched = 1;

void mounts_keep(int mounts, int pidfd)
{
	int fd = nwatched == sizeof kept / sizeof *kept ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0) {
		close(mounts);
		return;
	}
	watched[nwatched] = (struct pollfd){ .fd = fd, .events = POLLIN };
	kept[nwatched++] = mounts;
}

int mounts_wait(int fd)
{
	watched[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	do {
		if (poll(watched, nwatched, -1) < 0)
			return -1;
		for (unsigned i = nwatched; --i;) {
			if (!watched[i].revents)
				continue;
			close(watched[i].fd);
			close(kept[i]);
			watched[i] = watched[--nwatched];
			kept[i] = kept[nwatched];
		}
	} while (!watched[0].revents);
	return 0;
}
