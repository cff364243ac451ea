/* The process of one call, for whoever is its parent: started, given its map, signalled, reaped. */
#ifndef KRUX_BIRTH_H
#define KRUX_BIRTH_H

#include "runtime/spawn/child.h"
#include "runtime/spawn/groups.h"

struct krux_err;

struct birth {
	pid_t pid;
	int pidfd;                     /* readable: it has ended */
	int asks, go;                  /* asks, as root: readable once, when birth_map is to be called */
	uid_t uid;                     /* the workspace's owner, which its user namespace is mapped onto */
	gid_t gid;
	uint64_t used_ns;              /* processor time before its call; 0: it was born with it */
};

/* How the process ended. */
struct birth_end {
	int status;                    /* as waitpid has it */
	bool lost;                     /* it could not be seen */
	uint64_t cpu_ns, rss_bytes;
	uint64_t read_bytes, written_bytes;   /* from and for disks, by it and those that it waited for */
	struct group_end group;        /* not of birth_reap: whoever gave it one knows */
};

/* Starts it in namespaces of its own; plan->out is the caller's to close. Without a workspace plan->owner and
 * plan->group are set. -1 with *err: nothing runs. */
int birth_start(struct child_plan *, struct birth *, struct krux_err *err);
/* Writes the map that it waits for; where that cannot be, the child says so and ends. */
void birth_map(struct birth *);
/* It waited and gets its call now: what it has used so far is not the call's. */
void birth_hand_over(struct birth *);
bool birth_gone(const struct birth *);
/* Of one that is gone. */
void birth_reap(struct birth *, struct birth_end *);
/* Closes the descriptors. */
void birth_close(struct birth *);

#endif
