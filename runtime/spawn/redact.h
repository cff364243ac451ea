/* Values with secrets in them to values without, for the record. */
#ifndef KRUX_REDACT_H
#define KRUX_REDACT_H

#include "capspec/value.h"

/* What stands in a record in place of a secret. */
#define REDACTED "[secret]"

/* Copies s with every occurrence of a secret replaced; of overlapping ones the first, and the longest
 * there. Where there is none, *out is s itself. A secret of no bytes is none. False: no memory. */
bool redact_str(struct krux_pool *, const struct krux_str *secret, size_t n, struct krux_str s,
                struct krux_str *out);
/* The same for all text and bytes in a value, keys of maps too. Two keys that become the same are told
 * apart by a number. */
bool redact_value(struct krux_pool *, const struct krux_str *secret, size_t n,
                  const struct krux_value *, struct krux_value *out);

#endif
