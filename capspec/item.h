/* Items of deterministic CBOR, one at a time, without memory: what records are written with and
 * strictly read with. */
#ifndef KRUX_ITEM_H
#define KRUX_ITEM_H

#include "capspec/value.h"

enum item_major {
	ITEM_UINT = 0, ITEM_BYTES = 2, ITEM_TEXT = 3, ITEM_LIST = 4, ITEM_MAP = 5, ITEM_SIMPLE = 7
};
enum item_simple { ITEM_FALSE = 20, ITEM_TRUE = 21 };

struct item_out {
	uint8_t *p;
	size_t cap, n;          /* n > cap: it did not fit, and is the length needed */
};

void item_head(struct item_out *, enum item_major, uint64_t);
void item_str(struct item_out *, enum item_major, struct krux_str);
void item_text(struct item_out *, const char *);
void item_raw(struct item_out *, struct krux_str);

struct item_in {
	const uint8_t *p, *end;
	const char *why;        /* set by the refusing call: a constant sentence */
};

/* The head of an item of this type, in shortest form. */
bool item_take(struct item_in *, enum item_major, uint64_t *);
/* A byte or text string, text valid UTF-8; borrows. */
bool item_take_str(struct item_in *, enum item_major, struct krux_str *);
/* Passes over one item of a schema of capspec/audit.def; *schema moves behind its own. */
bool item_check(struct item_in *, const char **schema);
/* Length of the well-formed item at p, whatever it is; 0: there is none within n bytes. */
size_t item_length(const uint8_t *p, size_t n);

#endif
