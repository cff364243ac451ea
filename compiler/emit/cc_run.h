/* One run of the C compiler: its arguments to how it ended and what it said. */
#ifndef KRUX_CC_RUN_H
#define KRUX_CC_RUN_H

#include "compiler/base/buf.h"

enum { CC_SECONDS = 120, CC_MOST_OUTPUT = 16384, CC_MOST_OBJECT = 64 << 20, CC_MOST_ARGS = 48 };

struct confinement;

struct cc_run {
	const char *program;
	const char *const *argv;            /* at most CC_MOST_ARGS, NULL at the end */
	const char *folder;                 /* where it works */
	const char *path;                   /* "PATH=...", the one variable that is the user's */
	const struct confinement *confinement;
	struct buf output;                  /* at most CC_MOST_OUTPUT of what it said; the caller's */
	int status;                         /* as wait(2) has it */
	bool timed_out;
	unsigned left;                      /* processes that it left running; they were ended */
};

/* False, with errno, where it could not even be started. Nothing of it runs any more afterwards. */
bool cc_run(struct cc_run *);

#endif
