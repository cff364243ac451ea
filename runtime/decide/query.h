/* The queries of a policy in an order in which they are found by name. */
#ifndef KRUX_QUERY_H
#define KRUX_QUERY_H

#include "capspec/krux_abi.h"
#include "capspec/value.h"

/* ids of all facts by kind, policy, name. Caller frees; NULL: no memory. */
uint32_t *query_sort(const struct krux_abi *);
/* The place in the order of the first query of these names, and how many share them: those that
 * follow it. n 0: nobody asks. */
uint32_t query_find(const struct krux_abi *, const uint32_t *order, enum krux_fact_kind,
                    struct krux_str policy, struct krux_str name, uint32_t *n);
/* What an intent with these arguments adds to a budget that sums `sum`: "length" is the number
 * there, "size(content)" the size of what is there; absent, nothing. */
uint64_t query_amount(const struct krux_value *args, const char *sum);

#endif
