/* Reads a segment from its beginning, record by record, in bounded memory. */
#ifndef KRUX_SCAN_H
#define KRUX_SCAN_H

#include "runtime/record/record.h"

struct krux_err;
struct scan;

enum scan_step {
	SCAN_FAILED = -1,     /* the system: *err is filled */
	SCAN_END,             /* the file ends here */
	SCAN_RECORD,
	SCAN_BAD,             /* what stands here is no record: why; the scan does not move */
	SCAN_STEPS
};

struct scan_item {
	uint64_t at, length;         /* bytes of the file; BAD: all that is left or was skipped */
	const struct record *record; /* RECORD: until the next step */
	struct krux_str bytes;       /* of it */
	uint8_t leaf[HASH_LEN];      /* RECORD */
	const char *why;             /* BAD */
	uint64_t why_at;             /* BAD: where exactly */
};

/* Borrows fd, a regular file; reads up to offset `end` of it. NULL with *err. */
struct scan *scan_new(int fd, uint64_t end, struct krux_err *err);
void scan_free(struct scan *);
enum scan_step scan_next(struct scan *, struct scan_item *, struct krux_err *err);
/* After BAD: goes to the next place where a record stands, or to the end; item->length is the
 * number of bytes passed over. Negative with *err. */
int scan_resync(struct scan *, struct scan_item *, struct krux_err *err);
uint64_t scan_at(const struct scan *);
/* Does not compare records with their own checks: the caller compares the hash that the next one
 * names, and asks at the end whether the last one adds up. */
void scan_trust(struct scan *, bool);
bool scan_last_adds_up(const struct scan *);
/* Goes on from here up to this offset; what stood here may have changed. */
void scan_extend(struct scan *, uint64_t end);
/* The same where from `end` on there are only zeros. The check of a record may end in zeros: those are read
 * with it, though they stand there. */
void scan_zeros(struct scan *, uint64_t end);

#endif
