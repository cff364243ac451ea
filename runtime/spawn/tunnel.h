/* The relay inside of a command's call: what the program connects to on its own loopback, and the line to egress. It takes
 * CONNECT to one of the call's targets, then TLS whose server name is that target's host, and passes bytes from then on;
 * or, where that target is one for http, a request to it, which is passed on
 * as the only one of its connection. Everything else is told why not, and ends. Nothing here blocks. */
#ifndef KRUX_TUNNEL_H
#define KRUX_TUNNEL_H

#include <poll.h>
#include <stdbool.h>

#include "capspec/line.h"
#include "runtime/base/message.h"
#include "runtime/spawn/opening.h"

/* Of one call: connections at a time, and in all; then nobody listens any more. The first two are the listener and the line. */
enum { TUNNELS = 8, TUNNELS_MOST = 1024, TUNNEL_POLLS = 2 + 2 * TUNNELS };

struct tunnel_flow {
	size_t at, n;                  /* of bytes: what is to be written */
	bool ended, shut;              /* its end was read; was passed on */
	char bytes[OPENING_HELLO + OPENING_MORE_BYTES];
};

struct tunnel {
	enum tunnel_state { TUNNEL_FREE, TUNNEL_HEAD, TUNNEL_WAITS, TUNNEL_ASKS, TUNNEL_HELLO, TUNNEL_PASSES, TUNNEL_REFUSES } state;
	int program, host;             /* -1: none */
	unsigned target;
	struct opening_head head;
	struct tunnel_flow out, in;    /* to the host, to the program */
	bool deaf;                     /* the program takes no more */
	uint64_t left;                 /* of a request without TLS: bytes of its body that are still to come */
	size_t thrown;                 /* bytes of who was refused */
};

struct tunnels {
	int listener, line;            /* -1: none */
	unsigned ntargets, taken;
	struct message_target target[LINE_TARGETS];
	struct tunnel tunnel[TUNNELS];
};

/* Takes both descriptors. */
void tunnels_open(struct tunnels *, int listener, int line, const struct message_target *, unsigned ntargets);
/* What it waits for: so many of out. */
unsigned tunnels_poll(const struct tunnels *, struct pollfd out[static TUNNEL_POLLS]);
/* Does what can be done. */
void tunnels_step(struct tunnels *);
/* Something that the program has written, and has closed behind, is still on its way to a host. */
bool tunnels_flush(const struct tunnels *);
void tunnels_close(struct tunnels *);

#endif
