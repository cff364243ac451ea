/* The parent of one call: forks the child, holds it to its time, takes what it says. */
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
	bool lost;                     /* how it ended could not be seen */
	bool exited;                   /* else by signal `code` */
	int code;
	uint64_t cpu_ns, wall_ns, rss_bytes;
};

/* 0, or -1 with *err when nothing ran. plan->out, go, uid and gid are set here. */
int parent_run(struct child_plan *, uint64_t wall_ns, struct child_end *, struct krux_err *);

#endif
