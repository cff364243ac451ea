/* What a call used, from the files of its group: for groups.c. */
#ifndef KRUX_GROUP_USED_H
#define KRUX_GROUP_USED_H

#include "runtime/spawn/groups.h"

/* It is taken for a call; `again`: it has had others. */
void group_used_start(struct cgroup *, bool again);
/* Nobody reads it any more. */
void group_used_stop(struct cgroup *);
/* The call has ended, and nothing lives in it. What is known goes to *end. */
void group_used_take(struct cgroup *, struct group_end *end);

#endif
