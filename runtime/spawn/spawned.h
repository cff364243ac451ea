/* The same in steps, for a program that runs many calls at once. */
#ifndef KRUX_SPAWNED_H
#define KRUX_SPAWNED_H

#include "runtime/spawn/parent.h"
#include "runtime/spawn/spawn.h"

/* A call under way. */
struct spawned {
	const struct krux_capability *cap;
	struct child_plan plan;
	struct parent child;                 /* its descriptors are to be waited on */
};

/* 0: the child runs; -1 with *err: nothing runs, such as when a layer that cannot be waived is
 * missing. The request is not needed any more when it returns; its capability is. */
int spawn_start(const struct spawn_request *, struct spawned *, struct krux_err *err);
/* Call when a descriptor of it is ready or its deadline has come. True: it has ended. */
bool spawn_step(struct spawned *);
/* How it ended, once; as spawn_run. Closes its descriptors. */
int spawn_finish(struct spawned *, struct krux_pool *, struct spawn_result *out,
                 struct krux_err *err);

#endif
