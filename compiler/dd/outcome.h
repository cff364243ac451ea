/* Outcomes: the terminals of decision diagrams, and how several voices become one. */
#ifndef KRUX_OUTCOME_H
#define KRUX_OUTCOME_H

#include "compiler/dd/decision.h"

/* Terminal value of a verdict with what it comes with; `would` is the verdict itself. */
uint32_t outcome_make(struct decisions *, enum krux_verdict, const struct approval *approval,
                      const uint32_t *counter, size_t ncounters);
/* dd_op: the strictest, obligations added up (LANG.md 4.1 point 7); DD_FALSE is silence. */
uint32_t outcome_combine(void *decisions, uint32_t a, uint32_t b);
/* dd_op: a where it speaks, else b. */
uint32_t outcome_first(void *decisions, uint32_t a, uint32_t b);
/* dd_op: a, with the verdict of b as `would`. */
uint32_t outcome_pair(void *decisions, uint32_t a, uint32_t b);

#endif
