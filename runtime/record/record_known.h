/* What the records before were like. Most of a record says what one of its kind before it said, in the
 * same bytes: of those it is known already what they are. Nothing but equal bytes is ever taken as known. */
#ifndef KRUX_RECORD_KNOWN_H
#define KRUX_RECORD_KNOWN_H

#include "runtime/record/record.h"

/* Kinds and lengths beyond these are read the usual way. */
enum { KNOWN_KINDS = 24, KNOWN_BYTES = 1024 };

/* The fields of a record between those of its head and its check, as they were found. */
struct known {
	uint64_t checked;                    /* a record that has these and such fields is what its kind asks for; 0: of
	                                      * none is that known */
	size_t n, nbytes;
	struct known_field {
		uint16_t at, end;            /* of bytes: its key, and behind it */
		uint8_t key;
		bool borrows;
		uint16_t content;            /* of bytes, where it borrows */
		union record_field value;
	} field[AUDIT_FIELDS];
	uint8_t bytes[KNOWN_BYTES];
};

/* All zero: nothing is known. */
struct record_known {
	struct known kind[KNOWN_KINDS];
};

/* The head of a record in the form that nearly all have: what stands behind it, or NULL. Sets *count to
 * the fields that follow. */
const uint8_t *known_head_take(const uint8_t *p, const uint8_t *end, struct record *, uint64_t *count);
/* The head of a body, likewise. */
const uint8_t *known_body_take(const uint8_t *p, const uint8_t *end, struct record *, uint64_t *count);
/* The check of a record, where it stands: behind it, or NULL. */
const uint8_t *known_check_take(const uint8_t *p, const uint8_t *end, struct record *);
/* Takes fields from the i-th known one on, at most `most`, while their bytes at p are the known ones:
 * how many, and *next behind them. */
size_t known_take(const struct known *, size_t i, size_t most, const uint8_t *p, const uint8_t *end,
                  struct record *, const uint8_t **next);
/* Keeps what r has from `at` to `end`: fields that were found good, none of them one of the log's writer but,
 * as the last, the check. */
void known_keep(struct known *, const struct record *r, const uint8_t *at, const uint8_t *end);

#endif
