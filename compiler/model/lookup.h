/* Patterns of capabilities: `*`, `ns.*`, `name`, `name@1`, `name@1.0`. */
#ifndef KRUX_LOOKUP_H
#define KRUX_LOOKUP_H

#include "compiler/model/model.h"

struct cap_pattern {
	bool wildcard;
	struct krux_str name;        /* wildcard: up to and with the last dot; empty for `*` */
	int32_t major, minor;        /* -1: any */
};

/* False: malformed. */
bool pattern_read(struct krux_str, struct cap_pattern *out);
/* The capabilities from..to-1 of the set are those it matches. */
void pattern_run(const struct capability_set *, const struct cap_pattern *, size_t *from,
                 size_t *to);
/* The capability that was perhaps meant; n 0: none. */
struct krux_str capability_near(struct arena *, const struct diags *, const struct capability_set *,
                                struct krux_str name);

#endif
