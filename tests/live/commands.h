/* Calls of a command in the place of a handler's. */
#ifndef KRUX_LIVE_COMMANDS_H
#define KRUX_LIVE_COMMANDS_H

#include "runtime/spawn/child.h"
#include "tests/live/live.h"

/* Makes the plan one of a command whose program makes the attempt. False: it cannot be, and `why` says why. */
bool command_plan(const struct attempt *, struct child_plan *);

#endif
