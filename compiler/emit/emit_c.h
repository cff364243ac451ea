/* decide.c: a build as self-contained, freestanding C that says krux_abi_1. */
#ifndef KRUX_EMIT_C_H
#define KRUX_EMIT_C_H

#include "compiler/base/buf.h"
#include "compiler/base/diag.h"
#include "compiler/dd/decision.h"

/* What decides a capability: functions as far as they are read, and compiled in time; or tables alone. Both
 * answer alike. */
enum emit_form { EMIT_READABLE, EMIT_TABLES };

/* Managers and roots are by capability index, as decide_build has made them; attribution is
 * built in the same managers. Equal builds give equal bytes. False after a diagnostic. */
bool emit_c(struct arena *, struct diags *, const struct build *, struct decisions *, struct dd *const *manager,
            const uint32_t *root, enum emit_form, struct buf *out);

#endif
