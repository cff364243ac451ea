/* Control groups for calls, one call at a time in each: what all of a call's processes use together is held to its limits,
 * and all of them stop, go on and end at once. */
#ifndef KRUX_GROUPS_H
#define KRUX_GROUPS_H

#include "capspec/usage.h"

#include <stdbool.h>
#include <stdint.h>

struct krux_err;

struct group_limits {
	uint64_t memory;               /* bytes, of all processes and of files in memory; nothing of it is swapped */
	uint64_t pids;                 /* processes and threads */
	uint64_t files;                /* bytes of files in memory that come to `memory` */
};

/* What the kernel keeps for a builtin's process, and what that has of its own beyond `limits`: copies of what the fork
 * inherited, its stack, the pipe of its answer. */
enum { BUILTIN_ROOM = 16 << 20 };

/* In `has`, besides controllers: the group above has eBPF for sockets (sockets.h), which holds in those below. */
enum { GROUP_SOCKETS = 4 };

enum { GROUP_CPU = 3 };

/* What a group's files said before its call; group_used.c's own. */
struct group_mark {
	bool again;                    /* calls before this one were in it */
	bool timed;                    /* cpu is known */
	uint64_t cpu[GROUP_CPU];       /* us: all, user, system */
	uint64_t memory, processes;    /* the greatest so far */
	uint64_t left;                 /* bytes that lay in it already */
	int stat, peak;                /* files that stay open; -1: not there */
	bool anew;                     /* the greatest memory can count anew, */
	bool own;                      /* and is that of this call */
};

struct cgroup {
	struct cgroup *next;            /* of those that are idle, leaving, or not made */
	int fd, events;                /* its folder, and a file there that stays open */
	struct group_limits limits;
	bool still;
	bool spent;                    /* it was killed as a whole */
	bool looked;                   /* it was not empty when it was looked at after its call */
	uint64_t killed, refused;      /* what it has counted before this call */
	struct group_mark mark;
};

struct groups {
	int above;                     /* where they are made; -1: there are none */
	char word[8];                  /* that their names begin with */
	unsigned has;                  /* enum cgroup_controller: what they can be limited in; GROUP_SOCKETS */
	struct cgroup *group;           /* `all` of them */
	unsigned all, nidle;
	struct cgroup *idle, *leaving, *unmade;
};

/* What is known of a call's group. */
struct group_end {
	bool own;                      /* it had one */
	unsigned has;                  /* enum cgroup_controller: limits that were on; GROUP_SOCKETS */
	bool out_of_memory;            /* the kernel ended it, since it used up its memory */
	uint64_t refused;              /* processes that it asked for beyond its limit */
	bool timed;
	uint64_t cpu_ns;               /* of all its processes, where timed */
	struct call_used used;
};

/* Takes `above`, where controllers may have been passed on (cgroup_pass); -1: there are no groups. Names begin with
 * that word, of at most 7 letters. At most `all` are in use. -1 with *err: none can be made there, or no memory. */
int groups_open(struct groups *, int above, const char *word, unsigned all, struct krux_err *err);
void groups_close(struct groups *);
/* An empty group with these limits, as far as there are controllers for them. NULL with *err: it cannot be made, or a
 * limit cannot be set. */
struct cgroup *groups_take(struct groups *, const struct group_limits *, struct krux_err *err);
/* Other limits for one that was taken, before anything of it runs that they are for. -1 with *err: one cannot be set, or would
 * have its writer wait for the kernel to take back what lies in it. */
int groups_limit(const struct groups *, struct cgroup *, const struct group_limits *, struct krux_err *err);
/* Its call has ended, or there was none; in *end, what became of it. `alone`: it was a single process, and ended by itself, so
 * that nobody was refused one or ended for memory. It is used again once groups_tend has seen that it is empty. */
void groups_give(struct groups *, struct cgroup *, bool alone, struct group_end *end);
/* Looks at those that were given back: what is empty can be used again. What was not empty twice is ended. True: it is to be
 * called again soon. groups_take does so too. */
bool groups_tend(struct groups *);
/* The call begins now: what was had of the processor so far is not the call's. Without it nothing is known of its time. */
void group_begin(struct cgroup *);
/* SIGKILL, SIGSTOP or SIGCONT to all that is in it. False: it cannot be. */
bool group_signal(struct cgroup *, int signal);

#endif
