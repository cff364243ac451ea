/* What the parent tells each program of the daemon that it has executed: the first message on the
 * program's one channel. It takes the place of arguments and environment, which stay empty. */
#ifndef KRUX_BEGIN_H
#define KRUX_BEGIN_H

#include "runtime/base/uids.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct channel;
struct krux_err;

enum { BEGIN_CHANNEL = 3 };            /* the descriptor that a program finds its channel at */

enum begin_fd {
	BEGIN_BUNDLE,                  /* the file, open for reading */
	BEGIN_STATE, BEGIN_TRUST, BEGIN_TRASH, BEGIN_LOG, BEGIN_BLOBS, BEGIN_KEYS,      /* folders */
	BEGIN_GROUP,                   /* folder of a cgroup, below which calls get theirs */
	BEGIN_GATE, BEGIN_RECORDER, BEGIN_SPAWNER, BEGIN_HANDLER, BEGIN_WEB, BEGIN_EGRESS,    /* channels to the others */
	BEGIN_FDS
};

struct begin {
	uint32_t kind;                 /* which of the programs it is for */
	bool dev;
	bool sockets;                  /* what is in a group below BEGIN_GROUP has eBPF for its sockets */
	uint64_t generation;
	uid_t uid;
	gid_t gid;
	pid_t parent;                  /* who says this */
	struct agent_uids agents;
	const char *engine, *bundle_path, *state_path;  /* NULL: it is not told */
	const char *agent, *workspace; /* of the one who is served; NULL: all that are registered */
	const char *proxy;             /* that connects for egress; NULL: none */
	bool proxy_names;              /* it looks names up */
	/* NULL-terminated; NULL: none */
	const char *const *waived, *const *missing, *const *limits, *const *places, *const *reached;
	int fd[BEGIN_FDS];             /* -1: not given */
	void *memory;                  /* of what begin_take has filled */
};

/* Sends it; the descriptors stay the caller's. At most MESSAGE_FDS of them can be given. */
int begin_put(struct channel *, const struct begin *, struct krux_err *err);
/* Waits for it on the channel's descriptor. Negative with *err: what came is not for this program, or
 * was said by a kruxrt of another build. begin_free frees its texts and closes its descriptors; a
 * program that keeps them until it ends never calls it. */
int begin_take(int channel, uint32_t kind, struct begin *out, struct krux_err *err);
void begin_free(struct begin *);

#endif
