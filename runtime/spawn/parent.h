/* Who waits for one call: holds the child to its time and takes what it says. The process itself may be
 * somebody else's child, who signals it and sees how it ends. Nothing here waits: each call is stepped when
 * something happens to it. */
#ifndef KRUX_PARENT_H
#define KRUX_PARENT_H

#include "runtime/spawn/birth.h"

struct krux_err;

struct child_end {
	struct child_report report;
	bool reported;                 /* report is there */
	uint8_t *answer;               /* caller frees */
	size_t n;
	bool timed_out, too_much;      /* killed by us */
	bool hurried;                  /* timed_out: the caller gave less time than the capability has */
	const char *cancelled;         /* killed by parent_cancel: why; NULL: it was not */
	bool lost;                     /* how it ended could not be seen */
	bool exited;                   /* else by signal `code` */
	int code;
	uint64_t cpu_ns, wall_ns, rss_bytes;
	struct group_end group;        /* cpu_ns is of it where that is known */
};

/* Has the child killed, stopped or let go on: SIGKILL, SIGSTOP, SIGCONT. */
typedef void parent_signal_fn(void *ctx, int signal);

struct parent {
	struct child_end end;
	int in;                        /* to wait on: readable when there is something to do */
	bool heard;                    /* in: the child has said all, or all that is listened to */
	bool ended;                    /* parent_ended has said so */
	uint64_t started, deadline;    /* ns on CLOCK_BOOTTIME */
	uint64_t frozen;               /* since when it is stopped; 0: it runs */
	size_t got;                    /* bytes of the report at hand */
	size_t cap, max;               /* of the answer */
	bool killed;
	parent_signal_fn *signal;
	void *ctx;
};

/* Makes the pipe, for an answer of at most `output` bytes. *out is the child's end, caller closes. */
int parent_open(struct parent *, size_t output, int *out, struct krux_err *err);
/* The child starts now and has so long. */
void parent_begin(struct parent *, uint64_t wall_ns, parent_signal_fn *, void *ctx);
/* The child's process has ended so. */
void parent_ended(struct parent *, const struct birth_end *);
/* Takes what is there and looks at the clock. True: the child has ended, and end says how. */
bool parent_step(struct parent *);
/* Closes the pipe. */
void parent_close(struct parent *);
/* Kills the child, for a reason that stays; parent_step says when it is gone. */
void parent_cancel(struct parent *, const char *why);
/* Stops the child, which stops its clock, and lets it go on. */
void parent_freeze(struct parent *);
void parent_thaw(struct parent *);
/* ns on the clock of deadlines. */
uint64_t parent_now(void);

#endif
