/* Looks at files in a child of its own, so that no size and no file system makes anybody else wait. */
#ifndef KRUX_LOOKING_H
#define KRUX_LOOKING_H

#include "runtime/base/loop.h"
#include "runtime/spawn/look.h"

#include <sys/types.h>

enum { LOOKING_MOST = 8 };

struct looking {
	struct loop *loop;
	struct watch said;
	struct timer late;
	bool on;
	pid_t pid;
	uint64_t cookie;
	uint8_t item[LOOK_ITEM];
	size_t n;
	/* Called once: the field `shown`, a text that says why it could not be found out, or n 0 when nothing is known. */
	void (*done)(void *ctx, uint64_t cookie, const uint8_t *item, size_t n);
	void *ctx;
};

/* The body of a message LOOK, which only the child reads; workspace is the opened folder, whose owner the child
 * becomes. */
int looking_start(struct looking *, int workspace, const uint8_t *body, size_t n, struct krux_err *err);
void looking_stop(struct looking *);

#endif
