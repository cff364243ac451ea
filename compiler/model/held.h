/* Effects against handlers: what a capability says that it does, and what its handler may do. */
#ifndef KRUX_HELD_H
#define KRUX_HELD_H

#include "compiler/model/model.h"

/* The groups of system calls (capspec/rights.h) of a builtin handler. False: there is no such builtin. */
bool builtin_groups(struct krux_str name, unsigned *groups);
/* This version has something that enforces the effect. */
bool effect_is_held(const struct effect *);
/* Its calls are run: by a builtin that is there, and each effect is held. */
bool capability_is_run(const struct capability *, unsigned *groups);

#endif
