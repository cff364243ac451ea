/* Checks what a mapped policy says of itself before it is asked anything. */
#ifndef KRUX_ABI_CHECK_H
#define KRUX_ABI_CHECK_H

#include "capspec/krux_abi.h"
#include "capspec/schema.h"

struct krux_err;
struct map;

/* Every pointer, count and string of krux_abi_1 lies inside the image, and its capabilities are
 * those of the schema in the same order. Calls nothing. */
int abi_check(const struct map *, const struct krux_capability *, size_t n, struct krux_err *);
/* Asks it: names are found, garbage is refused, answers are in range and the same twice, and no
 * path outside the workspace is allowed, whatever the policy. */
int abi_try(const struct krux_abi *, const struct krux_capability *, size_t n, struct krux_err *);

#endif
