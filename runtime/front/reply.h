/* What an agent is told about its call, from an answer of the protocol whose output is JSON. */
#ifndef KRUX_REPLY_H
#define KRUX_REPLY_H

#include "capspec/frame.h"

/* One object, in the pool; it borrows. False: no memory, or an output that is no JSON. `dev` is added where
 * a development key signed the policy. */
bool reply_value(struct krux_pool *, const struct frame *answer, bool dev, struct krux_value *out);
/* A refusal in words, for a person at a terminal. Nothing for calls that ran and answered. */
void reply_print(const struct frame *answer, const char *capability, void *file /* FILE * */);
/* The exit code of kruxrt call. */
int reply_exit(const struct frame *answer);

#endif
