/* Control groups of version 2, for the daemon and what it runs. Nothing here touches those of
 * version 1. */
#ifndef KRUX_CGROUP_H
#define KRUX_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

struct krux_err;

/* Opens the group that the calling process is in, to make others below it: as root wherever cgroup v2
 * is mounted, as anybody else where that part of the tree was delegated. -1 with *err: there is none. */
int cgroup_own(struct krux_err *err);
/* A new group below `above`; one of that name that was left behind is removed before. */
int cgroup_make(int above, const char *name, struct krux_err *err);
/* Forks into a group (-1: stays where it is). As fork. */
pid_t cgroup_fork(int group);
/* Kills all that is in it and below, at once. */
int cgroup_kill(int group, struct krux_err *err);
/* Nothing lives in it or below. */
bool cgroup_empty(int group);
/* Removes an empty group and those below it. */
int cgroup_remove(int above, const char *name, struct krux_err *err);
/* Ends and removes the groups PREFIX-and-a-number whose process is gone: it was killed before it could.
 * Nothing of them lives when it returns 0. */
int cgroup_sweep(int above, const char *prefix, struct krux_err *err);

#endif
