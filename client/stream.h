/* A Unix stream socket that carries messages, without ever waiting. */
#ifndef KRUX_STREAM_H
#define KRUX_STREAM_H

#include "capspec/frame.h"

#include <poll.h>

struct krux_fault;

enum { STREAM_FDS = 16 };

struct stream {
	int fd;
	bool gone;                     /* the other side takes nothing any more */
	struct frame_reader reader;
	uint8_t *in;                   /* read and not yet looked at: in_at to in_n */
	size_t in_at, in_n;
	uint8_t *out;                  /* to be sent: out_at to out_n */
	size_t out_at, out_n, out_room;
	int passed[STREAM_FDS];        /* descriptors that came and no message has claimed */
	unsigned npassed;
};

/* A path that names where the daemon listens for `name` ("agent", "supervisor") when nothing else was
 * said; `own` of the environment, then the folder of the user, then that of the system. Fills path; false:
 * it does not fit. */
bool stream_path(const char *own, const char *name, char *path, size_t size);
/* Connects within timeout_ms. A krux_code. */
int stream_open(struct stream *, const char *path, uint32_t timeout_ms, struct krux_fault *);
/* Takes a socket that is connected, also where it fails. */
int stream_adopt(struct stream *, int fd, struct krux_fault *);
void stream_close(struct stream *);

/* Encodes into what is to be sent. */
int stream_put(struct stream *, const struct frame *, struct krux_fault *);
/* The same for bytes that frame_encode wrote. */
int stream_put_bytes(struct stream *, const uint8_t *p, size_t n, struct krux_fault *);
/* Sends what the socket takes; KRUX_OK when some is left too. */
int stream_flush(struct stream *, struct krux_fault *);
bool stream_idle(const struct stream *);   /* nothing is to be sent */

/* The next message to one of `to`; it borrows until the next call. KRUX_OK: *got says whether there
 * is one. `most` counts down the bytes that are read from the socket. */
int stream_take(struct stream *, unsigned to, size_t *most, struct frame *out, bool *got,
                struct krux_fault *);
/* The descriptor that came first, now the caller's; -1: none. */
int stream_passed(struct stream *);

#endif
