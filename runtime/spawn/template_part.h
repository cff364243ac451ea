/* What the files of the handlers' process share. */
#ifndef KRUX_TEMPLATE_PART_H
#define KRUX_TEMPLATE_PART_H

#include "runtime/base/loop.h"
#include "runtime/base/message.h"
#include "runtime/spawn/again.h"
#include "runtime/spawn/birth.h"
#include "runtime/spawn/clones.h"
#include "runtime/spawn/groups.h"
#include "runtime/spawn/looking.h"
#include "runtime/spawn/pool.h"
#include "runtime/spawn/program.h"
#include "runtime/spawn/spares.h"
#include "runtime/spawn/template.h"
#include "runtime/spawn/warrant.h"

enum { TEMPLATE_CALLS = 256, TEMPLATE_CHILDREN = TEMPLATE_CALLS + POOL_ALL, TEMPLATE_NESTS = POOL_ALL, TEMPLATE_FAILED = 3 };

struct template;

/* A request that waits for its child. */
struct held {
	uint8_t *body;
	size_t n;
	int fd[MESSAGE_FDS];
	unsigned nfds;
	int folder;                    /* with it: the host's */
};

/* Where the children of one class come from. */
struct nest {
	struct template *owner;
	bool on, closing;              /* closing: nothing more is asked of it */
	struct pool_key key;
	pid_t pid;
	struct group_limits limits;    /* of the last call of the class */
	unsigned making;               /* children that it was asked for and has not spoken of */
	struct channel channel;
	struct watch said, ended;
};

/* A child: of a call, or one that waits for it. */
struct call {
	struct template *owner;
	struct call *next;             /* free */
	bool on;
	bool waits;                    /* no call is its own */
	bool killed, stopped;
	bool background;               /* goes on behind its answer */
	bool command;                  /* stops and goes on by itself when it is told to */
	struct nest *nest;             /* that is making it; NULL: its process is there */
	struct held held;              /* what it gets then; empty: nothing, or it has it */
	int place;                     /* in the pool, while it waits; -1: none */
	int socket;                    /* to it, while it waits */
	uint64_t cookie;
	struct group_limits limits;    /* what its group is to have then */
	struct cgroup *group;           /* that it is in; NULL: none of its own */
	struct birth birth;
	struct watch ended, asks;
};

struct template {
	struct channel request;        /* in a nest: room for what a child gets */
	const struct template_options *options;
	struct loop loop;
	struct channel channel;
	struct watch watch;
	struct loaded *policy;
	struct warrant_rules rules;
	struct programs programs;      /* of commands */
	struct groups groups;          /* for calls */
	struct spares spares;
	struct clones clones;          /* of workspaces, where agents have uids */
	struct watch mounts;           /* the machine's are others */
	struct group_limits limits;    /* of the last call */
	bool counts_io;                /* the kernel counts what processes read and write */
	uint64_t memory;               /* of the machine, bytes */
	struct call *call, *free;      /* TEMPLATE_CHILDREN of them */
	unsigned ncalls, nbackground;  /* that do not wait; of these, in the background */
	struct pool pool;
	struct nest *nest;             /* TEMPLATE_NESTS of them */
	struct call *waiting[POOL_ALL];   /* by place */
	struct timer tend;             /* when to look at the pool */
	struct looking *looking;       /* LOOKING_MOST of them */
	int code;
};

/* ---- template.c ---- */

void template_say(struct template *, enum message_kind, uint64_t cookie, const void *p, size_t n);

/* ---- template_workspace.c: whose the workspace is ---- */

int workspaces_open(struct template *, struct krux_err *err);
void workspaces_close(struct template *);
/* Of a request: puts the workspace as it is the agent's in the place of the host's folder, which goes to *folder, the caller's;
 * where the machine has none and that was waived, it stays, and *folder is -1. -1 with *err: the call is refused. */
int workspace_take(struct template *, struct message *, int *folder, struct krux_err *err);
struct asked;
/* Of a command's plan, as root: a mount of the workspace for its program's root, which is the caller's. -1 with *err. */
int workspace_mount(const struct asked *, struct child_plan *, struct krux_err *err);

/* ---- template_group.c: control groups of calls ---- */

/* A command is run here: its groups have what they are to have, or it was waived. -1 with *err. */
int limits_check(const struct template *, struct krux_err *err);
/* The group that a call gets; NULL in *out: there are none. -1 with *err: it cannot be had. */
int call_group(struct template *, const struct group_limits *, struct cgroup **out, struct krux_err *err);

/* ---- template_asked.c: what a child finds out of its request ---- */

struct asked {
	struct template *template;
	struct child_plan *plan;
	uint32_t index;
	uint8_t owner[FORK_OWNER];
	uint32_t uid;                  /* that it runs as; AGENT_UID_NONE: the workspace's owner */
	int folder;                    /* the workspace as it is on the host; -1: it is not at hand, as in a child */
	const uint8_t *body;           /* of a message RUN */
	size_t n;
	const int *blob;
	unsigned nblobs;
	struct warrant warrant;
	struct again again;
	/* Of a child that waits: */
	struct pool_key key;           /* whom it is for */
	bool foreign;                  /* the request is of somebody else: nothing runs */
};

/* The plan of a request's child and what it finds out in it; both borrow from the message. -1 with *err: it is none. */
int asked_plan(struct template *, const struct message *, struct child_plan *, struct asked *, struct krux_err *err);
/* What its group is to have (template_group.c). */
struct group_limits call_limits(const struct asked *, const struct child_plan *);
/* Whom a child for that request has to be made for. */
int asked_key(const struct asked *, const struct child_plan *, struct pool_key *out, struct krux_err *err);
/* child_plan.waits: ctx is a struct asked with key and a template whose `request` is open. */
bool asked_waits(struct child_plan *);

/* ---- template_call.c: calls and children ---- */

int children_open(struct template *, struct krux_err *err);
void children_close(struct template *);
/* The workspace has been taken; folder: the host's; -1: it is that itself. */
int template_call(struct template *, const struct message *, int folder, struct krux_err *err);
void template_signal(struct template *, const struct message *);
/* In a copy of this process: overwrites requests that are on their way and what is told of others, but for the one
 * that `own` points into, NULL: all. */
void requests_forget(struct template *, const uint8_t *own);
/* Its child is there, or cannot be. */
void child_born(struct call *, pid_t, int pidfd);
void child_unborn(struct call *);
/* Children that wait: none is left for that owner (NULL: for anybody); what time asks for. */
void pool_empty(struct template *, const uint8_t *owner);
void pool_tend(struct template *);

/* ---- template_nest.c ---- */

/* Asks for a child of that class, for that call; NULL: for none yet, which no nest for commands begins with.
 * It gets a group for the call's limits, or, where it has no call yet, for those of the last one of its class. child_born or
 * child_unborn says more. -1 with *err: there is nobody to be asked. */
int nest_bear(struct template *, struct call *, const struct pool_key *, const struct asked *, struct krux_err *err);
/* In the handlers' process, before anything is allocated; and when all is that nests and children are copies of. */
void heap_ready(void);
void heap_zeros_forget(void);
void nests_tend(struct template *);
void nests_close(struct template *);

#endif
