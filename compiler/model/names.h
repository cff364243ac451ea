/* A table of names: sorted once, then asked. Sorting keeps hostile names from being slow. */
#ifndef KRUX_NAMES_H
#define KRUX_NAMES_H

#include "compiler/base/diag.h"

#define NAMES_NONE UINT32_MAX

struct names {
	const struct krux_str *name;   /* borrowed, in the order given */
	uint32_t *order;               /* indexes, sorted by name, then by index */
	size_t n;
};

int name_order(struct krux_str, struct krux_str);
void names_make(struct names *, struct arena *, const struct krux_str *name, size_t n);
/* Index of the first of that name, or NAMES_NONE. */
uint32_t names_find(const struct names *, struct krux_str);
/* The first that has the same name as the one at index i: i itself unless it is a repetition. */
uint32_t names_first(const struct names *, uint32_t i);

/* A name that was perhaps meant, for "did you mean"; n 0 if none is close, or when so much is
 * wrong already that looking would take longer than it helps. */
struct krux_str name_near(const struct diags *, struct krux_str, const struct krux_str *names,
                          size_t n);

#endif
