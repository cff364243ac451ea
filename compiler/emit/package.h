/* The bundle and its readable parts: what `kruxc build` writes. */
#ifndef KRUX_PACKAGE_H
#define KRUX_PACKAGE_H

#include "capspec/bundle.h"
#include "compiler/base/buf.h"
#include "compiler/model/model.h"

struct layers;

struct package_input {
	struct krux_str policy_id;
	uint64_t serial;
	const struct krux_secret_key *key;
	struct krux_str object;              /* shared object of decide.c */
	struct krux_str decide_c, table, compiler;   /* compiler: its version line */
	const struct source *const *source;  /* all that was read */
	size_t nsources;
	const struct build *build;
	const struct krux_str *plan;         /* sandbox plans, by capability */
	struct krux_str common;              /* what they have in common */
	const struct layers *layers;         /* what the kernel is told */
};

struct package {
	const struct krux_bundle_file *file; /* sorted by name: everything beside bundle.krux */
	size_t nfiles;
	struct krux_str bundle;
};

/* False after a diagnostic. All in the arena. */
bool package_make(struct arena *, struct diags *, const struct package_input *, struct package *out);

#endif
