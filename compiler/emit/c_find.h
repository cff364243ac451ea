/* The table by which find() knows the names of capabilities: prelude/find.h. */
#ifndef KRUX_C_FIND_H
#define KRUX_C_FIND_H

#include "compiler/emit/c.h"

void c_find_print(struct buf *, struct arena *, const struct capability_set *);

#endif
