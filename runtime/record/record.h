/* One entry of the audit log: fields of capspec/audit.def to bytes and back. */
#ifndef KRUX_RECORD_H
#define KRUX_RECORD_H

#include "capspec/value.h"

enum { RECORD_MAX = 65535, HASH_LEN = 32 };

enum audit_field {
#define AUDIT_FIELD(id, key, word, schema) AUDIT_##id = key,
#include "capspec/audit.def"
	AUDIT_FIELDS
};

enum audit_kind {
#define AUDIT_KIND(id, number, word, required, optional) AUDIT_KIND_##id = number,
#include "capspec/audit.def"
};

/* How an agent is known: by the operator who owns the state folder, by a signed challenge, by a
 * secret, by the kernel. */
enum audit_auth { AUDIT_AUTH_CLAIMED, AUDIT_AUTH_KEY, AUDIT_AUTH_TOKEN, AUDIT_AUTH_PEER };

struct record {
	uint64_t have;                   /* bit k: the field of key k is there */
	union record_field {
		uint64_t u;              /* numbers */
		struct krux_str s;       /* bytes and text; lists: the item as it is written */
	} field[AUDIT_FIELDS];           /* unset where it is not there */
};

/* Each sets one field; text and bytes are borrowed. record_text leaves out what is empty. */
void record_set(struct record *, enum audit_field, uint64_t);
void record_str(struct record *, enum audit_field, struct krux_str);
void record_text(struct record *, enum audit_field, const char *);
void record_bytes(struct record *, enum audit_field, const void *, size_t n);
static inline bool record_has(const struct record *r, enum audit_field f)
{
	return r->have >> f & 1;
}

/* Deterministic bytes; 0 for a record that decode would refuse, such as one beyond cap. */
size_t record_encode(const struct record *, uint8_t *out, size_t cap);
/* The record at the start of p; accepts only what encode writes. Borrows from p. *used is its
 * length. False with *why and the offset of what is wrong in *used. */
bool record_decode(const uint8_t *p, size_t n, struct record *, size_t *used, const char **why);
/* The same but for its check, which record_add_up compares; what it finds is remembered for the next one,
 * unless that is NULL. */
struct record_known;
bool record_decode_known(const uint8_t *p, size_t n, struct record_known *, struct record *, size_t *used,
                         const char **why);
/* Its form alone, without its check and what is inside of fields: for who compares its hash with what
 * was written. What this has remembered is for it alone. */
bool record_decode_hashed(const uint8_t *p, size_t n, struct record_known *, struct record *, size_t *used,
                          const char **why);
/* The first of n decoded records, at most RECORD_MANY, that does not add up to its own check; n: all do. */
enum { RECORD_MANY = 16 };
size_t record_add_up(const struct krux_str *bytes, size_t n);
extern const char record_adds_not_up[];

/* A body is a record as it is asked for: without what the writer of the log alone sets (seq, prev,
 * epoch, boot, wall, mono, check). Its kind's fields are not checked; 0: it does not fit. */
size_t record_encode_body(const struct record *, uint8_t *out, size_t cap);
/* All n bytes are a body of which record_whole would make a record. Borrows. False with *why. */
bool record_body(const uint8_t *p, size_t n, struct record *, const char **why);
/* The same; what it finds is remembered for the next one. What this has remembered is for it alone. */
bool record_body_known(const uint8_t *p, size_t n, struct record_known *, struct record *, const char **why);

/* When records are written and by whom, as bytes of them: written out once for all that come together. */
struct record_moment {
	uint64_t wall, mono;
	uint8_t n, bytes[4 * 2 + 2 * 16 + 2 * 8];
};
/* epoch, boot: 16 bytes each */
void record_moment(struct record_moment *, const uint8_t *epoch, const uint8_t *boot, uint64_t wall, uint64_t mono);

struct record_head {
	uint64_t seq;
	const uint8_t *prev;             /* HASH_LEN bytes */
	const struct record_moment *moment;
};
/* A body that record_body has taken, as r, and what its writer sets, to the record; r then is that
 * record, and borrows from out. Its length, at most n + RECORD_HEAD; 0: it is beyond cap or too long. */
enum { RECORD_HEAD = 160 };
size_t record_whole(const struct record_head *, const uint8_t *body, size_t n, struct record *r,
                    uint8_t *out, size_t cap);
/* leaf = SHA-256(0x00 || record) */
void record_leaf(const uint8_t *p, size_t n, uint8_t leaf[static HASH_LEN]);
/* Of n records at once, which takes about half as long. */
void record_leaves(const struct krux_str *record, size_t n, uint8_t (*leaf)[HASH_LEN]);

const char *record_kind_word(uint64_t kind);   /* NULL: no such kind */
const char *record_field_word(enum audit_field);
const char *record_field_schema(enum audit_field);  /* NULL: no such field */

#endif
