/* A call as an agent wrote it to canonical arguments, or to words that help the agent to write it
 * right. */
#ifndef KRUX_REQUEST_H
#define KRUX_REQUEST_H

#include "capspec/schema.h"

struct request {
	const struct krux_capability *cap;
	uint32_t index;                  /* of the capability */
	struct krux_value args;          /* canonical */
	struct krux_str cbor;            /* their encoding */
};

struct request_refusal {
	char where[128];                 /* the place in the arguments; "" */
	char why[256];
	char remedy[512];                /* what to do instead */
};

struct krux_abi;

/* The capability of a name: "filesystem.read", with @1 or @1.0. False with the refusal, which
 * names those that come close. */
bool request_name(const struct krux_abi *, const struct krux_capability *caps, size_t n,
                  struct krux_str name, struct request *out, struct request_refusal *);
/* Says that arguments of this capability are refused at that place; helps with what it takes. */
void request_refuse(const struct krux_capability *, const char *where, const char *why,
                    struct request_refusal *);
/* The arguments, JSON text; everything in the pool. */
bool request_args(struct krux_pool *, struct krux_str json, struct request *,
                  struct request_refusal *);

#endif
