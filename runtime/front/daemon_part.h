/* What the two files of the parent share: daemon.c hears, generations.c acts. */
#ifndef KRUX_DAEMON_PART_H
#define KRUX_DAEMON_PART_H

#include "runtime/front/daemon.h"
#include "runtime/front/generation.h"

enum { GENERATIONS = 8 };              /* at most, those that still end among them */
enum { BEFORE = 64 };
enum { CODE_INPUT = 2, CODE_SYSTEM = 3 };

/* Somebody wants another bundle, or the same again. */
struct reload {
	bool asked, running;
	int bundle;
	char *path;
	uint64_t generation, cookie;   /* of the gate that asked; 0: a signal did */
};

struct daemon {
	const struct daemon_plan *plan;
	struct loop loop;
	struct member recorder;
	struct hook hook;
	struct generation generation[GENERATIONS];
	struct generation *serving;    /* the last that became ready; NULL: nothing of it is left */
	struct generation *next;       /* it starts */
	uint64_t count, last_start;    /* generations so far; when the last began */
	unsigned failed;               /* starts in a row that led to nothing */
	struct timer again;            /* starts the next one */
	struct timer tick;             /* looks again whether all is reaped */
	struct timer recorder_limit;
	int bundle;                    /* what generations are made from */
	char *bundle_path;
	struct reload reload;
	bool stopping;                 /* ends when nothing is left */
	bool ever;                     /* a generation has served */
	bool recorder_told;
	uint64_t stop_asked;           /* when */
	int code;
	pid_t before[BEFORE];          /* children that were there when we started: not ours to kill */
	unsigned nbefore;
};

void daemon_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Ends in order with this exit code (the first that is not 0 counts). now: without waiting for
 * calls. */
void daemon_stop(struct daemon *, int code, bool now);
/* Something inside failed: says so and ends at once. */
void daemon_fail(struct daemon *, const struct krux_err *err);
/* Starts to listen to a new process. */
int daemon_hear(struct daemon *, struct member *, struct krux_err *err);

/* Is this child one that the parent has started, or one that was there before. */
bool daemon_knows(void *daemon, pid_t pid);

/* ---- generations.c ---- */

/* From the bundle that is in use, or from that of a reload. */
void generations_next(struct daemon *);
/* Both of g's processes are ready: it takes over. */
void generations_ready(struct daemon *, struct generation *g);
/* Takes bundle and path; answers at once when it cannot be. */
void generations_reload(struct daemon *, const struct reload *);
/* After anything that has ended: what follows from it. */
void generations_settle(struct daemon *);

#endif
