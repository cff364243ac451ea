/* Globs over paths, as LANG.md section 5.3 has them. */
#ifndef KRUX_PATHGLOB_H
#define KRUX_PATHGLOB_H

#include "capspec/value.h"

enum { GLOB_COMPONENTS = 63 };

struct pathglob {
	bool absolute;                              /* is matched against the whole path */
	unsigned n;
	struct krux_str component[GLOB_COMPONENTS]; /* slices of the pattern */
};

/* Reads a pattern: with a leading slash it is absolute; without any slash it matches names at
 * any depth; else it counts from the root of the search. NULL, or why it is not a glob. */
const char *pathglob_read(struct pathglob *, struct krux_str pattern);
/* path: components with slashes between; a leading slash makes no difference. */
bool pathglob_match(const struct pathglob *, struct krux_str path);
/* The same for n components of a pattern, n at most GLOB_COMPONENTS: of many patterns they are kept close together. */
bool pathglob_match_components(const struct krux_str *component, unsigned n, struct krux_str path);

#endif
