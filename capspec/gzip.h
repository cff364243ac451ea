/* Texts that bundles keep for reference, as gzip files (RFC 1952) of one member. Any gzip reads them. */
#ifndef KRUX_GZIP_H
#define KRUX_GZIP_H

#include "value.h"

/* What a file holds, into the pool. p NULL: it is none, is damaged, holds more than `most` bytes, or has a
 * block with codes of its own: kruxc writes none, and without them no input describes tables to its
 * reader. */
struct krux_str krux_gzip_read(struct krux_pool *, struct krux_str file, size_t most);

/* CRC-32 of RFC 1952 section 8. */
uint32_t krux_crc32(struct krux_str);

/* Lengths by code 0..28 and distances by code 0..29: the least of each, and how many bits are added. */
struct krux_deflate_code { uint16_t least, bits; };
struct krux_deflate_code krux_deflate_length(unsigned code);
struct krux_deflate_code krux_deflate_distance(unsigned code);

#endif
