/* What a policy lets a name do, read off the decision table that is part of the bundle. */
#ifndef KRUX_RIGHTS_H
#define KRUX_RIGHTS_H

#include "capspec/krux_abi.h"
#include "capspec/value.h"

enum { RIGHTS_VERDICTS = KRUX_AUTONOMOUS + 1 };

struct rights {
	struct krux_str policy;
	uint64_t serial;
	uint8_t digest[32];            /* of the bundle */
	bool dev;
	/* Capabilities by the loosest verdict that any call of them by this name can get. */
	struct krux_str *cap[RIGHTS_VERDICTS];
	size_t n[RIGHTS_VERDICTS];
};

struct krux_err;

/* Of a bundle file, whose signature is not checked: compare its digest with that of the bundle that decides.
 * Everything is in the pool. */
int rights_read(const char *path, struct krux_str agent, struct krux_pool *, struct rights *, struct krux_err *err);

/* The table's text alone; false: it is none. */
bool rights_of_table(struct krux_str table, struct krux_str agent, struct krux_pool *, struct rights *);

#endif
