/* Effects against handlers: what a capability says that it does, and what its handler may do. */
#ifndef KRUX_HELD_H
#define KRUX_HELD_H

#include "compiler/model/model.h"

/* The groups of system calls (capspec/rights.h) of a builtin handler. False: there is no such builtin. */
bool builtin_groups(struct krux_str name, unsigned *groups);
/* Its builtin is about runs in the background, and the spawner's: no process is made for a call. */
bool capability_asks_runs(const struct capability *);
/* This version has something that enforces the effect of that capability. */
bool effect_is_held(const struct capability *, const struct effect *);
/* It changes files. */
bool effect_changes(const struct effect *);
/* Its calls are run: by a builtin that is there or a command, and each effect is held. Groups: of a command those of
 * the process that waits for the program. */
bool capability_is_run(const struct capability *, unsigned *groups);

/* ---- commands.c ---- */

/* Of the process that waits for the program, and commits what it changed where an effect says that it changes. */
unsigned command_groups(const struct capability *);
/* The same of its program. */
unsigned program_groups(const struct capability *);
/* Its label says that it runs what is in the workspace. */
bool command_executes_workspace(const struct capability *);

#endif
