/* A place in the log by the number of a record. */
#ifndef KRUX_READER_AT_H
#define KRUX_READER_AT_H

#include "runtime/record/reader.h"

/* A reader that stands behind record `seq`, which is in *item; only the segment that holds it is read.
 * NULL with *err; err->no is 0 when there is no such record. */
struct reader *reader_at(int log, uint64_t seq, struct scan_item *item, struct krux_err *err);

#endif
