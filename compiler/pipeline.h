/* The compiler as a sequence of passes. Each takes what the one before made, leaves it intact,
 * and stops the sequence when it has reported an error. */
#ifndef KRUX_PIPELINE_H
#define KRUX_PIPELINE_H

#include "compiler/base/diag.h"
#include "compiler/dd/decision.h"
#include "compiler/model/model.h"
#include "compiler/read/read.h"

/* What the user pointed at. */
struct inputs_given {
	char *const *path;          /* files and folders */
	size_t npaths;
	char *const *capdir;        /* -I: folders searched for *.cap only */
	size_t ncapdirs;
};

struct pipeline {
	struct arena *arena;        /* owned; everything below lives in it */
	struct diags *diags;
	const struct source **source;        /* all that was read, sorted by shown name */
	size_t nsources;
	const struct capfile **capfile;
	size_t ncapfiles;
	const struct policyfile **policyfile; /* the built-in system file is the first */
	size_t npolicyfiles;
	struct capability_set caps;
	struct build build;
	struct decisions *decisions;
	struct dd **manager;        /* one a capability, by index; made by pipeline_decide */
	uint32_t *root;
};

struct pipeline *pipeline_new(void);
void pipeline_free(struct pipeline *);

/* Each returns false when the pass has reported errors. */
bool pipeline_read(struct pipeline *, const struct inputs_given *);
bool pipeline_resolve(struct pipeline *);
/* All diagrams. */
bool pipeline_decide(struct pipeline *);
/* Reads, resolves and decides. */
bool pipeline_run(struct pipeline *, const struct inputs_given *);

#endif
