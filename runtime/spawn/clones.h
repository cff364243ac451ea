/* Mounts of workspaces on which an agent's uid stands for the owner's (sandbox/idmap.h). What it takes to make one is kept,
 * and so is what calls of builtins get, as long as nothing is mounted, taken off or remounted on the machine: then a kept one
 * would show what is no longer so, and hold what its operator wants to have free. */
#ifndef KRUX_CLONES_H
#define KRUX_CLONES_H

#include "runtime/sandbox/idmap.h"
#include "runtime/spawn/pool.h"

#include <stdbool.h>

struct krux_err;

enum { CLONES_MOST = POOL_ALL };

struct clones {
	int told;                      /* readable as an exception when the machine's mounts are others; -1: nobody says so */
	uint64_t count;                /* of uses: who was used longest ago goes first */
	struct clone {
		int fd;                /* -1: none */
		uint64_t used;
		uint64_t mount, device, inode;   /* of the workspace */
		struct idmap map;
	} clone[CLONES_MOST];
	struct clone_users {
		int fd;
		uint64_t used;
		struct idmap map;
	} users[CLONES_MOST];
};

void clones_open(struct clones *);
void clones_close(struct clones *);

/* The workspace for builtins of that agent. The descriptor is the table's, until the next of these functions. -1 with *err,
 * as of idmap_mount. */
int clones_get(struct clones *, int workspace, uid_t agent, struct krux_err *err);
/* A new one with those attributes, the caller's. */
int clones_make(struct clones *, int workspace, uid_t agent, uint64_t attributes, struct krux_err *err);
/* The machine's mounts are others: none is kept. */
void clones_drop(struct clones *);
/* Opens what tells of that, for who waits (EPOLLPRI). -1 with errno. */
int clones_listen(void);

#endif
