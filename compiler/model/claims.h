/* `tests` and `prove` of policy files, with their names resolved and values typed. */
#ifndef KRUX_CLAIMS_H
#define KRUX_CLAIMS_H

#include "compiler/model/model.h"

struct test_count {                  /* how often something has happened before the test */
	struct krux_str name;            /* calls: the capability, without version */
	const struct policy *policy;     /* rates, budgets */
	const struct rule *rule;
	uint64_t n;                      /* rates: intents; budgets: their sum */
};

struct test_case {
	const struct capability *cap;
	struct krux_value args;          /* canonical */
	struct krux_str agent;
	uint32_t time, weekday;          /* seconds; 0 Monday */
	const struct krux_str *label;    /* sorted, unique */
	size_t nlabels;
	const struct test_count *calls, *rates, *budgets;
	size_t ncalls, nrates, nbudgets;
	enum krux_verdict expect;
	bool has_would;
	enum krux_verdict would;
	bool has_by;
	const struct rule *by;           /* of the file that holds the test; NULL: its default */
	struct span at;                  /* of the call */
};

/* policy is one of the build's. False after diagnostics. */
bool test_resolve(struct arena *, struct diags *, const struct build *, const struct policy *,
                  const struct ast_test *, struct test_case *out);

struct claim {
	struct krux_str id;
	unsigned never, always;          /* bit 1 << verdict; never: 0 if not given */
	bool has_never, has_always;
	const struct krux_str *agent;    /* patterns; none: everyone */
	size_t nagents;
	const struct rule_cap *on;       /* sorted by capability */
	size_t non;
	struct span at;
};

/* policy: where groups and defines are looked up; NULL: there are none. */
bool claim_resolve(struct arena *, struct diags *, const struct build *, const struct policy *,
                   const struct ast_prove *, struct claim *out);
/* All claims of a policy, with the uniqueness of their ids. */
bool claims_resolve(struct arena *, struct diags *, const struct build *, const struct policy *,
                    const struct claim **out, size_t *n);

#endif
