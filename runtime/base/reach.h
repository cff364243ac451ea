/* What lies in an agent's reach and must not: places of the daemon, as texts "WHAT=PATH", such as
 * "trust folder=/etc/krux/trust", with canonical paths. */
#ifndef KRUX_REACH_H
#define KRUX_REACH_H

struct krux_err;

#define REACH_STATE "state folder"
#define REACH_TRUST "trust folder"

/* May an agent have this folder: it holds none of the places (NULL-terminated), and lies in none of those that are
 * folders of secrets or keys, but for STATE/workspaces/AGENT. workspace: a canonical path. */
int reach_check(const char *const *places, const char *workspace, struct krux_err *err);

#endif
