/* Names to addresses, in a process that has nothing else: what name servers answer is parsed in a child of it that
 * looks one name up and is gone, far from the connections. The C library's resolver is what all other programs of the
 * machine ask too: hosts, resolv.conf, its name servers, over UDP and TCP. */
#ifndef KRUX_EGRESS_RESOLVER_H
#define KRUX_EGRESS_RESOLVER_H

#include "capspec/line.h"

struct krux_err;

/* Most names at a time, and how long one may take. */
enum { RESOLVER_MOST = 64, RESOLVER_SECONDS = 10 };

struct resolved {
	uint32_t status, n;            /* enum line_status: OK, NO_NAME or NO_ANSWER */
	uint8_t address[LINE_ADDRESSES][16];
};

/* What the forked process becomes. Takes messages LOOKUP whose body is a name with its NUL and whose descriptor is a
 * pipe; a struct resolved is written there, or nothing where it failed. Ends with the other end of the socket.
 * confine is called once, before the first name. */
void resolver_run(int socket, int (*confine)(void *ctx), void *ctx) __attribute__((noreturn));

/* Asks it; *out is the end to read from, which the caller closes. -1 with *err. */
int resolver_ask(int socket, const char *host, int *out, struct krux_err *err);

#endif
