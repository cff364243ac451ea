/* A call whose child is this process's own, and is waited for. */
#ifndef KRUX_TEST_HERE_H
#define KRUX_TEST_HERE_H

#include "runtime/spawn/spawn.h"

struct builtin;
struct child_end;
struct child_plan;

/* 0, and *end says how it ended; -1 with *err: nothing ran. plan->out is set here. */
int here_run(struct child_plan *, uint64_t wall_ns, struct child_end *, struct krux_err *err);

struct spawn_request {
	const struct krux_capability *cap;   /* limits, effects, handler, output type, errors */
	const struct krux_layer *layer;      /* what the bundle tells the kernel; NULL: nothing, so no call */
	const struct krux_value *args;       /* canonical, the wire map */
	const char *agent;                   /* a valid agent id */
	int workspace_fd;                    /* O_PATH or O_RDONLY directory, /workspace in the call */
	int mount_fd;                        /* of a command as root: a mount of that folder for its view */
	const struct builtin *(*find)(struct krux_str name);   /* NULL: builtin_find */
	int line;                            /* to egress; -1: none */
	int trash_fd;                        /* directory for soft deletes, same file system; -1: none */
	spawn_allows_fn *allows;             /* never NULL */
	/* The child decides once more, before anything is opened; as child_plan. NULL where the caller, in
	 * the same process, has. */
	uint32_t (*decides)(void *ctx, int workspace);
	void *ctx;                           /* of both */
};

/* Runs it and waits. 0: the child ran, *out says how it ended. -1 with *err: nothing ran. The pool takes what
 * *out points at. */
int spawn_run(const struct spawn_request *, struct krux_pool *, struct spawn_result *out,
              struct krux_err *err);

#endif
