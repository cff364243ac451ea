/* What compresses whole blocks into the state of SHA-256. */
#ifndef KRUX_DIGEST_BLOCK_H
#define KRUX_DIGEST_BLOCK_H

#include <stddef.h>
#include <stdint.h>

typedef void digest_block_fn(uint32_t h[static 8], const uint8_t *p, size_t nblocks);
/* A block of a message; where its digest goes, if this is its last one. */
struct digest_step {
	const uint8_t *block;
	uint8_t *out;
};
/* Two queues of messages side by side: one alone waits for itself at every round, so that a second one costs
 * the processor little more time. Each ends with the end of a message. */
typedef void digest_lanes_fn(const struct digest_step *a, size_t na, const struct digest_step *b, size_t nb);

struct digest_engine {
	const char *name;
	digest_block_fn *block;
	digest_lanes_fn *lanes;
};

extern const struct digest_engine digest_engine_sodium;
/* The instructions of this processor; NULL: it has none. */
const struct digest_engine *digest_engine_cpu(void);
/* The one that is used: it was tested at first use. */
const struct digest_engine *digest_engine_get(void);
extern const uint32_t digest_start[8];

#endif
