/* The recorder: the one process that opens log, blobs and log key. */
#ifndef KRUX_RECORDER_H
#define KRUX_RECORDER_H

#include "runtime/base/uids.h"

#include <stdbool.h>

struct krux_err;

/* What the parent has opened; the recorder opens only beneath. */
struct recorder_options {
	/* Folders. In keys the recorder opens log.key alone, which is there, and empty the first
	 * time. */
	int log, blobs, keys, trust;
	const char *engine;            /* "kruxrt 0.3" */
	bool dev;
	const char *const *waived;     /* NULL-terminated; NULL: none */
	/* Who is served alone, whose name is only claimed, and the folder that it works in; NULL: nobody. */
	const char *agent, *workspace;
	struct agent_uids agents;      /* that calls run as */
	/* What the machine does not have: a `missing` record each. NULL-terminated; NULL: none. */
	const char *const *missing;
	/* Called once, after log and key are open and before READY: the process's last rights go. NULL
	 * in tests. */
	int (*confine)(void *ctx, struct krux_err *err);
	void *confine_ctx;
};

/* Until STOP or until the channel closes. 0; 3 when the log failed. Takes parent_channel. */
int recorder_run(int parent_channel, const struct recorder_options *);

#endif
