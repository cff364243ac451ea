/* The gate's limits by name. */
#ifndef KRUX_GATE_LIMITS_H
#define KRUX_GATE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct gate_limits;
struct krux_err;

/* Takes "NAME=N" into its field. Negative with *err: there is no such limit, N is no number or beyond its
 * bounds, or the field is set already. */
int limits_set(struct gate_limits *, const char *text, struct krux_err *err);
/* Every field that is 0 becomes the usual one. */
void limits_fill(struct gate_limits *);

/* The i-th, in the order of limits.def. NULL: there are no more. */
const char *limits_name(size_t i);
uint64_t limits_value(const struct gate_limits *, size_t i);

#endif
