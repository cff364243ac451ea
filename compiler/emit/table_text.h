/* One capability's decision table in text. */
#ifndef KRUX_TABLE_TEXT_H
#define KRUX_TABLE_TEXT_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

enum { TABLE_MOST_ROWS = 65536 };

struct words;
void table_text(struct buf *, struct diags *, struct words *, const struct decisions *, struct dd *, uint32_t root,
                const struct capability *);

/* A K9001 or K9002 where the rows that were read are not all there is, and false. */
bool table_fits(struct diags *, const struct dd *, const struct capability *, bool too_many);

#endif
