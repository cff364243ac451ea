/* The process that connects for calls, so that no call has a network. It is told by the spawner which hosts and ports a
 * call was allowed, and gives the call's child nothing but bytes. */
#ifndef KRUX_EGRESS_H
#define KRUX_EGRESS_H

#include "runtime/egress/address.h"
#include "runtime/egress/proxy.h"

struct krux_err;

enum { EGRESS_LINES = 256 };           /* calls at a time */
/* For what a child has sent before it ended to be brought to its host. */
enum { EGRESS_DRAIN_MS = 5000 };

struct egress_options {
	int resolver;                  /* to resolver_run */
	struct proxy proxy;            /* that connects in its place */
	struct named named;            /* special addresses that the operator lets be reached */
	/* The last thing before it serves. NULL: nothing. */
	int (*confine)(void *ctx, struct krux_err *err);
	void *confine_ctx;
};

/* Serves the spawner until its end of the channel is closed. The exit code. */
int egress_run(int channel, const struct egress_options *);

#endif
