/* Values: what JSON, CBOR and literals of source files have in common.
 *
 * A value is a tree in caller-provided memory. krux_canon() (canon.h) turns a
 * value as somebody wrote it into the one canonical value of a type; only
 * canonical values are encoded, decided and logged. */
#ifndef KRUX_VALUE_H
#define KRUX_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes that somebody else owns; not NUL-terminated. */
struct krux_str {
	const char *p;
	size_t n;
};
#define KRUX_STR(lit) ((struct krux_str){ (lit), sizeof(lit) - 1 })

enum krux_vkind {
	KRUX_V_NULL,
	KRUX_V_BOOL,
	KRUX_V_UINT,    /* u */
	KRUX_V_NINT,    /* -1 - u, as CBOR major type 1 */
	KRUX_V_BYTES,   /* str */
	KRUX_V_TEXT,    /* str, valid UTF-8; enum names and identifiers too */
	KRUX_V_LIST,    /* list */
	KRUX_V_MAP,     /* map, in the order written; canonical: sorted by encoding */
	KRUX_V_NUMBER,  /* str: a number or unit literal nobody has read yet ("1.50", "5s",
	                   "10KiB"); in the input of krux_canon only */
	KRUX_V_UMAP,    /* map whose CBOR keys are unsigned: each key is its decimal text */
};

struct krux_value {
	enum krux_vkind kind;
	union {
		bool b;
		uint64_t u;
		struct krux_str str;
		struct {
			const struct krux_value *item;
			size_t n;
		} list;
		struct {
			const struct krux_member *member;
			size_t n;
		} map;
	};
};

struct krux_member {
	struct krux_str key;
	struct krux_value value;
};

/* Memory for values: blocks that are freed together. */
struct krux_pool;
struct krux_pool *krux_pool_new(size_t limit);  /* limit in bytes, 0: none; NULL: no memory */
void krux_pool_free(struct krux_pool *);
/* Zeroed, aligned to 16; NULL beyond the limit. */
void *krux_pool_get(struct krux_pool *, size_t n);
/* Takes back all that was given out, and keeps a block for what comes next: where that is as much
 * as before, no memory is asked for. */
void krux_pool_reset(struct krux_pool *);
size_t krux_pool_room(const struct krux_pool *);   /* bytes left below the limit */
char *krux_pool_copy(struct krux_pool *, const void *p, size_t n); /* adds a NUL */

bool krux_str_eq(struct krux_str, struct krux_str);
/* Does it begin with word; then past that. */
bool krux_str_skip(struct krux_str *, const char *word);
/* Same kind and content; members of maps in the same order, as canonical ones are. */
bool krux_value_eq(const struct krux_value *, const struct krux_value *);
/* What size() says of it: bytes, elements or members; 0 of what has no size. */
uint64_t krux_value_size(const struct krux_value *);
/* The member of that name, or NULL. */
const struct krux_value *krux_value_get(const struct krux_value *map, const char *key);
/* Order of map keys by their encoding: shorter first, then bytewise. */
int krux_key_cmp(struct krux_str, struct krux_str);
/* Sorts so; a key that occurs twice, or NULL. */
const struct krux_str *krux_members_sort(struct krux_member *, size_t n);

/* Why an input was refused: one sentence, and where in the value ("entries[3].path"). */
struct krux_refusal {
	char where[128];
	char why[256];
};

/* Fills it, cutting what is too long; refusal may be NULL. Always false. */
bool krux_refuse(struct krux_refusal *, const char *where, const char *why);
#ifdef __clang_analyzer__   /* sees one file at a time */
#define krux_refuse(...) (krux_refuse(__VA_ARGS__), false)
#endif

/* Strict JSON (RFC 8259): UTF-8, no duplicate keys, no NUL in strings, depth 64. Numbers
 * stay KRUX_V_NUMBER with their text. The value borrows from text. False with *refusal
 * filled (where = "line:col"). */
bool krux_json_read(struct krux_pool *, struct krux_str text, struct krux_value *out,
                    struct krux_refusal *refusal);
/* Canonical JSON text of a value: members in their order, no spaces, control and non-ASCII
 * bidirectional characters escaped; bytes as base64. Length written, or the length needed
 * when that is more than cap. */
size_t krux_json_write(const struct krux_value *, char *buf, size_t cap);

/* Deterministic CBOR (RFC 8949 section 4.2.1), the subset of capspec/wire.cddl: unsigned,
 * negative, bytes, text, array, map with text or with unsigned keys, false, true, null; depth
 * 64. read refuses whatever write would not have written, and borrows from its input. write
 * sorts maps; the length written, or needed when that is more than cap; 0 for a value that has
 * no encoding (NUMBER, a key twice, too deep). */
size_t krux_cbor_write(const struct krux_value *, uint8_t *buf, size_t cap);
bool krux_cbor_read(struct krux_pool *, const uint8_t *p, size_t n, struct krux_value *out,
                    struct krux_refusal *refusal);
/* Would read take these bytes; needs no memory. */
bool krux_cbor_valid(const uint8_t *p, size_t n);

#endif
