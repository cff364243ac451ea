/* Paths of the agent to opened folders, without ever following a link or leaving the workspace. */
#ifndef KRUX_PLACE_H
#define KRUX_PLACE_H

#include "stdlib-caps/common/handler.h"

/* What is the runtime's own in a workspace. */
#define PLACE_RESERVED ".krux"

enum place_flags {
	PLACE_LOOK = 0,
	PLACE_CHANGE = 1,      /* made, changed or removed: no protected name */
	PLACE_PARENTS = 2,     /* make the missing folders above it */
	PLACE_BELOW = 4,       /* not /workspace itself */
	PLACE_TARGET = 8,      /* a missing folder above is ParentNotFound, not NotFound */
};

/* openat2, beneath dir, no links of any kind, no other mount. The descriptor, or -1 with errno. For `open` alone: a
 * confined handler has place_child. */
int place_openat(int dir, const char *path, uint64_t flags, uint64_t mode);
/* The same of one name in dir, or of ".", by openat with what filters let through: O_TRUNC never is. */
int place_child(int dir, const char *name, int flags, mode_t mode);
/* Of two descriptors, as renames need it. False also where the kernel does not say. */
bool place_same_mount(int a, int b);
/* The folder above the field's path, opened, and the name in it, into c->place[i]. */
bool place_open(struct handler_call *, unsigned i, const char *field, unsigned flags);
/* What is there, links not followed. errno's value or 0. */
int place_stat(const struct place *, struct stat *);
/* Opens it. O_NONBLOCK and O_CLOEXEC are added. -1 with the call failed. */
int place_file(struct handler_call *, const struct place *, int flags);
int place_folder(struct handler_call *, const struct place *);

/* The components after "/workspace"; n 0 for it itself. False: not under it. */
bool path_inside(struct krux_str path, struct krux_str *rest);
/* May only programs outside the sandbox change this path? */
bool path_protected(struct krux_str path);
/* Reads their patterns now, for all processes that are forked from this one. */
void place_ready(void);
/* The same as a failure of the call: false for a protected path. */
bool path_changeable(struct handler_call *, struct krux_str path);
/* One of the runtime's own places in the workspace, which no handler shows or enters. */
bool path_reserved(struct krux_str path);

#endif
