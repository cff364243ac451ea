/* Where the head of an HTTP message ends, of which bytes come in pieces. */
#ifndef KRUX_HEAD_H
#define KRUX_HEAD_H

#include <stddef.h>

#include "capspec/value.h"

enum head {
	HEAD_NONE,             /* there is something in it that is no text, such as TLS, which would never have an end */
	HEAD_MORE,
	HEAD_LONG,             /* it is not whole in `most` bytes */
	HEAD_WHOLE,            /* with its empty line it is *looked bytes */
};

/* bytes: all that came, from the first on; *looked: how many of them were looked at, 0 to begin with. */
enum head head_look(struct krux_str bytes, size_t most, size_t *looked);

#endif
