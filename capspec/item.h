/* Items of deterministic CBOR, one at a time, without memory: what records are written with and
 * strictly read with. */
#ifndef KRUX_ITEM_H
#define KRUX_ITEM_H

#include "capspec/value.h"

#include <endian.h>
#include <string.h>

enum item_major {
	ITEM_UINT = 0, ITEM_BYTES = 2, ITEM_TEXT = 3, ITEM_LIST = 4, ITEM_MAP = 5, ITEM_SIMPLE = 7
};
enum item_simple { ITEM_FALSE = 20, ITEM_TRUE = 21 };

struct item_out {
	uint8_t *p;
	size_t cap, n;          /* n > cap: it did not fit, and is the length needed */
};

void item_head_more(struct item_out *, enum item_major, uint64_t);

/* Most are one byte, with room for it. */
static inline void item_head(struct item_out *o, enum item_major major, uint64_t v)
{
	if (v < 24 && o->n < o->cap)
		o->p[o->n++] = (uint8_t)((unsigned)major << 5 | (unsigned)v);
	else
		item_head_more(o, major, v);
}

void item_str(struct item_out *, enum item_major, struct krux_str);
void item_text(struct item_out *, const char *);
void item_raw(struct item_out *, struct krux_str);

struct item_in {
	const uint8_t *p, *end;
	const char *why;        /* set by the refusing call: a constant sentence */
};

/* A head and the place behind it, in two registers; next NULL: refused, with in->why and in->p. */
struct item_at {
	const uint8_t *next;
	uint64_t v;
};
struct item_at item_head_long(const uint8_t *p, enum item_major, struct item_in *in);

static const uint64_t item_least[4] = { 24, 1ull << 8, 1ull << 16, 1ull << 32 };

/* The head at p, in shortest form. */
static inline struct item_at item_head_take(const uint8_t *p, enum item_major major, struct item_in *in)
{
	unsigned info;
	uint64_t v;

	if (in->end - p < 9)
		return item_head_long(p, major, in);
	info = (unsigned)*p - ((unsigned)major << 5);
	if (info < 24)
		return (struct item_at){ p + 1, info };
	if (info == 24 && p[1] >= 24)
		return (struct item_at){ p + 2, p[1] };
	if (info > 27)
		return item_head_long(p, major, in);
	/* 2, 4 or 8 bytes, and no more than it needs. */
	memcpy(&v, p + 1, sizeof v);
	v = be64toh(v) >> (64 - (8u << (info - 24)));
	if (v < item_least[info - 24])
		return item_head_long(p, major, in);
	return (struct item_at){ p + 1 + (1u << (info - 24)), v };
}

bool item_take(struct item_in *, enum item_major, uint64_t *);
/* A byte or text string, text valid UTF-8; borrows. */
bool item_take_str(struct item_in *, enum item_major, struct krux_str *);
/* Text at p: the place behind it, or NULL with in->why and in->p. */
const uint8_t *item_text_take(const uint8_t *p, struct krux_str *, struct item_in *in);
/* Passes over one item of a schema of capspec/audit.def; *schema moves behind its own. */
bool item_check(struct item_in *, const char **schema);
/* The same at p: behind it, or NULL with in->why and in->p. */
const uint8_t *item_check_at(const uint8_t *p, const char *schema, struct item_in *in);
/* Length of the well-formed item at p, whatever it is; 0: there is none within n bytes. */
size_t item_length(const uint8_t *p, size_t n);

#endif
