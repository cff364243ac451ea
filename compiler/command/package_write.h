/* A built package to a folder. */
#ifndef KRUX_PACKAGE_WRITE_H
#define KRUX_PACKAGE_WRITE_H

#include <stdbool.h>

struct arena;
struct package;

/* False after an error message: what was there is untouched, or there is no bundle. Files of others in the folder
 * stay: where one is in the way of a part, nothing is changed. */
bool package_write(struct arena *, const char *root, const struct package *);

#endif
