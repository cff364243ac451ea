/* A rule of a KruxOS policy while it is being read. */
#ifndef KRUX_IMPORT_KRUXOS_RULE_H
#define KRUX_IMPORT_KRUXOS_RULE_H

#include "compiler/read/import_kruxos.h"

struct entry {
	struct importer *im;
	struct draft_rule rule;
	bool has_tier, doubt, stand_in;
	bool tier_here, agent_here, rate_here;  /* said by the mapping at hand */
	struct krux_str rest;           /* of conditions, "a and b": all that they could mean */
	struct krux_str least;          /* and the least */
	struct span loose;              /* the first of which these two differ, if it has a source */
	bool no_least;
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
/* Conditions of two meanings: the wide one where the rule blocks, the narrow one where it is
 * autonomous; in between neither is safe, and the rule is in doubt. */
void entry_choose(struct entry *);
/* A path's pattern as quoted globs; n 0: there is none. A rule that blocks is safe with the wide
 * one, a rule that permits with the narrow one; they are the same where the meaning is plain. */
void entry_glob(struct arena *, struct krux_str pattern, struct krux_str *wide, struct krux_str *narrow);
/* e->rate, for a rule whose verdict is known. */
void entry_rate(struct entry *);

#endif
