/* Globs over paths, as LANG.md section 5.3 has them. */
#ifndef KRUX_GLOB_H
#define KRUX_GLOB_H

#include "capspec/value.h"

enum { GLOB_COMPONENTS = 63 };

struct glob {
	bool absolute;                              /* is matched against the whole path */
	unsigned n;
	struct krux_str component[GLOB_COMPONENTS]; /* slices of the pattern */
};

/* Reads a pattern: with a leading slash it is absolute; without any slash it matches names at
 * any depth; else it counts from the root of the search. NULL, or why it is not a glob. */
const char *glob_read(struct glob *, struct krux_str pattern);
/* path: components with slashes between; a leading slash makes no difference. */
bool glob_match(const struct glob *, struct krux_str path);

#endif
