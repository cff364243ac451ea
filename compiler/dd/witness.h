/* Values for witnesses. Inside compiler/dd only. */
#ifndef KRUX_DD_WITNESS_H
#define KRUX_DD_WITNESS_H

#include "compiler/dd/children.h"

/* What a way through a diagram asks of one variable: values of `node` that lead to `to`. */
struct demand {
	uint32_t node, to;
};

struct demands {
	const struct demand *demand;
	size_t n;
};

/* The demand on a variable; NULL: none. */
const struct demand *demand_on(const struct demands *, const struct var *);
/* A way from f to the terminal, in the arena; false: none. */
bool way_find(struct arena *, uint32_t f, uint32_t terminal, struct demands *);

/* A text of a variable whose automaton state `start` is TRUE where it will do, with a size in
 * the node's edges to `to` (NULL: any). */
struct krux_str text_choose(struct arena *, struct var *, uint32_t start, const struct demand *size);
/* A length that the demand and the set share, the least. */
struct lengths;
uint64_t size_choose(const struct demand *size, const struct lengths *);
/* A text of exactly that many bytes; n 0: none. */
struct krux_str text_of_length(struct arena *, uint32_t start, uint64_t length, bool octets);
/* The letter of lo..hi that reads best, among those of a width (0: the narrowest). */
uint32_t letter_choose(uint32_t lo, uint32_t hi, unsigned width);

#endif
