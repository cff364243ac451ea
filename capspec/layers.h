/* What the kernel is told about the calls of each capability: sandbox/layers.cbor of a bundle. Format:
 * capspec/bundle.cddl. */
#ifndef KRUX_LAYERS_H
#define KRUX_LAYERS_H

#include "capspec/bpf.h"
#include "capspec/value.h"

#define KRUX_LAYERS_FILE "sandbox/layers.cbor"

/* Of one capability. */
struct krux_layer {
	const struct krux_filter *filter;      /* one a machine; NULL: its calls are not run */
};

struct krux_layers {
	const struct krux_layer *list;         /* by index of the policy */
	size_t n;
};

/* Equal filters are written once, those whose pointers are equal. */
bool krux_layers_write(struct krux_pool *, const struct krux_layers *, struct krux_str *out, struct krux_refusal *);
/* Any bytes, for a policy of n capabilities; every filter is one (krux_bpf_wrong). Nothing borrows from
 * bytes. */
bool krux_layers_read(struct krux_pool *, struct krux_str bytes, size_t n, struct krux_layers *out,
                      struct krux_refusal *);

#endif
