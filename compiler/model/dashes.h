/* Where the options of a command end: which constant "--" no option before it can take as its value. */
#ifndef KRUX_DASHES_H
#define KRUX_DASHES_H

#include "compiler/model/usage.h"

/* What is known of a program's options. */
struct dashes_of {
	bool known;                        /* a row of dashes.def: an option takes one value */
	bool listed;                       /* usages.def has what it may be given, "--" too */
	struct krux_str file;              /* the program's name */
};
/* file: the program's name; real: what a link leads to, n 0 where that is not known here. */
struct dashes_of dashes_of(struct krux_str file, struct krux_str real);

/* How far constants "--" have come. */
enum dashes { NO_DASHES, DOUBTFUL, END_OF_OPTIONS };

/* At the item i, where `before` holds: is it a "--", and does that end the options. Where it is doubtful,
 * *taker is the item that could take it. */
enum dashes dashes_at(const struct dashes_of *, const struct argv_item *, size_t i, enum dashes before, size_t *taker);

#endif
