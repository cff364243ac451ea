/* Which agents may be registered: what would only fail later, at each call, is said when an operator adds one. And
 * which workspaces there are to clear. */
#ifndef KRUX_REGISTRY_H
#define KRUX_REGISTRY_H

#include "capspec/value.h"

#include <stdbool.h>
#include <stdint.h>

struct carry;
struct krux_err;
struct record;

struct registry_rules {
	const char *const *places;     /* that no agent may reach, as reach_check takes them; NULL: none */
	uint64_t owner;                /* uid of the operator */
	uint64_t daemon;               /* uid of the gate, with those that follow it (base/uids.h); the operator's: no others */
};

/* Is this one of the daemon's own processes', or their hook's. */
bool registry_uid_daemon(const struct registry_rules *, uint64_t uid);
/* Is this one that calls run as. */
bool registry_uid_calls(const struct carry *, uint64_t uid);
/* Is there a uid for calls of an agent of that name: it has been registered before, or one is left. */
bool registry_has_uid(const struct carry *, struct krux_str name);
/* Of a record `agent`: the name, the uid and the workspace that it adds, or the name that it revokes; of a `clear`: the
 * workspace; of others nothing. Negative with *err: it cannot be. */
int registry_check(const struct carry *, const struct record *, const struct registry_rules *, struct krux_err *err);

#endif
