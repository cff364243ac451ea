/* What the passes over policy files share. Inside compiler/model only. */
#ifndef KRUX_POLICY_RESOLVE_H
#define KRUX_POLICY_RESOLVE_H

#include "compiler/model/report.h"
#include "compiler/model/scope.h"

struct policy_ctx {
	struct arena *arena;
	struct diags *diags;
	const struct capability_set *caps;
	struct names *labels;
	const struct policyfile *file;
	struct policy *policy;
	struct scope *scope;
	struct report report;
	struct work *work;
};

/* ---- scopes.c ---- */
void labels_collect(struct names *, struct arena *, const struct capability_set *);
void scope_make(struct policy_ctx *);
struct work *work_new(struct arena *, const struct capability_set *);
/* Patterns and groups of `agent:`; an empty list is an error. `in_group`: patterns only. */
void agents_resolve(struct policy_ctx *, const struct ast_words *, const char *key, bool in_group,
                    const struct krux_str **out, size_t *n);

/* ---- on.c ---- */
struct matched {
	const struct capability *cap;
	bool by_name;                    /* not by a wildcard alone */
};
/* The capabilities of `on` that have one of the labels, if any are given, sorted, each once; 0 after diagnostics. */
size_t on_resolve(struct policy_ctx *, const struct ast_words *on, const struct ast_words *label, struct span at,
                  bool *wildcard, struct matched **out);
/* One condition for all of them; false after diagnostics. */
bool when_resolve(struct policy_ctx *, const struct expr *, const struct matched *, size_t n,
                  struct rule_cap *out);

/* ---- rules.c ---- */
void rules_resolve(struct policy_ctx *);

#endif
