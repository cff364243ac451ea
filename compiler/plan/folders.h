/* A set of paths to a few folders that hold them all: what can be told to Landlock, which knows of folders
 * and what is below them. */
#ifndef KRUX_FOLDERS_H
#define KRUX_FOLDERS_H

#include "compiler/dd/dd.h"

enum { FOLDERS_MOST = 16 };

struct folders {
	struct krux_str list[FOLDERS_MOST];    /* below the workspace, sorted; "" is all of it, and then alone */
	size_t n;                              /* 0: the set holds no path of the workspace */
};

/* Adds those of a set, which is a function of one path and its size, or DD_TRUE. above: a path's own name is
 * made or removed, so that the folder above it is what counts. Too many become what they have in common. */
void folders_add(struct folders *, struct arena *, struct dd *m, uint32_t set, bool above);

#endif
