/* Random arguments of a type, near what a policy speaks of. */
#ifndef KRUX_REQUESTS_H
#define KRUX_REQUESTS_H

#include "capspec/type.h"

struct requests {
	struct krux_pool *pool;
	uint64_t seed;
	const struct krux_str *word;         /* texts to start from */
	size_t nwords;
	const uint64_t *number;              /* numbers to be near */
	size_t nnumbers;
};

uint32_t requests_below(struct requests *, uint32_t n);
/* Words between double quotes and numbers of a policy's text, into the pool. */
void requests_learn(struct requests *, const char *policy);
/* A canonical value; false where no try fits the type. */
bool requests_value(struct requests *, const struct krux_type *, struct krux_value *out);

#endif
