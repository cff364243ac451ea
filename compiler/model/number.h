/* Sets of numbers on the scale of number_key. */
#ifndef KRUX_NUMBER_H
#define KRUX_NUMBER_H

#include "compiler/model/model.h"

/* The closed range of a numeric type. */
struct interval type_domain(const struct krux_type *);
/* Sorts and joins in place; the number left. */
size_t intervals_join(struct interval *, size_t n);
/* Cuts to the domain in place; the number left. */
size_t intervals_clip(struct interval *, size_t n, struct interval domain);

#endif
