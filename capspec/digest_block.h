/* What compresses whole blocks into the state of SHA-256. */
#ifndef KRUX_DIGEST_BLOCK_H
#define KRUX_DIGEST_BLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef void digest_block_fn(uint32_t h[static 8], const uint8_t *p, size_t nblocks);
/* Two messages side by side, as many blocks of each: one waits for itself at every round, so that a
 * second one costs the processor little more time. */
typedef void digest_pair_fn(uint32_t *const h[static 2], const uint8_t *const p[static 2], size_t nblocks);

struct digest_engine {
	const char *name;
	digest_block_fn *block;
	digest_pair_fn *pair;
};

extern const struct digest_engine digest_engine_sodium;
/* The instructions of this processor; NULL: it has none. */
const struct digest_engine *digest_engine_cpu(void);
/* The one that is used: it was tested at first use. */
const struct digest_engine *digest_engine_get(void);
extern const uint32_t digest_start[8];

#endif
