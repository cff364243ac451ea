/* The audit log, written: segments of records, one writer, many records a commit.
 *
 *     log/%08x.seg   records back to back; the last one is open, zeros follow its records
 *     log/next       the next segment, filled with zeros ahead of its time
 *     log/reserve    room that is given back when the disk is full
 *     log/head       what was on disk last */
#ifndef KRUX_LOG_H
#define KRUX_LOG_H

#include "runtime/record/record.h"

struct carry;
struct krux_err;
struct log;

enum { LOG_SEGMENT = 64 << 20, LOG_SEGMENT_FIRST = 1 << 20 };

struct log_options {
	uint64_t segment;        /* greatest size of a segment; 0: LOG_SEGMENT */
	bool wait;               /* for another writer to end; without it, that is an error */
	bool alarm;              /* open a log that lost records, or its head, all the same: see log_alarm, log_headless */
};

/* Makes the first segment in an empty folder, with the record of its origin. */
int log_create(int dir, const char *origin, const char *engine, struct krux_err *err);

/* What log_open asks the machine for, once a process: by whoever cannot later, since it has confined itself. */
int log_ask_machine(struct krux_err *err);
/* Opens for writing: takes the lock, reads the last segment. What a crash left behind is cut off
 * and recorded. A log that lost records which were on disk is refused. options NULL: { .wait }.
 * Borrows dir and blobs; NULL with *err. */
struct log *log_open(int dir, int blobs, const struct log_options *, struct krux_err *err);
void log_close(struct log *);

/* The state as of the last record that was added; changes with every one. */
const struct carry *log_carry(const struct log *);
const uint8_t *log_epoch(const struct log *);      /* 16 bytes */
const uint8_t *log_boot(const struct log *);       /* 16 bytes */
const uint8_t *log_last(const struct log *);       /* leaf of the last record */
struct tree;
const struct tree *log_tree(const struct log *);   /* of all records that were added */

enum log_result {
	LOG_OK,
	LOG_REFUSED = -1,        /* no record, or none that follows; *err says why; nothing changed */
	LOG_FULL = -2,           /* no room but for what the reserve is kept for; nothing changed */
	LOG_FAILED = -3,         /* the system failed: what was not committed is lost */
};

struct log_added {
	uint64_t seq, wall;
	uint8_t leaf[HASH_LEN];
	struct krux_str bytes;   /* of the record, until the first log_add after a commit or write */
};

enum { LOG_PENDING = 4 << 20 };
/* Bytes that were added since the last commit or write. Beyond LOG_PENDING log_add commits first. */
size_t log_pending(const struct log *);

/* From now on a thread writes the zeros of the next segment. It has the rights that the caller has now. Without one
 * they are written with the records. Negative with *err. */
int log_zeros_start(struct log *, struct krux_err *err);

/* Adds a record: fills in seq, prev, epoch, boot and clocks, and hands it to the system no later than
 * the next commit. All that is added until then has the time of the first. `added` may be NULL. */
enum log_result log_add(struct log *, struct record *, struct log_added *added, struct krux_err *err);
/* The same of a body that record_body has decoded to r, which becomes the record and borrows as added->bytes
 * does. */
enum log_result log_add_body(struct log *, struct krux_str body, struct record *r,
                             struct log_added *added, struct krux_err *err);
/* Everything that was added is on disk when it returns LOG_OK. */
enum log_result log_commit(struct log *, struct krux_err *err);
/* Everything that was added is with the system: a crash of the program does not lose it. */
enum log_result log_write(struct log *, struct krux_err *err);
/* log_add and log_commit. */
int log_append(struct log *, struct record *, uint64_t *seq, uint8_t *leaf, struct krux_err *err);

/* After LOG_FAILED: forgets what was not committed and goes on in a new segment, which says so.
 * LOG_FAILED: that cannot be done either. The carry is another one then. */
enum log_result log_again(struct log *, struct krux_err *err);

/* Records below this number were on disk or signed, and the log ends before. 0: all is well. Else
 * nothing is taken but an operator's `acknowledged`. */
uint64_t log_alarm(const struct log *);
/* log/head is lost: whether more records were on disk than the log has is not known. Nothing is taken then but an
 * `acknowledged` whose action is "head". */
bool log_headless(const struct log *);
/* The log is known to have had this many records: a checkpoint says so. */
void log_expect(struct log *, uint64_t records);
/* Its first so many records are not those that were signed: an alarm, too. */
void log_distrust(struct log *, uint64_t records);

/* Intents that the program before left without an end. The caller knows that none of them runs any
 * more: each gets its `unknown`. Tickets whose time is over get `expired`. */
enum log_result log_settle(struct log *, uint64_t *unknown, struct krux_err *err);

/* Bytes that log_open cut off. */
uint64_t log_dropped(const struct log *);

/* The state that a carry record holds, itself or in its blob. NULL with *why. */
struct carry *log_state(int blobs, const struct record *, const char **why);

/* Nanoseconds since 1970, 0 before; since boot, suspended time included. */
uint64_t log_wall(void);
uint64_t log_mono(void);

#endif
