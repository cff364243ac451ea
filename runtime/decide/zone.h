/* The time of day and the weekday in the policy's time zone. One zone a process. */
#ifndef KRUX_ZONE_H
#define KRUX_ZONE_H

#include <stdbool.h>
#include <stdint.h>

struct krux_err;

/* Takes an IANA name such as "Europe/London". Negative with *err when this machine does not
 * know it; then there is no local time. */
int zone_set(const char *name, struct krux_err *err);
/* Seconds since local midnight, and 0 = Monday .. 6, at ns since 1970 UTC. False: no zone. */
bool zone_time(uint64_t wall, uint64_t *seconds, uint64_t *weekday);

#endif
