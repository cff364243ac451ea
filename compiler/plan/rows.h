/* Regions of a decision diagram as rows: a condition in words, and what is decided there. */
#ifndef KRUX_ROWS_H
#define KRUX_ROWS_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

/* All that holds in a region, as text: a condition of LANG.md 5, followed where a rate or a budget
 * was asked by `rate("policy/rule") >= 10` or `[not] over("policy/rule")`; "always" for all
 * requests. Two windows of one rule, of two builds, say what they count: `rate("policy/rule" per 1h)`,
 * `over("policy/rule" 5 of size(content) per 1h)`. With `names` a long set is called by its name (words_name). False when a class is too large for
 * words; it is then described, not written. */
struct words;
bool region_print(struct buf *, struct words *, struct dd *, const struct dd_region *, bool names);

/* What names stand for, under `define:`, each on a line of its own; nothing where there are none. */
void names_define(struct buf *, const struct words *);
/* The same as a JSON object, which is empty where there are none. */
void names_json(struct buf *, const struct words *);

/* What a window counts: "per 1h", or of a budget "5 of size(content) per 1h". */
void window_terms(struct buf *, enum krux_fact_kind, uint64_t max, const struct subject *sum, uint64_t per);
/* The same between two texts, where m knows two windows of the rule, of two builds; else nothing. */
void window_twin_print(struct buf *, const struct dd *m, const struct dd_var *, const char *before, const char *after);

/* One step of it, without parentheses to take off in a chain of `and`; nothing where it always holds. */
bool step_print(struct buf *, struct words *, struct dd *, const struct dd_step *, bool names);

#endif
