/* What writing and opening a log share. */
#ifndef KRUX_LOG_PART_H
#define KRUX_LOG_PART_H

#include "runtime/record/head.h"
#include "runtime/record/log.h"
#include "runtime/record/segment.h"

#include <stdbool.h>

/* Behind so many bytes of it the next segment begins; RESERVE is what log/reserve holds, SMALL the
 * size of a segment that is made of it. UNSYNCED: the most that is written before it is waited for; SEND: the least
 * that is worth to be sent before that. */
enum { LOG_MARGIN = 64 << 10, LOG_RESERVE = 1 << 20, LOG_SMALL = 512 << 10,
       LOG_UNSYNCED = 16 << 20, LOG_SEND = 64 << 10 };
#define LOG_RESERVE_FILE "reserve"

struct log {
	int dir, blobs;                  /* borrowed */
	int fd, head_fd;                 /* the open segment; log/head, which holds the lock */
	struct log_options options;
	uint8_t epoch[16], boot[16];
	struct record_moment moment;     /* of the records in buf */
	uint64_t segment, size;          /* number of the open one, and up to where it holds zeros */
	uint64_t at;                     /* bytes of it that the system has */
	uint64_t unsynced;               /* of those, bytes that may not be on disk */
	uint64_t next;                   /* seq of the next record */
	uint8_t leaf[HASH_LEN];          /* of the last one added */
	struct head last;                /* what is on disk */
	struct carry *carry;
	uint8_t *buf;                    /* records added since the last commit or write, or before it */
	size_t nbuf, given;              /* of those bytes, the system has the first so many */
	bool adding;                     /* since: the next one stands behind them, not in their place */
	struct segment_next ahead;
	bool failed, full;
	bool cut;                        /* the open segment ends with what is no record yet */
	bool headless;                   /* log/head is lost, and nobody has acknowledged it yet */
	uint64_t alarm, expected;
	uint64_t dropped;
	uint64_t retry;                  /* mono: when room is looked for again */
};

/* Records that the log writes of itself. */
enum log_result log_say(struct log *, enum audit_kind, const char *why, struct krux_err *err);
/* Seals the open segment and begins the next with the state so far; on disk when it returns. */
enum log_result log_rotate(struct log *, struct krux_err *err);
/* A new segment of this number, its records still to come. */
enum log_result log_begin(struct log *, uint64_t number, struct krux_err *err);
/* All that is in buf goes to the system. */
enum log_result log_give(struct log *, struct krux_err *err);
/* Cuts off what follows the last record, begins a segment, and says so. */
enum log_result log_cut(struct log *, struct krux_err *err);
enum log_result log_fail(struct log *);
/* Makes the reserve where it is missing. */
int log_reserve(struct log *, struct krux_err *err);

#endif
