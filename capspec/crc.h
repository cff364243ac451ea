/* CRC-32C (Castagnoli; RFC 3720, 12.1): what tells a torn or damaged record from a whole one. It
 * protects from nobody. */
#ifndef KRUX_CRC_H
#define KRUX_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t krux_crc32c(const void *, size_t n);
/* The same without the processor's own instruction. */
uint32_t krux_crc32c_plain(const void *, size_t n);

#endif
