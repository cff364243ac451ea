/* As root the daemon's processes that need nothing of root's have a uid of their own each, counted from one base
 * (kruxrt serve --uid-base); the others stay root. No agent is known by any of them. */
#ifndef KRUX_UIDS_H
#define KRUX_UIDS_H

enum { UID_BASE = 60800 };             /* where nothing else is said */
enum { UID_GATE, UID_RECORDER, UID_HOOK, UID_EGRESS, UIDS };

#endif
