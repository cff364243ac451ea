/* The option --agent-uids: which uids, and gids, calls run as. */
#ifndef KRUX_AGENT_UIDS_H
#define KRUX_AGENT_UIDS_H

#include "runtime/base/uids.h"

#include <stdbool.h>

struct krux_err;

/* BASE or BASE:COUNT to a range; NULL: the usual one, and without root none. Negative with *err: it is no range that can
 * be had, or given without root. */
int agent_uids_read(const char *option, bool root, struct agent_uids *out, struct krux_err *err);
/* Is nobody else in it: none of the daemon's own from uid_base on, no account, no group, nobody's subordinate ids. Negative with *err:
 * who is. */
int agent_uids_check(const struct agent_uids *, uint32_t uid_base, struct krux_err *err);
/* Of that alone the subordinate ids that a file like /etc/subuid gives out; what: "uids" or "gids". */
int agent_uids_subordinate(const struct agent_uids *, const char *path, const char *what, struct krux_err *err);

#endif
