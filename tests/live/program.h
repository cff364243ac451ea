/* Attempts of a command's program, by name. */
#ifndef KRUX_LIVE_PROGRAM_H
#define KRUX_LIVE_PROGRAM_H

#include <errno.h>

/* 0: it got through; else the errno that stopped it. */
struct attempt_made { const char *name; int (*go)(void); };

extern const struct attempt_made attempts_of_agents[];       /* to one without a name */
extern const char *arg;                                      /* of the attempt; never NULL */

static inline int result(long r)
{
	return r < 0 ? errno : 0;
}

#endif
