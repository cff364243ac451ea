/* Local times of time zones, by the list of zones that this machine has. */
#ifndef KRUX_CLOCK_H
#define KRUX_CLOCK_H

#include <stdbool.h>

#include "capspec/value.h"

struct clock {
	char utc[32], old[16], new[16];    /* "2026-01-01T00:00:00Z", "thu 01:00" */
};
/* The first quarter of an hour of a fixed year in which the local times of two zones differ. False: there is
 * none, or no list. */
bool clock_differs(struct krux_str old, struct krux_str new, struct clock *out);

/* The zone of clock_local, for the rest of the program. False: this machine does not have it. */
bool clock_set(struct krux_str zone);
/* Seconds since midnight and the weekday, Monday is 0, at ns since 1970 UTC. */
void clock_local(uint64_t wall, uint64_t *seconds, uint64_t *weekday);

#endif
