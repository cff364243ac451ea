/* kruxrt agents, one function a verb. Each returns the exit code. */
#ifndef KRUX_AGENTS_H
#define KRUX_AGENTS_H

#include "runtime/front/act.h"

enum { AGENTS_OPERANDS = 66 };

struct agents {
	struct act_place place;
	const char *operand[AGENTS_OPERANDS];
	size_t n;
	const char *key, *uid, *workspace, *bundle, *reason, *missing;
	bool token, json, help;
};

int agents_add(const struct agents *);
int agents_list(const struct agents *);
int agents_revoke(const struct agents *);
int agents_clear(const struct agents *);

/* Says what is wrong with the usage. */
int agents_fail(const char *what, const char *why);

#endif
