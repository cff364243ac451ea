/* What a gate in this process answers, in the form in which the daemon's gate says it. */
#ifndef KRUX_ANSWERED_H
#define KRUX_ANSWERED_H

#include "capspec/frame.h"

struct gate_answer;

/* The answer, its output as JSON. It borrows from both. False: no memory, or an output that is not of
 * its type. */
bool answered_frame(struct krux_pool *, const struct gate_answer *, struct frame *out);

#endif
