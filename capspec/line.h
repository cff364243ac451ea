/* The line of a call that connects: what its child and the egress process say to each other. A line is a pair of
 * SOCK_SEQPACKET, made for that call; one ask is answered before the next. What a child can name is the number of a
 * target, one for each `connects` of its capability in the order of its effects: host and port are the decided ones,
 * which the spawner has told. Numbers are the machine's own, both ends are of one build. */
#ifndef KRUX_LINE_H
#define KRUX_LINE_H

#include <stdint.h>

enum { LINE_TARGETS = 4, LINE_ADDRESSES = 16, LINE_HOST = 256 };
/* Connections of one call, at a time and in all. */
enum { LINE_STREAMS = 4, LINE_CONNECTIONS = 64 };

enum line_kind {
	LINE_LOOKUP = 1,       /* the addresses of the target's host */
	LINE_CONNECT,          /* a connection to it */
};

enum line_status {
	LINE_REFUSED,          /* every address of the host is one that is not to be reached */
	LINE_OK,
	LINE_NO_NAME,          /* there is no such host, or it has no address */
	LINE_NO_ANSWER,        /* no name server could say */
	LINE_CLOSED,           /* the host is there and takes no connection at that port */
	LINE_UNREACHABLE,
	LINE_TIMEOUT,
	LINE_LIMIT,            /* as many connections as a call may have */
	LINE_PROXY_GONE,       /* the operator's proxy is not there, or does not answer as one */
	LINE_PROXY_REFUSED,    /* it is, and does not connect there */
	LINE_STATUSES
};

struct line_ask {
	uint32_t kind, target;
	uint32_t timeout_ms, reserved;         /* at most, all addresses and the name together; 0: egress's own */
};

/* A connection comes with one descriptor: a stream of Unix, whose other end egress relays. */
struct line_reply {
	uint32_t status, n;
	uint32_t refused, reserved;            /* addresses that were left out, since they are not to be reached */
	uint64_t took_ns;                      /* CONNECT: from the first packet to the connection */
	uint8_t address[LINE_ADDRESSES][16];   /* n of them, IPv4 as ::ffff:a.b.c.d; CONNECT: the one that was taken, where that is known */
};

#endif
