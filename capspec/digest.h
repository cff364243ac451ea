/* SHA-256 (FIPS 180-4), by libsodium. */
#ifndef KRUX_DIGEST_H
#define KRUX_DIGEST_H

#include "value.h"

enum { KRUX_SHA256 = 32 };

void krux_sha256(struct krux_str, uint8_t out[static KRUX_SHA256]);
/* Of the parts one after the other. */
void krux_sha256_parts(const struct krux_str *part, size_t n, uint8_t out[static KRUX_SHA256]);

#endif
