/* What the log says about one agent and one workspace: facts for the policy, and the bundle that
 * was loaded last. */
#ifndef KRUX_HISTORY_H
#define KRUX_HISTORY_H

#include "runtime/record/record.h"

struct facts;
struct krux_err;

struct history {
	struct facts *facts;             /* filled with what happened */
	struct krux_str agent, workspace;
	struct krux_str policy;          /* id of the bundle to be loaded */
	/* Found: the greatest serial of that id, and the digest of the last bundle of all. */
	bool has_serial, has_bundle;
	uint64_t serial;
	uint8_t bundle[HASH_LEN];
};

/* A log_each_fn; ctx is the struct history. */
int history_add(void *ctx, const struct record *, struct krux_err *err);

#endif
