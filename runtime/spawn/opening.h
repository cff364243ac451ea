/* How a program opens a connection through the relay of its call: the head of a CONNECT, and then the first message of
 * TLS; or a request without TLS. Both are written by the program and read by who has the rights to commit its changes, so they are read in
 * full before anything is done with them, within bounds, into nothing but what stands here. */
#ifndef KRUX_OPENING_H
#define KRUX_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capspec/value.h"

/* Bytes in which each has to be whole. */
enum { OPENING_HEAD = 8 << 10, OPENING_HELLO = 16 << 10 };
/* A request that is written anew is so much longer at most. */
enum { OPENING_MORE_BYTES = 512 };

/* Doubt is the first. */
enum opening {
	OPENING_NONE,          /* it is none, whatever comes next */
	OPENING_MORE,          /* it may become one */
	OPENING_WHOLE,
};

struct opening_head {
	char host[256];        /* canonical (LANG.md, 2.4), as targets are */
	uint16_t port;
	size_t n;              /* bytes of the head, its empty line among them; what follows is not its */
	size_t looked;         /* bytes that were looked at for its end */
	const char *why;       /* of OPENING_NONE: a sentence of ours */
	bool plain;            /* it is no CONNECT, but a request for http, which is then passed on as `request` */
	uint64_t body;         /* bytes that follow it and are its */
	size_t nrequest;
	char request[OPENING_HEAD + OPENING_MORE_BYTES];
};

/* RFC 9112, 9.3.6 of RFC 9110: CONNECT of HTTP/1.1 or 1.0, with a host and a port, and nothing that speaks of a body; or
 * a request to a URL of http. p: the n
 * bytes that came so far; *out: all 0 when the first are looked at, and the same for the rest of them. */
enum opening opening_head(struct krux_str bytes, struct opening_head *out);

struct opening_hello {
	char name[256];        /* server name as it stands there, of printing ASCII; "": it says none */
	const char *why;       /* of OPENING_NONE */
};

/* RFC 8446, 4.1.2 and RFC 6066, 3: a ClientHello in as many records and pieces as its sender likes. Bytes: all that came
 * so far; those that may follow the message's last record are not looked at. */
enum opening opening_hello(struct krux_str bytes, struct opening_hello *out);

#endif
