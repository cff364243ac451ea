/* What a handler said to a result. It is input like any other: decoded strictly and held against the
 * output type and the errors that the capability declares before anybody sees it. */
#ifndef KRUX_ANSWER_READ_H
#define KRUX_ANSWER_READ_H

#include "runtime/spawn/spawn.h"

/* cbor: the whole answer, `handler-answer` of capspec/wire.cddl; *out borrows from it and the pool. */
void answer_read(const struct krux_capability *, struct krux_pool *, struct krux_str cbor,
                 struct spawn_result *out);

/* How the call ended, and a sentence that says why. */
void spawn_why(struct spawn_result *, enum spawn_end, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
