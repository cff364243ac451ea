/* What moving, deleting and restoring have in common: a whole tree that changes its name. */
#ifndef KRUX_MOVED_H
#define KRUX_MOVED_H

#include "stdlib-caps/common/handler.h"

/* What a tree is called before and after, as far as the agent can name it. */
struct moved {
	const char *from_field, *to_field;     /* NULL: it has no such name */
	struct krux_str from, to;
	uint64_t since;                        /* ns since 1970: nothing below it may have changed later; 0: it may */
};

/* Looks at folder/name and all below it: is each path, under both names, neither protected nor
 * forbidden, and nothing too new? *entries counts them, with the root. False: the call failed. */
bool moved_check(struct handler_call *, int folder, const char *name, const struct moved *,
                 const struct stat *, uint64_t *entries);
/* Is `inner` the path `outer` or below it? */
bool moved_inside(struct krux_str inner, struct krux_str outer);

#endif
