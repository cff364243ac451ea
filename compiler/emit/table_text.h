/* One capability's decision table in text. */
#ifndef KRUX_TABLE_TEXT_H
#define KRUX_TABLE_TEXT_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

struct words;
void table_text(struct buf *, struct diags *, struct words *, const struct decisions *, struct dd *, uint32_t root,
                const struct capability *);

/* A K9001 where the diagram is beyond its limits, or a K9002 where there are too many rows, and false. */
bool table_fits(struct diags *, const struct dd *, const struct capability *, uint64_t nrows);

#endif
