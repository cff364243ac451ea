/* What the passes over one capability share. Inside compiler/model only. */
#ifndef KRUX_CAP_RESOLVE_H
#define KRUX_CAP_RESOLVE_H

#include "compiler/model/model.h"
#include "compiler/model/names.h"

/* A declared type. One that has a string without `max` is made anew for every bound of output. */
struct named_type {
	const struct ast_typedef *ast;
	const struct krux_type *type;   /* of the bound below */
	uint64_t bound;
	bool made, busy, failed;
};

struct namespace {
	struct krux_str name, folder;
	struct span at;
	struct named_type *type;
	struct names types;
};

struct cap_ctx {
	struct arena *arena;
	struct diags *diags;
	struct namespace *ns;
	uint64_t string_max;            /* of string and bytes without `max` */
	unsigned depth;                 /* of the type at hand */
	size_t *places;                 /* of all types so far */
	const struct ast_capability *ast;
	struct capability *cap;
};

/* NULL after a diagnostic. `outside` may not be optional or have a default. */
const struct krux_type *type_resolve(struct cap_ctx *, const struct ast_type *);
/* input { } and output { }: a record. NULL after diagnostics. */
const struct krux_type *record_resolve(struct cap_ctx *, const struct ast_field *, size_t n,
                                       struct span at, bool input);

void effects_resolve(struct cap_ctx *);
void handler_resolve(struct cap_ctx *);
/* held.c: the handler can do the effects, and no more. */
void held_check(struct cap_ctx *);
/* commands.c: the same of a program. */
void commands_check(struct cap_ctx *);
/* Of any handler: can its changes be approved, where it says that they are. */
void changes_check(struct cap_ctx *);
void examples_resolve(struct cap_ctx *);
void limits_resolve(struct cap_ctx *);
void doc_resolve(struct cap_ctx *);
void labels_resolve(struct cap_ctx *);
void errors_resolve(struct cap_ctx *);

/* The place that a field, record field or part of a url names; false after a diagnostic of
 * that code. *optional: something on the way may be absent. */
bool place_find(struct cap_ctx *, const struct operand *, unsigned code, struct access *out,
                bool *optional);

#endif
