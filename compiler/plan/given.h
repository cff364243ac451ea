/* Facts as people give them, in tests and on the command line, and as witnesses show them: the same
 * form both ways. */
#ifndef KRUX_GIVEN_H
#define KRUX_GIVEN_H

#include "compiler/base/buf.h"
#include "compiler/dd/decision.h"

struct given_count { struct krux_str name; uint64_t n; };   /* a capability, or "policy/rule" */

/* What is not given is zero. */
struct given_facts {
	uint64_t time, weekday;         /* seconds; 0 Monday */
	const struct krux_str *label;
	size_t nlabels;
	const struct given_count *calls, *rates, *budgets;
	size_t ncalls, nrates, nbudgets;
	const struct dd *m;             /* whose variables are asked for */
	const struct krux_value *args;  /* for budgets */
};
/* A budget's answer, of what was summed before the request: is it used up. */
bool given_over(const struct dd_var *, uint64_t sum, const struct krux_value *args);
/* A krux_fact_fn over struct given_facts, by dd_var number. */
bool given_fact(void *facts, uint32_t var, uint64_t *answer);

/* The facts of a witness as an object that --facts takes: all but those that are zero, and of rates
 * and budgets those that rules of the build have. */
void given_json(struct buf *, const struct dd *, const struct dd_witness *, const struct build *);

/* The requests whose budgets agree with what the request itself adds to them. */
uint32_t given_possible(struct arena *, struct dd *);
/* Those whose budgets answer what they add themselves to the sums that are given. */
uint32_t given_sums(struct arena *, struct dd *, const struct given_facts *);
/* The requests that are over a budget only by what they add themselves. */
uint32_t given_alone(struct arena *, struct dd *, const struct dd_var *budget);

#endif
