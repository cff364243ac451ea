/* What an agent is told about its call: one JSON object. */
#ifndef KRUX_REPLY_H
#define KRUX_REPLY_H

#include "capspec/value.h"

struct gate_answer;

/* The object, in the pool; false: no memory, or an output that is not of its type. `dev` is added
 * where a development key signed the policy. */
bool reply_value(struct krux_pool *, const struct gate_answer *, bool dev, struct krux_value *out);
/* A refusal in words, for a person at a terminal. Nothing for calls that ran and answered. */
void reply_print(const struct gate_answer *, void *file /* FILE * */);
/* The exit code of kruxrt call. */
int reply_exit(const struct gate_answer *);

#endif
