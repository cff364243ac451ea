/* A set of paths to a few folders that hold them all: what can be told to Landlock, which knows of folders
 * and what is below them. */
#ifndef KRUX_FOLDERS_H
#define KRUX_FOLDERS_H

#include "capspec/layers.h"
#include "compiler/dd/dd.h"

struct folders {
	struct krux_str list[KRUX_REACH_MOST + 1];    /* below the workspace, sorted; "" is all of it, and then alone */
	size_t n;                              /* at most KRUX_REACH_MOST; 0: the set holds no path of the workspace */
	bool joined;                           /* there were more, and some stand below one that holds more than they do */
};

/* Adds those of a set, which is a function of one path and its size, or DD_TRUE. above: a path's own name is
 * made or removed, so that the folder above it is what counts. Where they are too many, those that have the deepest folder in common
 * become that folder. */
void folders_add(struct folders *, struct arena *, struct dd *m, uint32_t set, bool above);

#endif
