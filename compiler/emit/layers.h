/* Capabilities to what the kernel is told about their calls (capspec/layers.h), and its readable twins. */
#ifndef KRUX_EMIT_LAYERS_H
#define KRUX_EMIT_LAYERS_H

#include "capspec/layers.h"
#include "compiler/base/buf.h"
#include "compiler/base/diag.h"
#include "compiler/model/model.h"

struct filter;

struct layers {
	struct krux_layers kernel;             /* by index of the capabilities */
	const struct reach *reach;             /* of each */
	const struct filter *const *filter;    /* of each; NULL: its calls are not run */
	const struct filter *const *program;   /* of each that is a command; else NULL */
};

struct reach;

/* reach: of each capability, what its calls can reach; NULL: the whole workspace, by all agents.
 * False after a diagnostic: a filter cannot be made, or says something else than its table. */
bool layers_make(struct arena *, struct diags *, const struct capability_set *, const struct reach *reach,
                 struct layers *out);

/* The filter is verified; false after a diagnostic that names the capability. */
bool filter_accept(struct arena *, struct diags *, const struct capability *, const struct filter *);
/* What no filter holds: a part of sandbox/common.txt. */
void filter_never_write(struct buf *);
/* What each version of Landlock holds: a part of sandbox/common.txt. */
void landlock_ladder_write(struct buf *);
/* sandbox/NAME.landlock.txt. */
void landlock_text_write(struct buf *, const struct capability *, const struct krux_layer *, const struct reach *);
/* sandbox/NAME.seccomp.txt. */
void filter_text_write(struct buf *, const struct capability *, const struct filter *);

#endif
