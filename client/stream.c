/* Messages to bytes on a socket and back; descriptors that come with them wait in a row. */
#include "client/stream.h"

#include "client/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { IN_ROOM = 64 << 10, KEPT = 1 << 20 };

/* ---- opening ---- */

bool stream_path(const char *own, const char *name, char *path, size_t size)
{
	const char *value = secure_getenv(own), *user = secure_getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int n;

	if (value && *value)
		return (size_t)snprintf(path, size, "%s", value) < size;
	if (user && *user == '/') {
		n = snprintf(path, size, "%s/krux/%s.sock", user, name);
		if (n > 0 && (size_t)n < size && !stat(path, &st))
			return true;
	}
	return (size_t)snprintf(path, size, "/run/krux/%s.sock", name) < size;
}

/* A full queue of connections is a matter of time. */
static int connect_patiently(int fd, const struct sockaddr_un *to, socklen_t n, uint32_t timeout_ms)
{
	const struct timespec step = { .tv_nsec = 10 * 1000 * 1000 };

	for (uint32_t waited = 0;; waited += 10) {
		if (!connect(fd, (const struct sockaddr *)to, n) || errno == EISCONN)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || waited >= timeout_ms)
			return -1;
		nanosleep(&step, NULL);
	}
}

int stream_open(struct stream *s, const char *path, uint32_t timeout_ms, struct krux_fault *fault)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	*s = (struct stream){ .fd = -1, .reader = { .max = FRAME_MAX } };
	if (!n || n >= sizeof to.sun_path)
		return fault_set(fault, KRUX_E_USAGE, 0, "the path of a socket has 1 to %zu bytes",
		                 sizeof to.sun_path - 1);
	memcpy(to.sun_path, path, n);
	s->in = malloc(IN_ROOM);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!s->in || s->fd < 0) {
		int no = errno;
		int code = s->in ? KRUX_E_SYSTEM : KRUX_E_MEMORY;

		stream_close(s);
		return fault_set(fault, code, no, "a socket");
	}
	if (connect_patiently(s->fd, &to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1),
	                      timeout_ms)) {
		int no = errno;

		stream_close(s);
		return fault_set(fault, KRUX_E_CONNECT, no, "connect to %s", path);
	}
	return KRUX_OK;
}

int stream_adopt(struct stream *s, int fd, struct krux_fault *fault)
{
	*s = (struct stream){ .fd = fd, .reader = { .max = FRAME_MAX }, .in = malloc(IN_ROOM) };
	if (!s->in)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a connection");
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK))
		return fault_set(fault, KRUX_E_SYSTEM, errno, "the connection that is there");
	return KRUX_OK;
}

void stream_close(struct stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	for (unsigned i = 0; i < s->npassed; i++)
		close(s->passed[i]);
	free(s->in);
	free(s->out);
	free(s->reader.body);
	*s = (struct stream){ .fd = -1 };
}

/* ---- sending ---- */

static int room_make(struct stream *s, size_t n, struct krux_fault *fault)
{
	size_t room = s->out_room ? s->out_room : 4096;
	uint8_t *grown;

	if (s->out_at) {
		memmove(s->out, s->out + s->out_at, s->out_n - s->out_at);
		s->out_n -= s->out_at;
		s->out_at = 0;
	}
	if (n <= s->out_room - s->out_n)
		return KRUX_OK;
	while (room - s->out_n < n)
		room *= 2;
	grown = realloc(s->out, room);
	if (!grown)
		return fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a message");
	s->out = grown;
	s->out_room = room;
	return KRUX_OK;
}

int stream_put(struct stream *s, const struct frame *f, struct krux_fault *fault)
{
	size_t n = frame_encode(f, NULL, 0);
	int code;

	if (!n)
		return fault_set(fault, KRUX_E_USAGE, 0, "this is no message: a text is no valid UTF-8, or a "
		                 "part is too long or missing");
	code = room_make(s, n, fault);
	if (code)
		return code;
	frame_encode(f, s->out + s->out_n, n);
	s->out_n += n;
	return KRUX_OK;
}

int stream_put_bytes(struct stream *s, const uint8_t *p, size_t n, struct krux_fault *fault)
{
	int code = room_make(s, n, fault);

	if (code)
		return code;
	memcpy(s->out + s->out_n, p, n);
	s->out_n += n;
	return KRUX_OK;
}

bool stream_idle(const struct stream *s)
{
	return s->out_at == s->out_n;
}

int stream_flush(struct stream *s, struct krux_fault *fault)
{
	while (s->out_at < s->out_n && !s->gone) {
		ssize_t n = send(s->fd, s->out + s->out_at, s->out_n - s->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return KRUX_OK;
		/* Why it closed may be there to be read, and is told by who reads. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			s->gone = true;
			break;
		}
		if (n < 0)
			return fault_set(fault, KRUX_E_CLOSED, errno, "send to the daemon");
		s->out_at += (size_t)n;
	}
	if (s->gone)
		return KRUX_OK;
	s->out_at = s->out_n = 0;
	if (s->out_room > KEPT) {
		free(s->out);
		s->out = NULL;
		s->out_room = 0;
	}
	return KRUX_OK;
}

/* ---- receiving ---- */

static void passed_take(struct stream *s, const struct msghdr *m, bool *many)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (s->npassed < STREAM_FDS) {
				s->passed[s->npassed++] = fd;
			} else {
				close(fd);
				*many = true;
			}
		}
	}
	*many |= (m->msg_flags & MSG_CTRUNC) != 0;
}

/* KRUX_OK and in_n 0: nothing there at the moment. */
static int in_read(struct stream *s, struct krux_fault *fault)
{
	char control[CMSG_SPACE(sizeof(int) * STREAM_FDS)] __attribute__((aligned(8)));
	struct iovec to = { s->in, IN_ROOM };
	struct msghdr m = {
		.msg_iov = &to, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	bool many = false;
	ssize_t n;

	s->in_at = s->in_n = 0;
	if (s->reader.room > KEPT && !frame_reader_midway(&s->reader)) {
		free(s->reader.body);
		s->reader.body = NULL;
		s->reader.room = 0;
	}
	do
		n = recvmsg(s->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return KRUX_OK;
	/* A reset: it closed without reading all that we sent. */
	if (n < 0 && errno != ECONNRESET)
		return fault_set(fault, KRUX_E_CLOSED, errno, "receive from the daemon");
	if (n > 0)
		passed_take(s, &m, &many);
	if (many)
		return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon sent more descriptors than it may");
	if (n <= 0)
		return fault_set(fault, KRUX_E_CLOSED, 0, "the daemon closed the connection%s",
		                 frame_reader_midway(&s->reader) ? " in the middle of a message" : "");
	s->in_n = (size_t)n;
	return KRUX_OK;
}

static int body_room(struct stream *s, struct krux_fault *fault)
{
	free(s->reader.body);
	s->reader.body = malloc(s->reader.length);
	s->reader.room = s->reader.body ? s->reader.length : 0;
	return s->reader.body ? KRUX_OK : fault_set(fault, KRUX_E_MEMORY, ENOMEM, "a message");
}

static int body_decode(unsigned to, struct krux_str body, struct frame *out, struct krux_fault *fault)
{
	const char *why;

	switch (frame_decode(to, body, out, &why)) {
	case FRAME_ERROR_NONE:
		return KRUX_OK;
	case FRAME_ERROR_VERSION:
		return fault_set(fault, KRUX_E_VERSION, 0, "the daemon speaks %s", why);
	default:
		return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon sent no message of the protocol: %s", why);
	}
}

int stream_take(struct stream *s, unsigned to, size_t *most, struct frame *out, bool *got,
                struct krux_fault *fault)
{
	struct krux_str body;
	int code = KRUX_OK;

	*got = false;
	while (!code) {
		const uint8_t *p = s->in + s->in_at;
		size_t n = s->in_n - s->in_at;

		switch (frame_reader_take(&s->reader, &p, &n, &body)) {
		case FRAME_WHOLE:
			s->in_at = s->in_n - n;
			*got = true;
			return body_decode(to, body, out, fault);
		case FRAME_TOO_LONG:
			return fault_set(fault, KRUX_E_PROTOCOL, 0, "the daemon sent a message of a length that "
			                 "none has");
		case FRAME_ROOM:
			s->in_at = s->in_n - n;
			code = body_room(s, fault);
			break;
		case FRAME_MORE:
			if (!*most)
				return KRUX_OK;
			code = in_read(s, fault);
			if (!code && !s->in_n)
				return KRUX_OK;
			*most -= s->in_n < *most ? s->in_n : *most;
			break;
		}
	}
	return code;
}

int stream_passed(struct stream *s)
{
	int fd = s->npassed ? s->passed[0] : -1;

	if (s->npassed)
		memmove(s->passed, s->passed + 1, --s->npassed * sizeof *s->passed);
	return fd;
}
