/* Files of records: log/%08x.seg. Sealed ones end with their last record; in the open one zeros
 * follow it, which were on disk before, so that writing a record changes no metadata. */
#ifndef KRUX_SEGMENT_H
#define KRUX_SEGMENT_H

#include "runtime/record/record.h"

struct krux_err;
struct zeros;

enum { SEGMENT_NAME = 13 };

/* "0000001f.seg" */
void segment_name(uint64_t number, char out[static SEGMENT_NAME]);
/* The greatest number of a segment in the folder. 1: found, 0: there is none; -1 with *err. */
int segment_last(int dir, uint64_t *number, struct krux_err *err);
int segment_open(int dir, uint64_t number, int flags, struct krux_err *err);

/* n bytes at `at`, all of them. */
int segment_write(int fd, const void *p, size_t n, uint64_t at, struct krux_err *err);
/* What was written there is on its way to the disk: it is waited for elsewhere, and errors are found there. */
void segment_send(int fd, uint64_t at, uint64_t n);
/* Zeros from `at` to, not with, `end`. */
int segment_zero(int fd, uint64_t at, uint64_t end, struct krux_err *err);
/* The first offset from `at` on that is in no hole of the file, which reads as zeros; size: all are. */
uint64_t segment_data(int fd, uint64_t at, uint64_t size);
/* Offset behind the last byte from `from` on that is not zero; `from`: all are. */
int segment_content(int fd, uint64_t from, uint64_t size, uint64_t *end, struct krux_err *err);
/* SHA-256 of a part of a file. */
int segment_hash(int fd, uint64_t from, uint64_t n, uint8_t out[static HASH_LEN], struct krux_err *err);

/* A segment that is made ahead of its time, as log/next. */
struct segment_next {
	int fd;                  /* -1: none yet */
	uint64_t size, done;     /* zeros written so far */
	uint64_t sent;           /* of those, on their way to the disk */
	struct zeros *zeros;     /* who writes them; NULL: the caller */
};
/* Begins one; takes its room on the disk. */
int segment_next_begin(int dir, struct segment_next *, uint64_t size, struct krux_err *err);
/* Writes up to n more zeros, and now and then sends them; or has them written. */
int segment_next_fill(struct segment_next *, uint64_t n, struct krux_err *err);
/* The rest of it; it is on disk and has its name. Returns the descriptor, which is the caller's. */
int segment_next_end(int dir, struct segment_next *, uint64_t number, struct krux_err *err);
void segment_next_drop(int dir, struct segment_next *);

#endif
