/* The child of one call: from fork to its answer on a pipe. */
#ifndef KRUX_CHILD_H
#define KRUX_CHILD_H

#include "runtime/sandbox/sandbox.h"
#include "stdlib-caps/common/handler.h"

struct krux_capability;
struct krux_err;
struct krux_layer;
struct krux_reach;

struct child_plan {
	const struct probe *probe;
	const struct builtin *builtin;      /* NULL: `waits` brings one that reads no files of the host */
	const struct krux_capability *command;      /* the capability, where it is a command; NULL: a builtin's */
	int program;                        /* of a command: its file, sealed and checked; -1: none */
	struct krux_str rules;              /* of a command that connects: RELAY_FILE; n 0: it has no network */
	const struct krux_layer *layer;     /* what the kernel is told about the capability */
	const struct krux_reach *reach;     /* and about this agent; `decides` may set it */
	const struct krux_value *args;
	struct rlimits limits;
	size_t output;                 /* most bytes of the encoded answer */
	bool snapshot;                 /* a command's: it runs from a copy that `takes` makes */
	int workspace, store;          /* store: -1: none; workspace: -1: `waits` brings it */
	int mount;                     /* of a command, as root: a mount of the workspace for its program's root; -1: its class has it */
	int stream;                    /* of a command in the background: what its program writes to; -1: it is not */
	uint64_t seq;                  /* of the intent */
	int line;                      /* to egress, of a call that connects; -1: none */
	int socket;                    /* that `waits` listens to; -1: none */
	int cgroup;                    /* that the child is forked into; -1: none of its own */
	int network;                   /* namespace, new and nobody's, that it is to have; -1: it is forked into a new one */
	bool idmapped;                 /* the workspace is one that belongs to its agent's uid (sandbox/idmap.h) */
	uid_t owner;                   /* of the workspace, whom the child becomes as root; set by birth_start */
	gid_t group;
	int out;                       /* pipe for report and answer */
	int ask, go;                   /* pipes: a byte asks for the map of the user namespace, a byte says it is there */
	int blob[3];                   /* memory files that `decides` reads; -1: none */
	struct krux_str changes;       /* `decides` sets it: the program has run, and its changes, these, were approved; n 0: it is to run */
	uid_t uid;                     /* of the parent, as it is seen outside the namespaces */
	gid_t gid;
	/* Waits until there is a call and makes the rest of the plan, which may replace all of it, when the layers
	 * up to "no-privileges" are on. False: there is none. NULL: the plan is whole. */
	bool (*waits)(struct child_plan *);
	/* In a process of the owner's that has no rights besides: copies what the call was approved with into an empty folder,
	 * and writes the field `shown` of that copy; its length, 0: it could not. */
	size_t (*takes)(void *ctx, int workspace, int into, uint8_t *out, size_t cap);
	bool (*allows)(void *ctx, struct krux_str field, struct krux_str path);
	/* Asked once, before `open`, with the workspace; 0, CHILD_DENIED or CHILD_STALE. NULL: the caller
	 * has decided. */
	uint32_t (*decides)(void *ctx, int workspace);
	void *ctx;
};

/* Comes first on the pipe, written after the last layer and before the handler's `run`. Then the
 * answer follows, to the end of the pipe: a map with "output", or with "error" and "message". */
struct child_report {
	uint32_t magic;
	uint32_t layers;               /* 1 << enum layer: what is on */
	int32_t failed;                /* errno of the layer after those, 0: all are on */
	uint32_t what;                 /* that layer, or one of the following */
};
enum { CHILD_MAGIC = 0x4B525558, CHILD_SLACK = 4096 };
/* DENIED, STALE: `decides` said no, or that a file which approvers saw is another now. OPENED: `open` ended
 * the call itself. START: with `failed`, the program of a command could not be started. */
enum { CHILD_OPENED = 255, CHILD_START = 254, CHILD_DENIED = 253, CHILD_STALE = 252 };
/* How it exits without an answer; UNGIVEN: it waited and got nothing that it can read; SIGNALLED and the number of a signal:
 * so ended the program of a command. */
enum { CHILD_BROKEN = 3, CHILD_TOO_MUCH = 4, CHILD_UNGIVEN = 5, CHILD_SIGNALLED = 128 };

/* What capability and bundle say of its call; the rest is the caller's. layer NULL, relay n 0: the bundle has none. The builtin is
 * one that `find` finds. -1 with *err: it is not run by a builtin that is there, there is no filter for it, or the machine
 * lacks a layer. */
int child_plan_make(const struct krux_capability *cap, const struct krux_layer *layer, struct krux_str relay,
                    builtin_find_fn *find, struct child_plan *plan, struct krux_err *err);
/* What the layer leaves that agent. -1 with *err: nothing, so that there is no call. */
int child_reach(const struct krux_capability *, const struct krux_layer *, struct krux_str agent,
                 const struct krux_reach **out, struct krux_err *err);

/* What children of one class have in common is put on the calling process, which then forks them with
 * namespaces_fork_own; each calls child_run. Keeps that channel open. Does not return when a layer cannot be put on. */
void child_share(struct child_plan *, int channel);
/* As root, by that process: the map that such a child waits for. As namespaces_map. */
int child_shared_map(pid_t, uid_t, gid_t);

/* Never returns. */
void child_run(struct child_plan *) __attribute__((noreturn));

#endif
