/* Literals of source files to canonical values. */
#ifndef KRUX_LITERAL_H
#define KRUX_LITERAL_H

#include "compiler/model/model.h"

/* Why a literal is no value of a type, and which part of it. */
struct literal_fault {
	struct span at;
	struct krux_str text;        /* "within 1..5, is 7"; with the place inside a record */
	struct krux_str expected;
};

/* The value that a literal writes, not yet canonical. */
bool literal_value(struct arena *, const struct krux_type *, const struct literal *,
                   struct krux_value *out, struct literal_fault *);
/* The canonical value of the type. */
bool literal_canon(struct arena *, const struct krux_type *, const struct literal *,
                   struct krux_value *out, struct literal_fault *);
/* A whole number of a value. */
krux_i128 value_number(const struct krux_value *);
/* Counts, bounds, sizes: a literal of 0..2^64-1 with KiB, MiB, GiB. */
bool literal_count(struct arena *, const struct literal *, uint64_t *out, struct literal_fault *);
/* The place of a byte of a string; the whole literal where escapes moved it. */
struct span literal_byte(const struct literal *, size_t at);
/* "09:30", "23:59:59" to seconds. */
bool time_read(struct krux_str, uint32_t *out);
/* "an address", "a list". */
const char *literal_words(enum literal_kind);

#endif
