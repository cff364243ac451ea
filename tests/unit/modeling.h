/* What the tests of the model share: files at hand, resolved and checked together, and the
 * diagnostics that they bring. */
#ifndef KRUX_MODELING_H
#define KRUX_MODELING_H

#include <check.h>

#include "compiler/base/buf.h"
#include "compiler/model/model.h"
#include "compiler/read/read.h"

struct world {
	struct arena *arena;
	struct diags *diags;
	const struct capfile *cap[16];
	const struct policyfile *policy[16];
	size_t ncaps, npolicies;
	struct capability_set set;
	struct build build;
	bool resolved;                   /* set and build are of use */
};

void world_start(struct world *);
void world_end(struct world *);
void world_cap(struct world *, const char *text);
void world_policy(struct world *, const char *text);
/* Parses are done; resolves capabilities, and policies where there are any, and checks. */
void world_resolve(struct world *);
/* The capability that conditions of examples are about. */
void world_example(struct world *);
/* An organization policy with one rule that permits example.act by that condition. */
void world_condition(struct world *, const char *cond);

/* The diagnostic of that code, or a failure that prints all there are. */
const struct diag *world_diag(struct world *, unsigned code);
/* Nothing was said. */
void world_clean(struct world *);
/* All diagnostics as `kruxc` prints them. */
void world_print(struct world *);

/* A capability file of one capability demo.act in which one clause is replaced. Clauses are
 * given as text, NULL for the usual one. Lives as long as the world. */
struct clauses {
	const char *types, *doc, *input, *output, *errors, *effect, *labels, *limits, *handler, *examples, *more;
};
const char *demo_cap(struct world *, const struct clauses *);

#define SHA "0000000000000000000000000000000000000000000000000000000000000000"
extern const char runs_code[];       /* the clause of that label */
/* The clause of a handler: that program with those items. */
const char *command_clause(struct world *, const char *program, const char *argv);
/* A world of demo.act with that handler and a field of each type, resolved. */
void handler_start(struct world *, const char *handler);
void labelled_start(struct world *, const char *handler, const char *labels);

#endif
