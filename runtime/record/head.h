/* What was on disk last: the file log/head beside the segments. It tells a log that was cut
 * short, or whose last record was changed, from one that a crash left behind. It protects
 * against accidents; whoever can write the folder can write it too. */
#ifndef KRUX_HEAD_H
#define KRUX_HEAD_H

#include "runtime/record/record.h"

struct krux_err;

struct head {
	uint64_t count;              /* records */
	uint64_t segment;            /* number of the open one */
	uint64_t bytes;              /* of its records */
	uint8_t leaf[HASH_LEN];      /* of the last */
};

/* The greater of the two slots that are whole. 1: found, 0: neither is, or there is no such
 * file; -1 with *err. */
int head_read(int logdir, struct head *, struct krux_err *err);
/* Writes one slot in place; the other keeps the state before. */
int head_write(int fd, const struct head *, struct krux_err *err);
/* Opens it for writing; `create` makes it first. */
int head_open(int logdir, bool create, struct krux_err *err);

#endif
