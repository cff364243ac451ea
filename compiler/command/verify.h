/* Policy tests and claims, run. */
#ifndef KRUX_VERIFY_POLICY_H
#define KRUX_VERIFY_POLICY_H

#include "compiler/base/buf.h"
#include "compiler/pipeline.h"

struct tally {
	size_t tests, failed, claims, broken;
	struct unreached { const struct policy *policy; const struct rule *rule; } *unreached;
	size_t nunreached;
};

/* Runs every `tests:` entry; writes failures, with --json every result. */
void tests_run(struct pipeline *, struct buf *, bool json, struct tally *);
/* Rules that no test reached, in files that have tests. */
void unreached_print(struct buf *, const struct tally *);
/* All tests and claims; what failed is written. */
bool policies_verify(struct pipeline *, struct buf *);

#endif
