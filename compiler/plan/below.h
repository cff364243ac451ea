/* The path that decides for a tree without `prunes`: LANG.md 4.1. */
#ifndef KRUX_BELOW_H
#define KRUX_BELOW_H

#include "compiler/dd/decision.h"

struct below {
	struct krux_str path;
	struct krux_value args;         /* the request's, with that path */
};

/* A path at or below the request's with that verdict by itself; in the arena. False: none, or, where
 * dd_overflow says so, none that was found. */
bool below_find(struct arena *, struct decisions *, struct dd *m, const struct build *, const struct capability *,
                const struct dd_request *, enum krux_verdict, struct below *out);

#endif
