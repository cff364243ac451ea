/* Everything at and below an opened folder, folders before what is in them, with bounds. */
#ifndef KRUX_WALK_H
#define KRUX_WALK_H

#include "stdlib-caps/common/handler.h"

enum { WALK_DEPTH = 64, WALK_ENTRIES = 200000, WALK_PART = 10000 };

struct walk_entry {
	struct krux_str path;   /* as the agent sees it; NUL-terminated */
	struct krux_str below;  /* the part of it below the root of the walk */
	const char *name;
	int folder;             /* that holds it */
	unsigned depth;         /* 0: the root itself */
	struct stat st;
};

enum walk_next { WALK_ON, WALK_SKIP /* do not enter it */, WALK_STOP };
typedef enum walk_next walk_fn(void *ctx, const struct walk_entry *);

struct walk {
	struct handler_call *call;
	const char *field;      /* what `allows` is asked for */
	bool hidden;            /* also names with a dot in front */
	bool all;               /* nothing may be left out: what would be makes the call fail */
	unsigned max;           /* entries */
	walk_fn *visit;
	void *ctx;
	/* found */
	unsigned entries;       /* visited, without the root */
	unsigned skipped;
	bool complete;          /* the bounds did not cut it */
	bool stopped;           /* by visit */
};

/* Visits what is below `root`, an opened folder that the agent sees as `path`. False: the call
 * failed, with NotAllowed, TooLarge, AccessDenied or IoError, which without `all` only the root
 * itself can cause. */
bool walk_below(struct walk *, int root, struct krux_str path);

#endif
