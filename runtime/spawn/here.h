/* A call whose child is this process's own, and is waited for. */
#ifndef KRUX_HERE_H
#define KRUX_HERE_H

#include "runtime/spawn/parent.h"

/* 0, and *end says how it ended; -1 with *err: nothing ran. plan->out is set here. */
int here_run(struct child_plan *, uint64_t wall_ns, struct child_end *, struct krux_err *err);

#endif
