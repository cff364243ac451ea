/* Children that the daemon's parent has not started itself: what a dead spawner left behind, since
 * the parent is the subreaper of all. */
#ifndef KRUX_ORPHANS_H
#define KRUX_ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

/* Kills each child for which `known` says no. How many there are, the dead but not yet reaped among
 * them; -1: the kernel does not say. */
int orphans_kill(bool (*known)(void *ctx, pid_t pid), void *ctx);

#endif
