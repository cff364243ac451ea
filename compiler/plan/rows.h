/* Regions of a decision diagram as rows: a condition in words, and what is decided there. */
#ifndef KRUX_ROWS_H
#define KRUX_ROWS_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

/* All that holds in a region, as text: a condition of LANG.md 5, followed where a rate or a budget
 * was asked by `rate("policy/rule") >= 10` or `[not] over("policy/rule")`; "always" for all
 * requests. False when a class is too large for words; it is then described, not written. */
bool region_print(struct buf *, struct arena *, struct dd *, const struct dd_region *);

/* The same for many regions of one manager, whose rows share most of their classes: each is put
 * into words once. Zeroed before the first; lives in the arena. */
struct words_memo {
	struct words_kept *slot;
	size_t n, cap;
};
bool region_print_next(struct buf *, struct arena *, struct dd *, struct words_memo *, const struct dd_region *);

#endif
