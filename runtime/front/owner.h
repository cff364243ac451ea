/* Who owns what in the state folder while a daemon serves it. As root: log, blobs and the log key
 * belong to the recorder's uid, all else to root. As anybody else: everything to the operator. */
#ifndef KRUX_OWNER_H
#define KRUX_OWNER_H

#include <sys/types.h>

struct krux_err;
struct state;

/* What a daemon that serves the folder as root counts its uids from: the one before tells it by its log; without one
 * UID_BASE. */
uid_t owner_base(const struct state *);
/* Makes it so, with an empty keys/log.key where there is none, and checks the rest: the folder of
 * keys, *keys, opened here; trust, which nobody else may be able to write. */
int owner_settle(const struct state *, uid_t recorder, int *keys, struct krux_err *err);

#endif
