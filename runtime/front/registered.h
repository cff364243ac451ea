/* Which agents a state folder has, and their workspaces, for who is about to do something about those. */
#ifndef KRUX_REGISTERED_H
#define KRUX_REGISTERED_H

#include <stddef.h>

struct krux_err;
struct state;

struct registered_agent {
	const char *name;              /* as krux_agent_valid says */
	const char *workspace;         /* absolute */
};

struct registered {
	struct registered_agent *agent;        /* by name, without those that were taken out */
	size_t n;
	char *text;
};

/* Read by a process that is confined as krux-audit is, beside a daemon or without one; nothing is changed. -1 with *err,
 * and nothing to free. */
int registered_read(const struct state *, struct registered *, struct krux_err *err);
void registered_free(struct registered *);

#endif
