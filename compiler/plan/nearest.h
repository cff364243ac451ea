/* What stood in the way of a call: for `kruxc eval --explain`. */
#ifndef KRUX_NEAREST_H
#define KRUX_NEAREST_H

#include "compiler/base/buf.h"
#include "compiler/plan/evaluate.h"

enum { NEAREST_CLAUSES = 16 };

/* The rule that would say more and asks least for it. */
struct words;
struct nearest_rule {
	const struct policy *policy;
	const struct rule *rule;                       /* NULL: no rule would say more */
	const struct cond *clause[NEAREST_CLAUSES];    /* that fail */
	size_t nclauses, more;                         /* more: not listed */
	bool agent;                                    /* it is for other agents */
	bool below;                                    /* it has decided for the path, not for what is below */
	bool used_up;                                  /* it has decided: its rate or budget is used up */
};

/* The fewest variables of the request with other values, arguments rather than anything else. */
struct nearest_change {
	bool found;                                    /* false: no request has another verdict */
	enum krux_verdict verdict;
	const struct cond *where[NEAREST_CLAUSES];
	size_t nwhere;
	bool others;                                   /* no change of the arguments alone does it */
	bool window;                                   /* a rate or budget is part of the change */
	struct krux_str unsaid[NEAREST_CLAUSES];       /* what else is looked at, in classes beyond words */
	size_t nunsaid;
	const struct krux_value *args;                 /* such as these; NULL: no example */
};

struct nearest {
	const struct words *words;         /* of the names of long sets */
	struct nearest_rule rule;
	struct nearest_change change;
	const char *rule_limit, *change_limit;         /* what ran out when it was looked for; NULL: nothing. A change
	                                                  that was found by then need not be the smallest */
};

/* The request's facts are those that are given: what is looked for has the same past. */
struct given_facts;
void nearest_find(struct arena *, const struct decisions *, struct dd *m, uint32_t root, const struct build *,
                  const struct capability *, const struct dd_request *, const struct given_facts *,
                  const struct evaluation *, struct nearest *out);
/* Paragraphs for people; members `nearest` and `change` of an object, each after a comma. */
void nearest_print(struct buf *, const struct capability *, const struct nearest *);
void nearest_json(struct buf *, const struct capability *, const struct nearest *);

#endif
