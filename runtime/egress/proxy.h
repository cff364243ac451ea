/* The proxy that the operator has named: what it is called, what it is asked, and what it answers (RFC 9110, 9.3.6). It is
 * believed no more than a host: what it says is read within bounds, and only for whether it has connected. */
#ifndef KRUX_EGRESS_PROXY_H
#define KRUX_EGRESS_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capspec/value.h"

struct krux_err;
struct message_target;

/* Bytes in which the head of its answer has to be whole, and which what it is asked fits in. */
enum { PROXY_HEAD = 8 << 10, PROXY_ASK = 1024 };

struct proxy {
	char host[256];                /* canonical; "": there is none */
	uint16_t port;
	bool names;                    /* it is told names, and looks them up itself */
};

/* http://HOST:PORT. -1 with *err: it is none. */
int proxy_read(struct proxy *, const char *url, struct krux_err *err);

/* For a connection to that port of the address, or of the host that the target says where it is NULL; the length. */
size_t proxy_ask(const struct message_target *, const uint8_t *address, char out[static PROXY_ASK]);

struct proxy_answer {
	unsigned status;               /* 100 to 599 */
	size_t n;                      /* bytes of the head, its empty line among them; what follows is the host's */
	size_t looked;                 /* bytes that were looked at for its end */
};

enum proxy_said {
	PROXY_NOTHING,                 /* it is no answer, whatever comes next */
	PROXY_MORE,                    /* it may become one */
	PROXY_WHOLE,
};

/* bytes: all that came so far; *out: all 0 when the first are looked at, and the same for the rest of them. */
enum proxy_said proxy_answer(struct krux_str bytes, struct proxy_answer *out);

#endif
