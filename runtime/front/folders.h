/* Workspaces to whether calls there can run as a uid that is the agent's alone, which takes an idmapped mount of the folder. For
 * root, who alone makes such mounts; rootless all calls are the operator's uid. */
#ifndef KRUX_FOLDERS_H
#define KRUX_FOLDERS_H

#include <stddef.h>

struct krux_err;
struct machine;
struct registered_agent;

/* --allow-missing of it. */
#define FOLDERS_FEATURE "idmapped-mounts"

/* What one mount was made with serves for the next. */
struct folders {
	int users;                     /* FOLDERS_NONE, at first */
};
#define FOLDERS_NONE { -1 }
void folders_close(struct folders *);

/* Makes such a mount of an open folder, and lets go of it. -1 with *err: its no is EOPNOTSUPP where there can be none, and the
 * text says so and names the file system. */
int folders_try(struct folders *, int folder, struct krux_err *err);

/* The same of all these agents' workspaces that are there, for a daemon that is about to serve them. -1 with *err: one has none, and that
 * is not waived. Where it is, m->missing says so. */
int folders_check(struct machine *m, const struct registered_agent *, size_t n, struct krux_err *err);

#endif
