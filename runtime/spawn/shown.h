/* What a program wrote, as text. */
#ifndef KRUX_SHOWN_H
#define KRUX_SHOWN_H

#include "capspec/value.h"

#include <stdbool.h>

/* Whole characters, U+FFFD for what is none and for NUL, at most `most` bytes; *cut is set where that is less. p NULL:
 * out of memory. */
struct krux_str shown_text(struct krux_pool *, const char *p, size_t n, size_t most, bool *cut);
/* Bytes at the end that may be the beginning of a character whose rest is still to come, at most 3. */
size_t shown_begun(const char *p, size_t n);

#endif
