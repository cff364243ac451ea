/* Rules that do nothing: found on the diagram, so nothing is guessed.
 *   K4001  can never match
 *   K4002  shadowed: earlier rules of its file match wherever it does
 *   K4003  without effect: wherever it decides its file, another file is stricter
 *   K9001  (a warning here) beyond the limits: nothing is said of the rules for a capability */
#ifndef KRUX_COVERAGE_H
#define KRUX_COVERAGE_H

#include "compiler/dd/decision.h"

/* Warns of each such rule of every file but the built-in one. manager[i] belongs to caps[i]. */
void coverage_report(struct decisions *, struct dd *const *manager, struct diags *, const struct build *);

#endif
