/* The child's end of a line to egress. */
#ifndef KRUX_NETWORK_LINE_H
#define KRUX_NETWORK_LINE_H

#include "capspec/line.h"
#include "stdlib-caps/common/handler.h"

/* Asks, and waits for the answer. *fd, where it is not NULL: the connection that came, -1: none; the caller's. False:
 * there is no answer to be had, and the call has failed with NoAnswer. */
bool line_call(struct handler_call *, const struct line_ask *, struct line_reply *out, int *fd);
/* The reply to what was asked, with flags of recvmsg; *fd as above, -1 where it is not 1. 1; 0: it is not there yet; -1: there is none. */
int line_take(int line, int flags, struct line_reply *out, int *fd);
/* Ends the call with the error that a status stands for: NotFound, Refused or NoAnswer. False. */
bool line_failed(struct handler_call *, uint32_t status, struct krux_str host);

#endif
