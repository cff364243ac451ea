/* What the kernel is told about the calls of each capability: sandbox/layers.cbor of a bundle. Format:
 * capspec/bundle.cddl. */
#ifndef KRUX_LAYERS_H
#define KRUX_LAYERS_H

#include "capspec/bpf.h"
#include "capspec/value.h"

#define KRUX_LAYERS_FILE "sandbox/layers.cbor"

enum { KRUX_REACH_MOST = 64 };             /* folders of one class: each is opened, and is a rule of Landlock's, for each call */

/* Of one class of agents: folders that hold all that calls can reach, below the workspace; "" is all of it.
 * None: every call is blocked, or looks at names alone. */
struct krux_reach {
	const struct krux_str *folder;
	size_t n;
};

/* Of one capability. */
struct krux_layer {
	const struct krux_filter *filter;      /* one a machine; NULL: no call of it is run, nothing below counts */
	const struct krux_filter *command;     /* of a command's program, one a machine; NULL: it is a builtin */
	unsigned rights;                       /* below each folder: enum handler_right */
	const struct krux_reach *reach;        /* of each class of agents */
	size_t nreach;
	/* A name to its class: of each state the class of a name that ends there (nreach: there is no such agent),
	 * then pairs of the last character and the next state, up to 127. n 0: there is one class. */
	const struct krux_value *state;
	size_t nstates;
};
/* The class that an agent is in, or NULL. */
const struct krux_reach *krux_layer_reach(const struct krux_layer *, struct krux_str agent);

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
