/* A daemon that is all script. */
#include "tests/unit/fake_daemon.h"

#include "tests/unit/frame_text.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void fake_start(struct fake *d, unsigned to)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	memset(d, 0, sizeof *d);
	d->fd = -1;
	d->to = to;
	d->reader.max = FRAME_MAX;
	strcpy(d->dir, "/tmp/krux-fake.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(d->dir));
	snprintf(d->path, sizeof d->path, "%s/sock", d->dir);
	memcpy(at.sun_path, d->path, strlen(d->path) + 1);
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(!bind(d->listener, (struct sockaddr *)&at, sizeof at) && !listen(d->listener, 8));
}

void fake_accept(struct fake *d)
{
	fake_hang_up(d);
	do
		d->fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
	while (d->fd < 0 && errno == EINTR);
	ck_assert_int_ge(d->fd, 0);
}

bool fake_take(struct fake *d, struct frame *out)
{
	struct krux_str body;
	const char *why = "";

	for (;;) {
		const uint8_t *p = d->in + d->at;
		enum frame_take t = frame_reader_take(&d->reader, &p, &d->n, &body);
		struct pollfd wait = { .fd = d->fd, .events = POLLIN };
		ssize_t n;

		d->at = (size_t)(p - d->in);
		if (t == FRAME_WHOLE) {
			ck_assert_msg(!frame_decode(d->to, body, out, &why), "%s", why);
			return true;
		}
		ck_assert_int_ne(t, FRAME_TOO_LONG);
		if (t == FRAME_ROOM) {
			d->reader.body = realloc(d->reader.body, d->reader.length);
			d->reader.room = d->reader.length;
			continue;
		}
		n = poll(&wait, 1, 5000);
		if (n < 0 && errno == EINTR)
			continue;
		ck_assert_int_eq(n, 1);
		n = read(d->fd, d->in, sizeof d->in);
		if (n <= 0)
			return false;
		d->at = 0;
		d->n = (size_t)n;
	}
}

struct frame fake_expect(struct fake *d, enum frame_kind kind)
{
	struct frame f;

	ck_assert(fake_take(d, &f));
	ck_assert_uint_eq(f.kind, kind);
	return f;
}

size_t fake_encode(uint8_t *out, size_t size, const char *text)
{
	static uint8_t room[1 << 16];
	struct frame f;
	size_t n;

	ck_assert_msg(frame_text_read(text, &f, room, sizeof room), "%s", text);
	n = frame_encode(&f, out, size);
	ck_assert_msg(n && n <= size, "%s", text);
	return n;
}

void fake_bytes(struct fake *d, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n) {
		ssize_t k = send(d->fd, from, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		ck_assert_int_gt(k, 0);
		from += k;
		n -= (size_t)k;
	}
}

void fake_say(struct fake *d, const char *fmt, ...)
{
	static uint8_t out[1 << 16];
	static char text[1 << 16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fake_bytes(d, out, fake_encode(out, sizeof out, text));
}

void fake_say_fds(struct fake *d, const int *fd, unsigned nfds, const char *fmt, ...)
{
	char control[CMSG_SPACE(sizeof(int) * 32)] __attribute__((aligned(8))) = { 0 };
	static uint8_t out[1 << 16];
	char text[1024];
	struct iovec part = { out, 0 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * nfds)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	part.iov_len = fake_encode(out, sizeof out, text);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
	memcpy(CMSG_DATA(c), fd, sizeof(int) * nfds);
	ck_assert_int_eq(sendmsg(d->fd, &m, MSG_NOSIGNAL), (ssize_t)part.iov_len);
}

void fake_hang_up(struct fake *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	d->n = 0;
	free(d->reader.body);
	d->reader = (struct frame_reader){ .max = FRAME_MAX };
}

void fake_stop(struct fake *d)
{
	fake_hang_up(d);
	close(d->listener);
	unlink(d->path);
	rmdir(d->dir);
}

int fake_memory(size_t n, int fill, bool sealed)
{
	int fd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *p;

	ck_assert(fd >= 0 && !ftruncate(fd, (off_t)n));
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memset(p, fill, n);
	munmap(p, n);
	if (sealed)
		ck_assert(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
	return fd;
}
