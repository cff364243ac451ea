/* The parent of one call: forks the child, holds it to its time, takes what it says. Nothing here
 * waits but parent_run: a program that runs many calls steps each when something happens to it. */
#ifndef KRUX_PARENT_H
#define KRUX_PARENT_H

#include "runtime/spawn/child.h"

struct krux_err;

struct child_end {
	struct child_report report;
	bool reported;                 /* report is there */
	uint8_t *answer;               /* caller frees */
	size_t n;
	bool timed_out, too_much;      /* killed by us */
	bool cancelled;                /* killed by parent_cancel */
	bool lost;                     /* how it ended could not be seen */
	bool exited;                   /* else by signal `code` */
	int code;
	uint64_t cpu_ns, wall_ns, rss_bytes;
};

struct parent {
	struct child_end end;
	pid_t pid;
	int in, pidfd;                 /* to wait on: readable when there is something to do */
	bool heard;                    /* in: the child has said all, or all that is listened to */
	int go;                        /* -1 once it is used */
	uint64_t started, deadline;    /* ns on CLOCK_BOOTTIME */
	uint64_t frozen;               /* since when it is stopped; 0: it runs */
	size_t got;                    /* bytes of the report at hand */
	size_t cap, max;               /* of the answer */
	bool killed;
};

/* 0, or -1 with *err when nothing ran. plan->out, go, uid and gid are set here. */
int parent_start(struct child_plan *plan, uint64_t wall_ns, struct parent *, struct krux_err *);
/* Takes what is there and looks at the clock. True: the child has ended, and end says how. */
bool parent_step(struct parent *);
/* Closes the descriptors of one that has ended. */
void parent_close(struct parent *);
/* Kills the child; parent_step says when it is gone. */
void parent_cancel(struct parent *);
/* Stops the child, which stops its clock, and lets it go on. */
void parent_freeze(struct parent *);
void parent_thaw(struct parent *);
/* ns on the clock of deadlines. */
uint64_t parent_now(void);

/* Steps until the child has ended. */
void parent_wait(struct parent *);
/* All of it: waits until the child has ended. */
int parent_run(struct child_plan *, uint64_t wall_ns, struct child_end *, struct krux_err *);

#endif
