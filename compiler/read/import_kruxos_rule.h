/* A rule of a KruxOS policy while it is being read. */
#ifndef KRUX_IMPORT_KRUXOS_RULE_H
#define KRUX_IMPORT_KRUXOS_RULE_H

#include "compiler/read/import_kruxos.h"

struct entry {
	struct importer *im;
	struct draft_rule rule;
	bool has_tier, doubt, stand_in;
	struct krux_str rest;           /* of conditions: "a and b" */
	unsigned tests;                 /* in it */
	const struct yaml_node *nested, *rate;
};

/* The spellings of a tier. */
bool entry_tier(struct krux_str, enum krux_verdict *out);
bool entry_word(struct krux_str, const char *const *words);
/* Something of the rule is not known: in the end it blocks. */
void entry_doubt(struct entry *, struct span at, struct krux_str why);
/* A mapping of tests, or a list of such: all must hold. */
void entry_conditions(struct entry *, const struct yaml_node *);
/* e->rate, for a rule whose verdict is known. */
void entry_rate(struct entry *);

#endif
