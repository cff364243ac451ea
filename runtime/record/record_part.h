/* What encoding, decoding and checking records share. */
#ifndef KRUX_RECORD_PART_H
#define KRUX_RECORD_PART_H

#include "runtime/record/record.h"

/* Every record has these. */
#define RECORD_BIT(id) (1ull << AUDIT_##id)
#define RECORD_OWN (RECORD_BIT(SEQ) | RECORD_BIT(PREV) | RECORD_BIT(KIND) | RECORD_BIT(EPOCH) | RECORD_BIT(BOOT) | \
	            RECORD_BIT(WALL) | RECORD_BIT(MONO) | RECORD_BIT(CHECK))

struct record_field_row {
	const char *word, *schema;           /* NULL: no such field */
};
extern const struct record_field_row record_fields[AUDIT_FIELDS];

static inline bool record_is_number(char schema)
{
	return schema == 'u' || schema == 'v' || schema == 'k';
}

/* Fields that hold numbers; the others borrow their bytes. A constant, once it is compiled. */
static inline uint64_t record_numbers(void)
{
	uint64_t which = 0;

#define AUDIT_FIELD(id, key, word, schema) which |= (uint64_t)record_is_number((schema)[0]) << (key);
#include "capspec/audit.def"
	return which;
}

/* RECORD_CHECK bytes, behind a key of two and a head of one. */
enum { RECORD_CHECK = 4, RECORD_CHECK_WHOLE = RECORD_CHECK + 3 };
void record_check(const uint8_t *p, size_t n, uint8_t out[static RECORD_CHECK]);
/* Fields in which record_kind_check looks at nothing but whether they are there. */
#define RECORD_FREE ((RECORD_OWN & ~RECORD_BIT(KIND)) | RECORD_BIT(ABOUT) | RECORD_BIT(UID) | RECORD_BIT(VERSION) | \
	             RECORD_BIT(ARGS) | RECORD_BIT(BUNDLE) | RECORD_BIT(NONCE) | RECORD_BIT(RESULT) | RECORD_BIT(USAGE) | \
	             RECORD_BIT(TICKET) | RECORD_BIT(INPUT) | RECORD_BIT(CONNECTION))
/* What the kind says of its fields; NULL: all is well. `own` are those that every record has. */
const char *record_kind_check(const struct record *, uint64_t own);

#endif
