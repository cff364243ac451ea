/* Zeros that are written ahead of the records by a thread of their own, so that no commit waits for them. It sees a
 * descriptor and numbers, and nothing of the log. */
#ifndef KRUX_ZEROS_H
#define KRUX_ZEROS_H

#include <stdbool.h>
#include <stdint.h>

struct krux_err;
struct zeros;

/* Starts the thread, which has what this one has: a process gives up its rights before. NULL with *err. */
struct zeros *zeros_start(struct krux_err *err);
/* Ends it. */
void zeros_end(struct zeros *);

/* From offset 0 of this file on, of `size` bytes in all, as they are wanted. The descriptor is borrowed until
 * zeros_take. */
void zeros_begin(struct zeros *, int fd, uint64_t size);
/* n more of them are wanted, soon. False: the file took no more. */
bool zeros_want(struct zeros *, uint64_t n);
/* The thread lets go of the file. How many there are. */
uint64_t zeros_take(struct zeros *);

#endif
