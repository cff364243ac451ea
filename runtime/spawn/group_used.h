/* What a call used, from the files of its group: for groups.c. */
#ifndef KRUX_GROUP_USED_H
#define KRUX_GROUP_USED_H

#include "runtime/spawn/groups.h"

/* A new one, for its first call; has: enum cgroup_controller. Its files stay open until group_used_close. */
void group_used_open(struct cgroup *, unsigned has);
void group_used_close(struct cgroup *);
/* It is taken for another call, and so many bytes lie in it. */
void group_used_start(struct cgroup *, uint64_t left);
/* The call has ended. What is known goes to *end. */
void group_used_take(struct cgroup *, unsigned has, struct group_end *end);

#endif
