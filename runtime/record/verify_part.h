/* One segment, checked by itself. */
#ifndef KRUX_VERIFY_PART_H
#define KRUX_VERIFY_PART_H

#include "runtime/base/err.h"
#include "runtime/record/head.h"
#include "runtime/record/verify.h"

#include <stdatomic.h>

struct carry;
struct scan_item;

enum { FINDINGS_KEPT = 1000 };

/* What all parts have in common. */
struct verify {
	int dir, blobs;
	const struct verify_options *options;
	struct head head;
	bool has_head, live;
	unsigned slots;                      /* of the head that are whole */
	uint64_t last;                       /* number of the last segment */
	struct part *part;                   /* last + 1 of them */
	struct part **order;                 /* in which they are checked */
	_Atomic uint64_t taken, done;        /* parts begun, bytes read */
	uint64_t total;
};

struct part {
	struct verify *all;
	uint64_t number, size;               /* bytes of it that hold something */
	bool absent;                         /* there is no such file */
	struct verify_report r;              /* of this segment alone */
	/* Of its first record. */
	bool has_first;
	uint64_t first_seq, first_at, first_length, first_wall, first_mono;
	uint8_t first_prev[HASH_LEN], first_boot[16];
	bool has_state;                      /* that is a carry record, and this is what it holds */
	uint8_t *state;
	size_t nstate;
	/* As of its last record. */
	struct carry *carry;                 /* NULL: not known */
	bool damaged;                        /* records are missing or changed: carry is not right */
	uint64_t next;
	bool gap;                            /* unreadable bytes were passed over since the record before */
	uint64_t at, length, wall, mono;
	uint8_t boot[16];
	struct krux_err err;
	bool failed;
};

/* Checks it. start: the state it begins with, which it takes, where its own record does not tell.
 * part->failed with part->err where the system failed. */
void part_check(struct part *, struct carry *start);
void part_free(struct part *);

void part_find(struct part *, enum finding_kind, uint64_t seq, uint64_t at, uint64_t length,
               const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* The clocks of a record against those of the one before. */
struct moment {
	uint64_t wall, mono;
	const uint8_t *boot;
};
void part_clocks(struct part *, uint64_t seq, uint64_t at, uint64_t length, const struct moment *before,
                 const struct moment *now);

/* What one record says: references, state, blobs, signatures. */
void part_record(struct part *, const struct scan_item *);

#endif
