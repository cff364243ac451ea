/* Time zones, from the files of the time zone database (RFC 8536). */
#ifndef KRUX_ZONE_H
#define KRUX_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZONE_MAX = 65536 };

/* Seconds that local time is ahead of UTC at `second`. False: not such a file. */
bool zone_offset(const uint8_t *file, size_t n, int64_t second, int32_t *offset);

#endif
