/* A build made from text, all the way to code that runs: for tests of what is compiled. */
#ifndef KRUX_COMPILED_H
#define KRUX_COMPILED_H

#include "compiler/base/diag.h"
#include "compiler/dd/decision.h"
#include "compiler/emit/emit_c.h"
#include "runtime/bundle/map.h"

struct compiled {
	struct arena *arena;
	struct diags *diags;
	struct build build;
	struct decisions *decisions;
	struct dd **manager;
	uint32_t *root;
	enum emit_form form;
	struct krux_str c_text, object, compiler;
	struct map map;
	const struct krux_abi *abi;
	void *scratch;
};

/* Text of a capability file and of policy files; diagrams, no code yet. Prints diagnostics and
 * fails the test if there are errors. */
void compiled_decide(struct compiled *, const char *caps, const char *const *policy, size_t npolicies);
/* decide.c of it, in the form that it says. */
void compiled_emit(struct compiled *);
/* And its code, mapped as the runtime does. */
void compiled_load(struct compiled *);
void compiled_free(struct compiled *);

/* Canonical arguments of a JSON text; the length of their encoding in *out. */
size_t compiled_args(struct compiled *, const struct capability *, const char *json, struct krux_value *wire,
                     uint8_t *out, size_t cap);

#endif
