/* What was on disk last: the file log/head beside the segments. It tells a log that was cut
 * short, or whose last record was changed, from one that a crash left behind. It protects
 * against accidents; whoever can write the folder can write it too. */
#ifndef KRUX_HEAD_H
#define KRUX_HEAD_H

#include "runtime/record/record.h"

struct krux_err;

enum { HEAD_SLOTS = 2 };

struct head {
	uint64_t count;              /* records */
	uint64_t segment;            /* number of the open one */
	uint64_t bytes;              /* of its records */
	uint8_t leaf[HASH_LEN];      /* of the last */
};

/* The greater of the slots that are whole. How many are: HEAD_SLOTS, but for what a crash or damage leaves; 0: none, or there is no
 * such file. -1 with *err. */
int head_read(int logdir, struct head *, struct krux_err *err);
/* Writes one slot in place; the other keeps the state before. */
int head_write(int fd, const struct head *, struct krux_err *err);
/* The same into each slot that is not whole. */
int head_mend(int fd, const struct head *, struct krux_err *err);
/* Opens it for writing; `create` makes it first. */
int head_open(int logdir, bool create, struct krux_err *err);

#endif
