/* Before a program takes a secret key into its memory. */
#ifndef KRUX_GUARD_H
#define KRUX_GUARD_H

#include "capspec/value.h"

/* From here on the process leaves no core file (RLIMIT_CORE 0, for what it starts, too) and others of its user
 * neither trace it nor read its memory (PR_SET_DUMPABLE 0, until it executes another program). For
 * programs, not for libraries: it changes the whole process. False with *why: hold no key then. */
bool krux_guard(struct krux_refusal *why);

#endif
