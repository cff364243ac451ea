/* Tests and claims are typed here, so that what is wrong in them is said with all the rest. */
#include "compiler/model/claims.h"

#include "compiler/check/check.h"
#include "compiler/model/scope.h"

void check_claims(struct arena *a, struct diags *ds, const struct build *b)
{
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct policy *p = &b->policy[i];
		const struct claim *claim;
		struct test_case test;
		size_t n;

		claims_resolve(a, ds, b, p, &claim, &n);
		for (size_t k = 0; k < p->ast->ntests; k++)
			test_resolve(a, ds, b, p, &p->ast->test[k], &test);
	}
}

void check_unused(struct diags *ds, const struct build *b)
{
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct policyfile *f = b->policy[i].ast;
		const struct scope *s = b->policy[i].scope;

		for (size_t k = 0; k < f->ndefines; k++)
			if (!s->define_used[k])
				diag_warn(ds, 2141, f->define[k].name.at,
				          "the define `%.*s` is never used",
				          STR_ARG(f->define[k].name.text))
					->fix = KRUX_STR("use it or leave it out");
		for (size_t k = 0; k < f->ngroups; k++)
			if (!s->group_used[k])
				diag_warn(ds, 2142, f->group[k].name.at,
				          "the group `%.*s` is never used",
				          STR_ARG(f->group[k].name.text))
					->fix = KRUX_STR("use it or leave it out");
	}
}
