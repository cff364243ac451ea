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
	struct record_field {
		uint64_t u;              /* numbers */
		struct krux_str s;       /* bytes and text; lists: the item as it is written */
	} field[AUDIT_FIELDS];
};

/* Each sets one field; text and bytes are borrowed. record_text leaves out what is empty. */
void record_set(struct record *, enum audit_field, uint64_t);
void record_str(struct record *, enum audit_field, struct krux_str);
void record_text(struct record *, enum audit_field, const char *);
void record_bytes(struct record *, enum audit_field, const void *, size_t n);
bool record_has(const struct record *, enum audit_field);

/* Deterministic bytes; 0 for a record that decode would refuse, such as one beyond cap. */
size_t record_encode(const struct record *, uint8_t *out, size_t cap);
/* The same without what the writer of the log alone sets (seq, prev, epoch, boot, wall, mono,
 * check): a record as it is asked for. Its kind's fields are not checked. */
size_t record_encode_body(const struct record *, uint8_t *out, size_t cap);
/* The record at the start of p; accepts only what encode writes. Borrows from p. *used is its
 * length. False with *why and the offset of what is wrong in *used. */
bool record_decode(const uint8_t *p, size_t n, struct record *, size_t *used, const char **why);
/* Are the bytes inside args and result canonical too. */
bool record_check_values(const struct record *, const char **why);
/* leaf = SHA-256(0x00 || record) */
void record_leaf(const uint8_t *p, size_t n, uint8_t leaf[static HASH_LEN]);

const char *record_kind_word(uint64_t kind);   /* NULL: no such kind */
const char *record_field_word(enum audit_field);
const char *record_field_schema(enum audit_field);  /* NULL: no such field */

#endif
