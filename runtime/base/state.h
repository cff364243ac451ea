/* The state folder: log, blobs, trust, trash, the operator's keys. It belongs to the operator
 * alone. */
#ifndef KRUX_STATE_H
#define KRUX_STATE_H

struct krux_err;

struct state {
	char *path;                  /* canonical */
	int fd, log, blobs, trust, trash;
};

/* Makes the folder and those in it; refuses where it is there and not empty. */
int state_make(const char *path, struct state *out, struct krux_err *err);
/* Opens one that state_make has made; refuses where others can reach into it. */
int state_open(const char *path, struct state *out, struct krux_err *err);
void state_close(struct state *);

/* An agent's folder on the host: /workspace inside every call. Agents that are given the same
 * folder share its history. */
struct workspace {
	char *path;                  /* canonical: by this its history is known */
	int fd;
	int trash;                   /* its own, for soft deletes; -1: another file system */
};

/* path NULL: the agent's own, workspaces/AGENT in the state, made where it is missing. Refuses a
 * folder from which the state could be reached. */
int workspace_open(const struct state *, const char *path, const char *agent, struct workspace *out,
                   struct krux_err *err);
void workspace_close(struct workspace *);

#endif
