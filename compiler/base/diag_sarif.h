/* Diagnostics as SARIF 2.1.0, which code hosts show beside the lines they are about. */
#ifndef KRUX_DIAG_SARIF_H
#define KRUX_DIAG_SARIF_H

#include "compiler/base/buf.h"
#include "compiler/base/diag.h"

/* The list is sorted by place. */
void sarif_print(struct buf *, const struct diags *);

#endif
