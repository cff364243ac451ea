/* Blocks of special addresses that the operator lets calls connect to: serve --reach. */
#ifndef KRUX_REACHED_H
#define KRUX_REACHED_H

#include "runtime/egress/address.h"

struct reached {
	char *text;
	const char *block[NAMED_MOST + 1];     /* NULL-terminated */
};

/* "10.0.0.0/8,fd00::/8"; NULL: none. -1 with *err: one is no block. */
int reached_read(struct reached *, const char *list, struct krux_err *err);
void reached_free(struct reached *);

#endif
