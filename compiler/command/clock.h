/* Two time zones: when they are not of one mind. */
#ifndef KRUX_CLOCK_H
#define KRUX_CLOCK_H

#include <stdbool.h>

#include "capspec/value.h"

struct clock {
	char utc[32], old[16], new[16];    /* "2026-01-01T00:00:00Z", "thu 01:00" */
};
/* The first quarter of an hour of a fixed year in which their local times differ, by the list of zones that
 * this machine has. False: there is none, or no list. */
bool clock_differs(struct krux_str old, struct krux_str new, struct clock *out);

#endif
