/* Two texts to a unified diff, line by line, for a person. */
#ifndef KRUX_UNIFIED_H
#define KRUX_UNIFIED_H

#include "capspec/value.h"

#include <stdbool.h>

/* mark: ' ', '-' or '+' before a line of the texts, without its end; '@': the head of a hunk, whole; '\\': the line before
 * has no end. False: no more lines are wanted. */
typedef bool unified_fn(void *ctx, char mark, struct krux_str line);

/* With three lines around each change. Whatever it takes to find a short one is bounded: where the texts have more than a few hundred
 * lines that differ, all between the first and the last of them is told as taken out and put in. False: no memory. */
bool unified(struct krux_pool *, struct krux_str old, struct krux_str new, unified_fn *, void *ctx);

#endif
