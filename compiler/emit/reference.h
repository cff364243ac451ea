/* The capability reference, Markdown, one page a capability. */
#ifndef KRUX_REFERENCE_H
#define KRUX_REFERENCE_H

#include "compiler/base/buf.h"
#include "compiler/model/model.h"

void reference_write(struct buf *, const struct capability *);
/* A type as the language writes it: `uint 1..16MiB`, `list<path> max 8`. */
void type_print(struct buf *, const struct krux_type *);

#endif
