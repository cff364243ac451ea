/* What a call used, as far as it is known. */
#ifndef KRUX_USAGE_H
#define KRUX_USAGE_H

#include <stdbool.h>
#include <stdint.h>

enum used_kind {
#define USED(id, word) USED_##id,
#include "capspec/usage.def"
	USED_KINDS
};

struct call_used {
	uint64_t known;                /* bits, 1 << enum used_kind */
	uint64_t n[USED_KINDS];        /* ns, bytes, a count */
};

static inline void used_set(struct call_used *u, enum used_kind kind, uint64_t n)
{
	u->known |= (uint64_t)1 << kind;
	u->n[kind] = n;
}

static inline bool used_knows(const struct call_used *u, enum used_kind kind)
{
	return u->known >> kind & 1;
}

#endif
