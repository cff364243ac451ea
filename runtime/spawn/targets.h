/* The hosts and ports that the effects of one call connect to. */
#ifndef KRUX_TARGETS_H
#define KRUX_TARGETS_H

#include "capspec/line.h"
#include "capspec/schema.h"
#include "runtime/base/message.h"

/* Of decided arguments, in the order of the effects; how many, 0: it connects to nothing. -1: there are too many, or one is
 * no host and port. */
int targets_find(const struct krux_capability *, const struct krux_value *args, struct message_target out[static LINE_TARGETS]);
/* Some effect of it connects. */
bool capability_connects(const struct krux_capability *);

#endif
