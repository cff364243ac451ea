/* What compresses whole blocks into the state of SHA-256. */
#ifndef KRUX_DIGEST_BLOCK_H
#define KRUX_DIGEST_BLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef void digest_block_fn(uint32_t h[static 8], const uint8_t *p, size_t nblocks);

void digest_block_sodium(uint32_t h[static 8], const uint8_t *p, size_t nblocks);
/* By the instructions of this processor; NULL: it has none. *name is what it is called. */
digest_block_fn *digest_block_cpu(const char **name);

#endif
