/* The process that the children of one class of calls come from: same agent, workspace and files of the host. They share
 * its mounts, an empty folder, and its network, which has no interface that is up; everything else is a child's own, and of
 * a command that connects its network too.
 * Making those two takes longer than all the rest, and nobody waits for it here. */
#ifndef KRUX_NEST_H
#define KRUX_NEST_H

#include "runtime/spawn/child.h"

/* What a process that namespaces_fork_shared has made becomes. For each message BEAR, whose descriptors are the socket that
 * plan->waits listens to and perhaps a cgroup for the child, it forks a child of its own parent and answers BORN. Ends when the other end of the socket does;
 * between two births alone, unless a signal ends it. */
void nest_run(struct child_plan *, int socket) __attribute__((noreturn));

#endif
