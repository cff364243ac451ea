/* krux-witness, confined. */
#ifndef KRUX_WITNESS_CONFINE_H
#define KRUX_WITNESS_CONFINE_H

#include <stddef.h>

struct krux_err;
struct state;
struct witness;

/* From here on the process reads the trust folder, the log and what looking names and certificates up takes, writes the
 * log's tiles and witness/, and connects to the ports of these witnesses and of the environment's proxies. After curl has
 * been started. */
int witness_confine(const struct state *, const struct witness *, size_t n, struct krux_err *err);

#endif
