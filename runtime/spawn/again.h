/* The second decision: in the child of a call, with the facts of its record and nothing else. */
#ifndef KRUX_AGAIN_H
#define KRUX_AGAIN_H

#include "runtime/spawn/warrant.h"

struct facts;
struct judge;

struct again {
	const struct krux_abi *abi;
	const struct warrant *warrant;
	struct krux_str taken;         /* the field `shown` as the call's snapshot has it; p NULL: it runs from none */
	/* Made by again_decides, in the child, which ends with the call. */
	struct facts *facts;
	struct judge *judge;
};

/* child_plan.decides: the verdict is the recorded one, what approvers were asked for is what the
 * policy asks for, and the files that they saw are as they were, in the snapshot where there is one. ctx is the struct again. */
uint32_t again_decides(void *ctx, int workspace);
/* child_plan.allows, after it: the same call with that path is not decided more strictly. */
bool again_allows(void *ctx, struct krux_str field, struct krux_str path);

#endif
