/* Bundles that decided something, kept by their digest in bundles/HEX.krux of the state folder, so that
 * every verdict of the log can be given again. */
#ifndef KRUX_KEPT_H
#define KRUX_KEPT_H

#include <stdbool.h>
#include <stdint.h>

struct krux_err;
struct loaded;
struct state;

enum { KEPT_DIGEST = 32 };

/* Keeps it where it is not kept yet; on disk when it returns. */
int kept_put(const struct state *, const struct loaded *, struct krux_err *err);
/* NULL with *err: it is not there, is another one, or is not trusted. */
struct loaded *kept_open(const struct state *, const uint8_t digest[static KEPT_DIGEST], bool dev,
                         struct krux_err *err);

#endif
