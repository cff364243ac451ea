/* All records of a log in order, segment after segment, while it may be written. Nothing is compared
 * but records with their own checks. */
#ifndef KRUX_READER_H
#define KRUX_READER_H

#include "runtime/record/scan.h"

struct krux_err;
struct reader;

/* From the first record of this segment on; 0: of the log. Borrows dir. NULL with *err. */
struct reader *reader_open(int dir, uint64_t segment, struct krux_err *err);
void reader_close(struct reader *);
/* END: there is nothing more yet; asked again later, it goes on. BAD: passed over with
 * reader_resync; what may only be unfinished is END until then. */
enum scan_step reader_next(struct reader *, struct scan_item *, struct krux_err *err);
int reader_resync(struct reader *, struct scan_item *, struct krux_err *err);
uint64_t reader_segment(const struct reader *);

/* Each record of a log; what is no record is an error. Negative stops. */
typedef int reader_each_fn(void *ctx, const struct scan_item *, struct krux_err *err);
int reader_each(int dir, reader_each_fn *each, void *ctx, struct krux_err *err);

#endif
