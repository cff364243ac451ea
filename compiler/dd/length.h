/* Sets of lengths: finite up to a point, periodic from there. Inside compiler/dd only. */
#ifndef KRUX_DD_LENGTH_H
#define KRUX_DD_LENGTH_H

#include "compiler/dd/manager.h"

struct lengths {
	uint64_t *bit;                   /* of 0..n-1 */
	uint32_t n;                      /* from there on they repeat with the period; 0: none */
	uint32_t period;
	uint32_t max;                    /* nothing is longer */
	bool all;                        /* of 0..max; bit is NULL then */
	bool more;                       /* something is longer than max, if that is a value */
};

bool lengths_has(const struct lengths *, uint64_t length);
/* The least in lo..hi, UINT64_MAX: none. */
uint64_t lengths_next(const struct lengths *, uint64_t lo, uint64_t hi);

/* Has a size in lo..hi: as above, and for an endless variable what is longer has the size max. */
bool lengths_meet(const struct var *, const struct lengths *, uint64_t lo, uint64_t hi);

/* Bytes of the strings that end in each output: sorted outs, and their sets. */
struct class_lengths {
	uint32_t *out;
	struct lengths *set;
	size_t n;
};
/* In the arena. max: lengths beyond it do not matter. octets: every scalar is one byte. */
void class_lengths(struct arena *, uint32_t start, uint32_t max, bool octets, struct class_lengths *);

/* Sizes that the values of a text or list can have. */
const struct lengths *var_lengths(struct var *);
/* start with children of the size variable cut to what each class can have. */
uint32_t string_restrict(struct var *, uint32_t start);
/* start with classes that no value is in made impossible. */
uint32_t string_inhabit(struct var *, uint32_t start);
/* The same sizes cut out of a node of the size variable of v (or one below it). */
uint32_t size_restrict(struct var *v, uint32_t node, const struct lengths *);

#endif
