/* The stable key of the log, keys/log.key: witnesses know the log by it. */
#ifndef KRUX_LOG_KEY_H
#define KRUX_LOG_KEY_H

#include "capspec/key.h"

struct krux_err;

/* keys: the folder. Where log.key is there and empty, a key is made and written, on disk when it
 * returns. The caller wipes it. */
int log_key_open(int keys, struct krux_secret_key *out, struct krux_err *err);

#endif
