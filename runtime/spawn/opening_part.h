/* What both kinds of head have in common. */
#ifndef KRUX_OPENING_PART_H
#define KRUX_OPENING_PART_H

#include <stdbool.h>

#include "runtime/spawn/opening.h"

/* The next line without its end, which rest then begins behind. p NULL: it has no end, or another one. */
struct krux_str opening_line(struct krux_str *rest);
/* HOST:PORT to host and port; or HOST alone, where a port is what it then is, and not 0. */
bool opening_target(struct krux_str, uint16_t otherwise, struct opening_head *out);
/* NAME: VALUE. Bytes of the name; 0: it is no field. */
size_t opening_name(struct krux_str line);
bool opening_is(struct krux_str line, size_t n, const char *name);

/* A request to http://HOST:PORT/PATH, whole: to one that its host takes. Why it is none, or NULL. */
const char *opening_request(struct krux_str head, struct opening_head *out);

#endif
