/* The operator's notify hook: a program that is started for each event, with the event on its standard
 * input and nothing else. It can read files and run programs, and write none; it has the network only
 * when the operator says so. */
#ifndef KRUX_HOOK_H
#define KRUX_HOOK_H

#include "runtime/base/loop.h"

#include "capspec/value.h"

#include <sys/types.h>

struct krux_err;

enum { HOOK_RUNS = 4, HOOK_WAITS = 64, HOOK_EVENT = 16384 };

struct hook_plan {
	const char *path;              /* absolute; NULL: there is no hook */
	bool network;
	uid_t uid;                     /* as root: it becomes this */
};

struct hook {
	const struct hook_plan *plan;
	struct loop *loop;
	struct hook_run {
		struct hook *hook;
		pid_t pid;             /* 0: free */
		struct timer late;
	} run[HOOK_RUNS];
	int wait[HOOK_WAITS];          /* memory files with events, a ring */
	unsigned first, nwait;
	uint64_t dropped;              /* events that found no place; said once each time it begins */
	bool full;
};

void hook_open(struct hook *, const struct hook_plan *, struct loop *);
/* Kills those that run; they are reaped by who reaps children. */
void hook_close(struct hook *);
/* JSON of one event. */
void hook_event(struct hook *, struct krux_str json);
/* A child has ended. True: it was one of these, and the next may have been started. */
bool hook_ended(struct hook *, pid_t pid, int status);
bool hook_knows(const struct hook *, pid_t pid);
/* Is it a program that its uid could run. Negative with *err. */
int hook_check(const struct hook_plan *, struct krux_err *err);

#endif
