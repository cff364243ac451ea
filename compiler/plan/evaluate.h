/* One request decided: the diagram's answer, and who said what. */
#ifndef KRUX_EVALUATE_H
#define KRUX_EVALUATE_H

#include "compiler/dd/decision.h"

/* What one applicable file says. */
struct voice {
	const struct policy *policy;
	const struct rule *rule;        /* its match; NULL: the default, or nothing */
	const struct rule *would;       /* its match if every rule were enforced; NULL: none */
	enum krux_verdict verdict;      /* of the match, after rate and budget, or of the default */
	bool speaks;                    /* false: no match and no default, or the default was not asked */
	bool skipped;                   /* in observe mode: counts for `would` only */
};

struct evaluation {
	struct outcome outcome;
	struct voice *voice;            /* in build order, applicable files only */
	size_t nvoices;
	const struct voice *decided;    /* the first at the verdict; NULL: nobody spoke */
	struct krux_str below;          /* of a tree: the path that got it, where the request's own did not; else n 0 */
	const char *limit;              /* what ran out when it was looked for who decided; NULL: nothing */
	bool undecided;                 /* the diagram is of no use, by that limit: there is no outcome */
};

/* m and root as decide_build made them. */
void evaluate(struct arena *, struct decisions *, struct dd *m, uint32_t root, const struct build *,
              const struct capability *, const struct dd_request *, struct evaluation *out);

#endif
