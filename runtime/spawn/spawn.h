/* How a call of a handler ended, from what is seen of its child. */
#ifndef KRUX_SPAWN_H
#define KRUX_SPAWN_H

#include "capspec/krux_abi.h"
#include "capspec/usage.h"
#include "capspec/value.h"

struct krux_capability;
struct krux_err;

/* For effects over `tree f prunes`: does the policy allow the same request with the field `f`
 * holding this canonical path. Pure: reads frozen facts, so it works in the forked child. */
typedef bool spawn_allows_fn(void *ctx, struct krux_str field, struct krux_str path);

enum spawn_end {
	SPAWN_UNKNOWN,    /* it ran and how it ended is not known: recorded so, never run again */
	SPAWN_DONE,       /* output holds the answer */
	SPAWN_ERROR,      /* the handler failed with one of the capability's errors */
	SPAWN_KILLED,     /* ended by a limit or a signal: why says which */
	SPAWN_BROKEN,     /* it ended by itself without a well-formed answer: why says what was wrong */
};

enum { SPAWN_MAX_LAYERS = 20 };

struct spawn_result {
	enum spawn_end end;
	struct krux_value output;            /* DONE: canonical value of the output type, in the pool */
	struct krux_str changes;             /* DONE: of a command, what waits to be approved, in the pool; n 0: nothing */
	struct krux_value recorded;          /* the same for the record, without what are secrets */
	struct krux_str error;               /* ERROR: name, as the capability declares it */
	struct krux_str message;             /* ERROR: a sentence about this very case; n 0: none */
	struct krux_str recorded_message;    /* the same for the record */
	char why[256];                       /* KILLED: "wall 5s", "signal 11", ...; BROKEN */
	/* What was really on: "namespaces.user", "landlock.7", "seccomp", "rlimits", ... constant
	 * strings or strings in the pool. */
	const char *layer[SPAWN_MAX_LAYERS];
	unsigned nlayers;
	uint64_t cpu_ns, wall_ns, rss_bytes; /* used by the child */
	struct call_used used;               /* by all of the call's processes */
};

/* How a child ended to what is told of its call; frees the answer. -1 with *err: nothing ran. The pool takes what
 * *out points at. */
struct child_end;
int spawn_ended(const struct krux_capability *, struct child_end *, struct krux_pool *, struct spawn_result *out,
                struct krux_err *err);

#endif
