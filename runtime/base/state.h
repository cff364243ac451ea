/* The state folder: log, blobs, trust, trash, the operator's keys. It belongs to the operator
 * alone. */
#ifndef KRUX_STATE_H
#define KRUX_STATE_H

struct krux_err;

struct state {
	char *path;                  /* canonical */
	int fd, log, blobs, trust, trash;
	const char *const *places;   /* what else no workspace may reach (reach.h); NULL: nothing. Borrowed */
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
};

/* path NULL: the agent's own, workspaces/AGENT in the state, made where it is missing. Refuses a
 * folder from which the state, or one of its places, could be reached, and a file system that holds no files of
 * anybody. */
int workspace_open(const struct state *, const char *path, const char *agent, struct workspace *out,
                   struct krux_err *err);
void workspace_close(struct workspace *);
/* Its own folder of the state, for soft deletes, made where it is missing; caller closes. -1: there is none, as where the
 * workspace is on another file system. */
int workspace_trash(const struct state *, const struct workspace *);
/* Of an open folder and its canonical path, what can be said without the state. */
int workspace_fits(int fd, const char *path, struct krux_err *err);

#endif
