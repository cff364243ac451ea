/* Counting again: when a bundle asks for longer windows than any before, what was forgotten counts
 * again. */
#ifndef KRUX_RECOUNT_H
#define KRUX_RECOUNT_H

#include "runtime/record/record.h"

struct carry;
struct krux_err;

/* Before the bundle is added: all intents up to offset `end` of segment `last`. Negative with *err. */
int recount(int dir, struct carry *, const struct record *bundle, uint64_t last, uint64_t end,
            struct krux_err *err);

#endif
