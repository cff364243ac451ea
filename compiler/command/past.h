/* The requests that an audit log holds (capspec/audit.cddl), as replay reads them: each with its arguments
 * and the answers that its verdict read. The chain is not looked at: `kruxrt audit verify` does that. */
#ifndef KRUX_PAST_H
#define KRUX_PAST_H

#include "capspec/canon.h"
#include "capspec/krux_abi.h"

struct past_request {
	uint64_t seq, wall;
	struct krux_str agent, capability;      /* its name, without a version */
	uint64_t major, minor;
	enum krux_verdict verdict;
	bool has_args, has_facts;               /* false: they are in a blob that is gone or was changed */
	struct krux_value args;                 /* canonical wire map */
	struct krux_value facts;                /* list of [kind, policy, name, per, answer] */
};

/* Return false to stop. Everything is good until it returns. */
typedef bool past_fn(void *ctx, const struct past_request *);

/* Requests in the order of the records. path: a state folder, its folder `log`, or a file of records, such
 * as a segment or what `kruxrt audit export --format cbor` writes. 0; 2: it is no log; 3: it cannot be read,
 * with *why, one sentence. */
int past_read(const char *path, past_fn *each, void *ctx, struct krux_refusal *why);

#endif
