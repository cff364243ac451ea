/* What is wrong with a build that types alone do not show, and no diagram is needed for. */
#ifndef KRUX_CHECK_H
#define KRUX_CHECK_H

#include "compiler/model/model.h"

/* All of the below. False when errors were found. */
bool build_check(struct arena *, struct diags *, const struct build *);

/* `all` over a list that can be empty, in rules that permit. */
void check_empty_all(struct arena *, struct diags *, const struct build *);
/* Is a zone in the list that this machine has; UTC needs none. */
bool zone_known(struct krux_str zone);
/* Is the time zone one that this machine knows. */
void check_zone(struct diags *, const struct build *);
/* Tests and claims: names, values, words. */
void check_claims(struct arena *, struct diags *, const struct build *);
/* Defines and groups that nothing uses; after check_claims. */
void check_unused(struct diags *, const struct build *);

#endif
