/* The other side of a client: a socket where tests say, message by message, what a daemon would. */
#ifndef KRUX_FAKE_DAEMON_H
#define KRUX_FAKE_DAEMON_H

#include "capspec/frame.h"

struct fake {
	char dir[64], path[96];
	int listener, fd;
	unsigned to;                   /* whose messages are read: FRAME_TO_GATE or _DAEMON */
	struct frame_reader reader;
	uint8_t in[1 << 17];
	size_t at, n;
};

/* Listens in a new folder below /tmp. */
void fake_start(struct fake *, unsigned to);
void fake_accept(struct fake *);
/* The next message; waits at most 5 s. False: the client is gone. */
bool fake_take(struct fake *, struct frame *out);
/* The same, which has to be there and of this kind. */
struct frame fake_expect(struct fake *, enum frame_kind);
/* Sends a line of frame_text.h, or bytes, or a line together with a descriptor. */
void fake_say(struct fake *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fake_bytes(struct fake *, const void *p, size_t n);
void fake_say_fds(struct fake *, const int *fd, unsigned nfds, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
size_t fake_encode(uint8_t *out, size_t size, const char *text);
void fake_hang_up(struct fake *);
void fake_stop(struct fake *);

/* A memory file of n bytes of `fill`. */
int fake_memory(size_t n, int fill, bool sealed);

#endif
