/* How each command of krux-ctl begins, once it knows what it was told. */
#ifndef KRUX_CTL_H
#define KRUX_CTL_H

#include "runtime/front/act.h"
#include "runtime/sandbox/typed.h"

enum { CTL_PLACES = 4 };

/* Connects to the daemon, where there is to be a connection and no state folder is named, and confines this process:
 * from here on it opens the operator's key, the state folder and at most CTL_PLACES others. Only then is anything read
 * that others have written. */
enum supervisor_result ctl_begin(const struct act_place *, const struct typed_place *, size_t n, struct krux_err *err);

#endif
