/* Claims of `prove`: regions of requests, and the verdicts they may get. */
#include "compiler/model/claims.h"

#include "compiler/model/policy_resolve.h"
#include "compiler/model/words.h"

static unsigned verdicts_read(struct diags *ds, const struct ast_words *words, const char *key)
{
	unsigned set = 0;

	if (words->at.src && !words->n)
		diag_error(ds, 5007, words->at, "the list of `%s` is empty", key)->expected =
			KRUX_STR("at least one verdict");
	for (size_t i = 0; i < words->n; i++) {
		enum krux_verdict v;

		if (verdict_read(ds, 5004, words->item[i], &v))
			set |= 1u << v;
	}
	return set;
}

bool claim_resolve(struct arena *a, struct diags *ds, const struct build *b,
                   const struct policy *policy, const struct ast_prove *ast, struct claim *out)
{
	size_t before = ds->errors, n;
	struct policy_ctx c = { .arena = a,
		                .diags = ds,
		                .caps = &b->caps,
		                .report = { .arena = a, .said = ds } };
	struct matched *cap;
	struct rule_cap *on;
	bool wildcard;

	*out = (struct claim){ .id = ast->id.text, .at = ast->id.at.src ? ast->id.at : ast->at };
	c.scope = (struct scope *)(uintptr_t)(policy ? policy->scope : scope_outside(a, b));
	c.work = c.scope->work;
	if (word_given(ast->id))
		id_check(ds, ast->id, "claim");
	out->has_never = ast->never.at.src || ast->never.n;
	out->has_always = ast->always.at.src || ast->always.n;
	out->never = verdicts_read(ds, &ast->never, "never");
	out->always = verdicts_read(ds, &ast->always, "always");
	if (!out->has_never && !out->has_always)
		diag_error(ds, 5007, out->at, "the claim says neither `never` nor `always`")
			->expected = KRUX_STR("`never:` or `always:` with a list of verdicts");
	agents_resolve(&c, &ast->agent, "agent", false, &out->agent, &out->nagents);
	n = on_resolve(&c, &ast->on, &ast->label, out->at, &wildcard, &cap);
	on = ARENA_ARRAY(a, struct rule_cap, n);
	when_resolve(&c, ast->when, cap, n, on);
	out->on = on;
	out->non = n;
	return ds->errors == before;
}

bool claims_resolve(struct arena *a, struct diags *ds, const struct build *b,
                    const struct policy *policy, const struct claim **out, size_t *n)
{
	const struct policyfile *f = policy->ast;
	struct claim *claim = ARENA_ARRAY(a, struct claim, f->nproves);
	struct krux_str *id = ARENA_ARRAY(a, struct krux_str, f->nproves);
	size_t before = ds->errors;
	struct names names;
	struct diag *d;

	for (size_t i = 0; i < f->nproves; i++) {
		claim_resolve(a, ds, b, policy, &f->prove[i], &claim[i]);
		id[i] = claim[i].id;
	}
	names_make(&names, a, id, f->nproves);
	for (uint32_t i = 0; i < f->nproves; i++)
		if (names_first(&names, i) != i && id[i].n) {
			d = diag_error(ds, 5008, claim[i].at,
			               "two claims of this file have the id `%.*s`",
			               STR_ARG(id[i]));
			d->other = claim[names_first(&names, i)].at;
			d->other_text = KRUX_STR("the first one");
		}
	*out = claim;
	*n = f->nproves;
	return ds->errors == before;
}
