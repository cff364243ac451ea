/* As root the daemon's processes that need nothing of root's have a uid of their own each, counted from one base
 * (kruxrt serve --uid-base); the others stay root. No agent is known by any of them. */
#ifndef KRUX_UIDS_H
#define KRUX_UIDS_H

#include <stdbool.h>
#include <stdint.h>

enum { UID_BASE = 60800 };             /* where nothing else is said */
enum { UID_GATE, UID_RECORDER, UID_HOOK, UID_EGRESS, UIDS };

/* As root each agent's calls run as a uid of its own, and as the gid of the same number, counted from another base
 * (kruxrt serve --agent-uids): the first is that of an agent who is served alone (--only), then those of all agents that
 * were ever registered, in that order. */
struct agent_uids {
	uint32_t base, count;          /* count 0: there are none, as without root: calls run as their workspace's owner */
};
enum { AGENT_UIDS_BASE = 70000, AGENT_UIDS_COUNT = 8192 };   /* where nothing else is said */

#define AGENT_UID_NONE UINT32_MAX      /* runs as the workspace's owner */

/* Of the agent of that place, from 0; AGENT_UID_NONE: there are none, or there is none left for it. */
static inline uint32_t agent_uid(const struct agent_uids *a, uint64_t place)
{
	return a->count && place < a->count - 1 ? a->base + 1 + (uint32_t)place : AGENT_UID_NONE;
}

/* Of the one who is served alone. */
static inline uint32_t agent_uid_alone(const struct agent_uids *a)
{
	return a->count ? a->base : AGENT_UID_NONE;
}

/* May a call run as this. */
static inline bool agent_uids_may(const struct agent_uids *a, uint32_t uid)
{
	return a->count ? uid >= a->base && uid - a->base < a->count : uid == AGENT_UID_NONE;
}

#endif
