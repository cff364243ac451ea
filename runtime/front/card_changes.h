/* A change set for the person who decides about it. */
#ifndef KRUX_CARD_CHANGES_H
#define KRUX_CARD_CHANGES_H

#include "runtime/base/changeset.h"
#include "runtime/record/record.h"

struct krux_err;

/* The daemon's answer about a ticket to the change set of its record, which names it by a hash: false with *err where it is not
 * there, or is another. It borrows from the pool. */
bool card_changes_read(struct krux_pool *, const struct krux_value *told, const struct record *, struct changeset *out,
                       struct krux_err *err);
/* All of it, for a terminal; full: long differences too, and bytes that are no text. *escaped is set where something of it is
 * shown by its number. Returns how many lines of text it has left out. */
unsigned card_changes_print(const struct changeset *, bool full, bool *escaped, void *file /* FILE * */);
/* The same as a list of values. False: no memory. */
bool card_changes_value(struct krux_pool *, const struct changeset *, struct krux_value *out);

#endif
