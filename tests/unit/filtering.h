/* Filters as the compiler makes them, for tests. */
#ifndef KRUX_TEST_FILTERING_H
#define KRUX_TEST_FILTERING_H

#include "compiler/emit/filter.h"

extern struct arena *filtering_arena;

/* Of each test: the arena. */
void filtering_setup(void);
void filtering_teardown(void);
/* Of these groups, in the arena. */
const struct filter *filtering_made(unsigned groups);

#endif
