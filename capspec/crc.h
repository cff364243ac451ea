/* CRC-32C (Castagnoli; RFC 3720, 12.1): what tells a torn or damaged record from a whole one. It
 * protects from nobody. */
#ifndef KRUX_CRC_H
#define KRUX_CRC_H

#include "capspec/value.h"

#include <stddef.h>
#include <stdint.h>

uint32_t krux_crc32c(const void *, size_t n);
/* Of n parts, each by itself: a few at a time, which takes about half as long. */
void krux_crc32c_many(const struct krux_str *part, size_t n, uint32_t *out);
/* The same without the processor's own instruction. */
uint32_t krux_crc32c_plain(const void *, size_t n);

#endif
