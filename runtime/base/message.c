/* Messages to packets and back. A packet that the socket does not take yet waits in a list; a
 * receiver looks at one packet at a time and refuses whatever does not add up. */
#include "runtime/base/message.h"

#include "runtime/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct packet {
	struct packet *next;
	size_t n;
	int fd[MESSAGE_FDS];           /* copies */
	unsigned nfds;
	uint8_t bytes[];
};

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int channel_pair(int fd[static 2], struct krux_err *err)
{
	int room = 4 * MESSAGE_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd))
		return err_set(err, errno, "make a channel between processes");
	for (int i = 0; i < 2; i++) {
		/* Beyond the limit only with privilege; without it, the limit has to do. */
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room))
			setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	}
	return 0;
}

int channel_open(struct channel *c, int fd, struct krux_err *err)
{
	*c = (struct channel){ .fd = -1 };
	c->out = malloc(MESSAGE_MAX);
	c->in = malloc(MESSAGE_MAX);
	if (!c->out || !c->in) {
		channel_close(c);
		return err_set(err, ENOMEM, "open a channel");
	}
	c->fd = fd;
	return 0;
}

static void packet_free(struct packet *p)
{
	for (unsigned i = 0; i < p->nfds; i++)
		close(p->fd[i]);
	explicit_bzero(p->bytes, p->n);
	free(p);
}

static void in_drop(struct channel *c)
{
	while (c->in_taken < c->nin_fd)
		close(c->in_fd[c->in_taken++]);
	c->nin_fd = c->in_taken = 0;
}

void channel_close(struct channel *c)
{
	struct packet *p;

	while ((p = c->first)) {
		c->first = p->next;
		packet_free(p);
	}
	in_drop(c);
	free(c->out);
	free(c->in);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct channel){ .fd = -1 };
}

static int packet_queue(struct channel *c, const uint8_t *bytes, size_t n, const int *fd,
                        unsigned nfds, struct krux_err *err)
{
	struct packet *p = malloc(sizeof *p + n);

	if (!p)
		return err_set(err, ENOMEM, "send to another process");
	*p = (struct packet){ .n = n };
	memcpy(p->bytes, bytes, n);
	for (; p->nfds < nfds; p->nfds++) {
		p->fd[p->nfds] = fcntl(fd[p->nfds], F_DUPFD_CLOEXEC, 3);
		if (p->fd[p->nfds] < 0) {
			packet_free(p);
			return err_set(err, errno, "send a descriptor to another process");
		}
	}
	if (c->last)
		c->last->next = p;
	else
		c->first = p;
	c->last = p;
	c->queued += n;
	return 0;
}

/* What they said stays nowhere: a process that is forked from this one is somebody else's. */
static void gathered_forget(struct channel *c)
{
	explicit_bzero(c->out, c->nout);
	c->nout = 0;
}

static int gathered_queue(struct channel *c, struct krux_err *err)
{
	if (c->nout && packet_queue(c, c->out, c->nout, NULL, 0, err))
		return -1;
	gathered_forget(c);
	return 0;
}

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static size_t message_write(uint8_t *to, enum message_kind kind, uint64_t cookie, size_t n,
                            const struct part *part, unsigned nparts)
{
	struct message_head head = { kind, (uint32_t)n, cookie };
	uint8_t *p = to + sizeof head;

	memcpy(to, &head, sizeof head);
	for (unsigned i = 0; i < nparts; i++) {
		if (part[i].n)
			memcpy(p, part[i].p, part[i].n);
		p += part[i].n;
	}
	memset(p, 0, padded(n) - n);
	return sizeof head + padded(n);
}

static int size_check(const struct part *part, unsigned nparts, size_t *n, struct krux_err *err)
{
	*n = 0;
	for (unsigned i = 0; i < nparts; i++)
		*n += part[i].n;
	if (*n > MESSAGE_MAX - sizeof(struct message_head))
		return err_set(err, EMSGSIZE, "send to another process");
	return 0;
}

int channel_put(struct channel *c, enum message_kind kind, uint64_t cookie,
                const struct part *part, unsigned nparts, struct krux_err *err)
{
	size_t n;

	if (size_check(part, nparts, &n, err))
		return -1;
	if (c->nout + sizeof(struct message_head) + padded(n) > MESSAGE_MAX &&
	    gathered_queue(c, err))
		return -1;
	c->nout += message_write(c->out + c->nout, kind, cookie, n, part, nparts);
	return 0;
}

/* 1: sent, 0: the socket is full. */
static int parts_send(int to, struct iovec *v, size_t nv, const int *fd, unsigned nfds, struct krux_err *err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * MESSAGE_FDS)];
	} control;
	struct msghdr m = { .msg_iov = v, .msg_iovlen = nv };

	if (nfds) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			                         .cmsg_type = SCM_RIGHTS,
			                         .cmsg_len = CMSG_LEN(sizeof(int) * nfds) };
		memcpy(CMSG_DATA(&control.head), fd, sizeof(int) * nfds);
	}
	for (;;) {
		if (sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 1;
		if (errno == EAGAIN || errno == ENOBUFS)
			return 0;
		if (errno != EINTR)
			return err_set(err, errno, "send to another process");
	}
}

static int packet_send(int to, const uint8_t *bytes, size_t n, const int *fd, unsigned nfds,
                       struct krux_err *err)
{
	struct iovec v = { (void *)(uintptr_t)bytes, n };

	return parts_send(to, &v, 1, fd, nfds, err);
}

int channel_put_fds(struct channel *c, enum message_kind kind, uint64_t cookie,
                    const struct part *part, unsigned nparts, const int *fd, unsigned nfds,
                    struct krux_err *err)
{
	size_t n;
	int rc;

	if (size_check(part, nparts, &n, err) || gathered_queue(c, err))
		return -1;
	c->nout = message_write(c->out, kind, cookie, n, part, nparts);
	/* At once where nothing is before it, since to keep it is to keep its descriptors. What goes wrong with that is
	 * for channel_flush to say. */
	if (!c->first && packet_send(c->fd, c->out, c->nout, fd, nfds, NULL) > 0)
		rc = 0;
	else
		rc = packet_queue(c, c->out, c->nout, fd, nfds, err);
	gathered_forget(c);
	return rc;
}

int message_send(int fd, enum message_kind kind, uint64_t cookie, const struct part *part, unsigned nparts,
                 const int *with, unsigned nwith, struct krux_err *err)
{
	static uint8_t zeros[8];
	struct message_head head = { .kind = kind, .cookie = cookie };
	struct iovec v[5] = { { &head, sizeof head } };
	size_t n;

	if (nparts > 3 || nwith > MESSAGE_FDS)
		return err_set(err, EMSGSIZE, "send to another process");
	if (size_check(part, nparts, &n, err))
		return -1;
	head.n = (uint32_t)n;
	for (unsigned i = 0; i < nparts; i++)
		v[i + 1] = (struct iovec){ (void *)(uintptr_t)part[i].p, part[i].n };
	v[nparts + 1] = (struct iovec){ zeros, padded(n) - n };
	return parts_send(fd, v, nparts + 2, with, nwith, err);
}

int channel_flush(struct channel *c, struct krux_err *err)
{
	struct packet *p;
	int rc;

	while ((p = c->first)) {
		rc = packet_send(c->fd, p->bytes, p->n, p->fd, p->nfds, err);
		if (rc <= 0)
			return rc;
		c->first = p->next;
		if (!c->first)
			c->last = NULL;
		c->queued -= p->n;
		packet_free(p);
	}
	if (!c->nout)
		return 1;
	rc = packet_send(c->fd, c->out, c->nout, NULL, 0, err);
	if (rc > 0)
		gathered_forget(c);
	return rc;
}

/* ---- receiving ---- */

static int descriptors_take(struct channel *c, struct msghdr *m, struct krux_err *err)
{
	c->nin_fd = c->in_taken = 0;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		size_t n;

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof fd, sizeof fd);
			if (c->nin_fd < MESSAGE_FDS)
				c->in_fd[c->nin_fd++] = fd;
			else
				close(fd);
		}
	}
	if (m->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) {
		in_drop(c);
		return err_set(err, EPROTO, "a packet larger than any that is sent");
	}
	return 0;
}

static int packet_receive(struct channel *c, struct krux_err *err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * (MESSAGE_FDS + 1))];
	} control;
	struct iovec v = { c->in, MESSAGE_MAX };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control };
	unsigned reset = 0, ends = 0;
	ssize_t n;

	do {
		m.msg_controllen = sizeof control;
		n = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		/* Reset: it went without reading all that it was sent. That is said once, before what it sent last. */
		reset += n < 0 && errno == ECONNRESET;
		/* The end: the kernel first looks for a packet, then whether the other end is closed. What was sent in between,
		 * last of all, is there the second time. */
		ends += !n;
	} while ((n < 0 && (errno == EINTR || (errno == ECONNRESET && reset == 1))) || (!n && ends == 1));
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0 && errno != ECONNRESET)
		return err_set(err, errno, "receive from another process");
	if (n <= 0)
		return err_set(err, 0, "the other process is gone");
	c->nin = (size_t)n;
	c->at = 0;
	return descriptors_take(c, &m, err) ? -1 : 1;
}

int channel_take(struct channel *c, struct message *out, struct krux_err *err)
{
	struct message_head head;

	if (c->at == c->nin) {
		int rc;

		in_drop(c);
		rc = packet_receive(c, err);
		if (rc <= 0)
			return rc;
	}
	if (c->nin - c->at < sizeof head)
		return err_set(err, EPROTO, "a message that is cut short");
	memcpy(&head, c->in + c->at, sizeof head);
	if (!head.kind || head.kind >= MESSAGE_KINDS ||
	    padded(head.n) > c->nin - c->at - sizeof head)
		return err_set(err, EPROTO, "what is no message");
	*out = (struct message){ .kind = (enum message_kind)head.kind, .cookie = head.cookie,
		                 .body = c->in + c->at + sizeof head, .n = head.n };
	c->at += sizeof head + padded(head.n);
	if (c->nin_fd && c->at != c->nin)
		return err_set(err, EPROTO, "descriptors for more than one message");
	for (unsigned i = 0; i < MESSAGE_FDS; i++)
		out->fd[i] = i < c->nin_fd ? c->in_fd[i] : -1;
	out->nfds = c->nin_fd;
	c->in_taken = c->nin_fd;
	return 1;
}

void channel_wipe(struct channel *c)
{
	if (c->at != c->nin)
		return;
	explicit_bzero(c->in, c->nin);
	c->at = c->nin = 0;
}

void channel_forget(struct channel *c)
{
	for (struct packet *p = c->first; p; p = p->next)
		explicit_bzero(p->bytes, p->n);
	if (c->out)
		explicit_bzero(c->out, c->nout);
}

void message_close_fds(struct message *m)
{
	for (unsigned i = 0; i < MESSAGE_FDS; i++) {
		if (m->fd[i] >= 0)
			close(m->fd[i]);
		m->fd[i] = -1;
	}
	m->nfds = 0;
}

/* ---- memory files ---- */

int memory_file(const char *name, const struct part *part, unsigned nparts, struct krux_err *err)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_set(err, errno, "make a memory file");
	for (unsigned i = 0; i < nparts; i++)
		for (size_t done = 0; done < part[i].n;) {
			ssize_t w = write(fd, (const uint8_t *)part[i].p + done, part[i].n - done);

			if (w < 0 && errno == EINTR)
				continue;
			if (w <= 0)
				goto fail;
			done += (size_t)w;
		}
	if (!fcntl(fd, F_ADD_SEALS, SEALS))
		return fd;
fail:
	err_set(err, errno, "fill a memory file");
	close(fd);
	return -1;
}

const uint8_t *memory_map(int fd, size_t max, size_t *n, struct krux_err *err)
{
	static const uint8_t nothing[1];
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	*n = 0;
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st)) {
		err_set(err, EPROTO, "a memory file that could still change");
		return NULL;
	}
	if (st.st_size < 0 || (uint64_t)st.st_size > max) {
		err_set(err, EMSGSIZE, "a memory file");
		return NULL;
	}
	if (!st.st_size)
		return nothing;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		err_set(err, errno, "map a memory file");
		return NULL;
	}
	*n = (size_t)st.st_size;
	return p;
}

void memory_unmap(const uint8_t *p, size_t n)
{
	if (n)
		munmap((void *)(uintptr_t)p, n);
}
