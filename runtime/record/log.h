/* The audit log, written: one file, one writer, every record on disk before append returns. */
#ifndef KRUX_LOG_H
#define KRUX_LOG_H

#include "runtime/record/record.h"

struct krux_err;
struct log;

#define LOG_FILE "00000000.seg"

/* Makes log file and head in an empty folder, with the record of its origin. */
int log_create(int dir, const char *origin, const char *engine, struct krux_err *err);

/* Each record of the log in order, checked against the chain; borrows. Negative stops. */
typedef int log_each_fn(void *ctx, const struct record *, struct krux_err *err);

/* Opens for writing: waits for the lock, reads and checks it all. What a crash left behind is
 * put right and recorded: a torn end is cut off, intents without an end become unknown. A log
 * that is damaged in any other way is refused. Borrows dir; NULL with *err. */
struct log *log_open(int dir, log_each_fn *each, void *ctx, struct krux_err *err);
void log_close(struct log *);

/* Fills in seq, prev, epoch, boot and clocks, writes, and waits until it is on disk. seq and
 * leaf may be NULL. After a failure nothing can be appended any more. */
int log_append(struct log *, struct record *, uint64_t *seq, uint8_t *leaf, struct krux_err *err);

/* What log_open had to put right. */
struct log_repair {
	uint64_t dropped;        /* bytes cut off */
	uint64_t unknown;        /* intents whose end is not known */
};
struct log_repair log_repaired(const struct log *);

/* Nanoseconds since 1970; 0 before. */
uint64_t log_wall(void);

#endif
