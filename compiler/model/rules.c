/* Rules of a policy file: verdicts, approvals, rates and budgets for the capabilities matched. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/access.h"
#include "compiler/model/kinds.h"
#include "compiler/model/policy_resolve.h"
#include "compiler/model/words.h"

#define NS_SECOND 1000000000ull
#define NS_HOUR (3600 * NS_SECOND)
#define NS_DAY (24 * NS_HOUR)

static bool permits(enum krux_verdict v)
{
	return v == KRUX_NOTIFY || v == KRUX_AUTONOMOUS;
}

/* ---- up-to ---- */

static const char *const rank_words[] = {
	"reads", "writes", "deletes", "connects", "executes", NULL
};

static void up_to_resolve(struct policy_ctx *c, const struct ast_rule *ast, const struct rule *r,
                          bool wildcard, const struct matched *cap, size_t n)
{
	struct krux_str beyond = { 0 };
	size_t nbeyond = 0;
	unsigned most;
	struct diag *d;

	if (!word_given(ast->up_to)) {
		if (!wildcard || !permits(r->verdict))
			return;
		d = diag_error(c->diags, 2112, ast->on.at.src ? ast->on.at : ast->id.at,
		               "the rule `%.*s` permits whatever its wildcard matches",
		               STR_ARG(ast->id.text));
		d->expected = KRUX_STR("`up-to`: the strongest effect that may be matched");
		d->fix = KRUX_STR("add `up-to: reads`, or writes, deletes, connects, executes");
		return;
	}
	if (!choice_read(c->diags, 2102, ast->up_to, rank_words, "rank of effects", &most))
		return;
	if (!wildcard || !permits(r->verdict)) {
		d = diag_error(c->diags, 2114, ast->up_to.at, "`up-to` says nothing here: %s",
		               wildcard ? "the rule does not permit"
		                        : "there is no wildcard in `on`");
		d->fix = KRUX_STR("leave it out");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (cap[i].by_name || cap[i].cap->rank <= most + 1)
			continue;
		if (nbeyond++ < 8)
			beyond = arena_printf(c->arena, "%.*s%s%.*s", STR_ARG(beyond),
			                      nbeyond > 1 ? ", " : "", STR_ARG(cap[i].cap->name));
	}
	if (!nbeyond)
		return;
	d = diag_error(c->diags, 2113, ast->up_to.at, "the wildcard reaches beyond `%s`: %.*s",
	               rank_words[most], STR_ARG(beyond));
	if (nbeyond > 8)
		d->text =
			arena_printf(c->arena, "%.*s and %zu more", STR_ARG(d->text), nbeyond - 8);
	d->expected = KRUX_STR("capabilities whose effects are at most those of up-to");
	d->fix = KRUX_STR("name the capabilities that are meant, or raise up-to");
}

/* ---- approvals ---- */

static int name_cmp(const void *a, const void *b)
{
	return name_order(*(const struct krux_str *)a, *(const struct krux_str *)b);
}

static void approvers_resolve(struct policy_ctx *c, const struct ast_words *from,
                              struct approval *out)
{
	struct krux_str *name = ARENA_ARRAY(c->arena, struct krux_str, from->n);
	size_t n = 0;

	if (from->at.src && !from->n)
		diag_error(c->diags, 2130, from->at, "the list of approvers is empty")->fix =
			KRUX_STR("leave `from` out: then any registered approver counts");
	for (size_t i = 0; i < from->n; i++) {
		if (!krux_agent_valid(from->item[i].text))
			diag_error(c->diags, 2103, from->item[i].at,
			           "this is no name of an approver")
				->expected = KRUX_STR("1 to 64 of a-z 0-9 . _ -");
		name[i] = from->item[i].text;
	}
	if (from->n)
		qsort(name, from->n, sizeof *name, name_cmp);
	for (size_t i = 0; i < from->n; i++)
		if (!n || name_order(name[n - 1], name[i]))
			name[n++] = name[i];
	out->from = name;
	out->nfrom = n;
}

static void approval_resolve(struct policy_ctx *c, const struct ast_rule *ast, struct rule *r)
{
	const struct ast_approval *a = &ast->approval;
	uint64_t n;
	struct diag *d;

	r->approval = (struct approval){ .ttl = NS_HOUR, .quorum = 1 };
	if (!a->given)
		return;
	if (word_given(a->ttl))
		duration_read(c->diags, a->ttl, "`ttl`", NS_SECOND, 365 * NS_DAY, &r->approval.ttl);
	if (word_given(a->quorum) && count_read(c->diags, a->quorum, "`quorum`", 1, 1000, &n))
		r->approval.quorum = (uint32_t)n;
	approvers_resolve(c, &a->from, &r->approval);
	if (r->approval.nfrom && r->approval.quorum > r->approval.nfrom) {
		d = diag_error(c->diags, 2136, a->quorum.at, "%u must agree, but only %zu may",
		               r->approval.quorum, r->approval.nfrom);
		d->expected = KRUX_STR("a quorum of at most the number of approvers in from");
	}
	if (r->verdict != KRUX_APPROVAL && !(r->rate.given && r->rate.exceeded == KRUX_APPROVAL) &&
	    !(r->budget.given && r->budget.exceeded == KRUX_APPROVAL))
		diag_warn(c->diags, 2135, a->at,
		          "the approval is idle: no verdict of this rule is `approval-required`")
			->fix = KRUX_STR("leave it out");
}

/* ---- rates and budgets ---- */

static void rate_resolve(struct policy_ctx *c, const struct ast_rate *ast, const struct rule *r,
                         bool budget, struct rate *out)
{
	struct diag *d;

	if (!ast->given)
		return;
	*out = (struct rate){ .given = true,
		              .budget = budget,
		              .exceeded = KRUX_BLOCKED,
		              .max = 1,
		              .per = NS_SECOND,
		              .sum = ast->sum_operand };
	if (word_given(ast->max))
		count_read(c->diags, ast->max, budget ? "`max` of the budget" : "`max` of the rate",
		           1, INT64_MAX, &out->max);
	if (word_given(ast->per))
		duration_read(c->diags, ast->per, "`per`", NS_SECOND, 366 * NS_DAY, &out->per);
	if (word_given(ast->exceeded) &&
	    !verdict_read(c->diags, 2102, ast->exceeded, &out->exceeded))
		return;
	if (out->exceeded < r->verdict)
		return;
	d = diag_error(c->diags, 2133, word_given(ast->exceeded) ? ast->exceeded.at : ast->at,
	               "`%s` is not stricter than the rule's own verdict `%s`",
	               verdict_word(out->exceeded), verdict_word(r->verdict));
	d->expected = r->verdict == KRUX_BLOCKED
	                      ? KRUX_STR("no rate and no budget: nothing is stricter than blocked")
	                      : KRUX_STR("a stricter verdict; blocked when `exceeded` is left out");
}

/* The capabilities in which the sum is not what it has to be, with why. */
static bool sum_of(struct policy_ctx *c, const struct operand *sum, const struct capability *cap,
                   struct subject *out, struct krux_str *why)
{
	bool size = sum->kind == OPERAND_SIZE, optional;
	const struct operand *o = size ? sum->inner : sum;
	const struct krux_type *in, *t;
	struct access at;
	size_t name;

	if (access_find(c->arena, cap->input, o, &at, &optional, &name, &in) != ACCESS_OK) {
		*why = o->kind == OPERAND_NAME ? arena_printf(c->arena, "there is no field `%.*s`",
		                                              STR_ARG(operand_words(c->arena, o)))
		                               : KRUX_STR("only a field can be summed up");
		return false;
	}
	t = at.type;
	if (optional) {
		*why = arena_printf(c->arena, "`%.*s` may be absent", STR_ARG(at.text));
		return false;
	}
	if (size && t->kind != KRUX_T_STRING && t->kind != KRUX_T_BYTES && t->kind != KRUX_T_PATH &&
	    t->kind != KRUX_T_LIST && t->kind != KRUX_T_MAP) {
		*why = arena_printf(c->arena, "`%.*s` is %s, which has no size", STR_ARG(at.text),
		                    kind_words(t->kind));
		return false;
	}
	if (!size && t->kind != KRUX_T_UINT && t->kind != KRUX_T_SIZE) {
		*why = arena_printf(c->arena, "`%.*s` is %s", STR_ARG(at.text),
		                    kind_words(t->kind));
		return false;
	}
	*out = (struct subject){ .kind = size ? SUBJECT_SIZE : SUBJECT_FIELD, .access = at,
	                         .type = size ? &type_count : t };
	return true;
}

static void budget_resolve(struct policy_ctx *c, const struct ast_rule *ast, struct rule_cap *on,
                           size_t n)
{
	struct span at = ast->budget.sum.at;
	struct finding *f;
	struct krux_str why;

	if (!ast->budget.sum_operand)
		return;
	for (size_t i = 0; i < n; i++) {
		c->report.now = on[i].cap;
		if (sum_of(c, ast->budget.sum_operand, on[i].cap, &on[i].budget, &why))
			continue;
		f = report_add(&c->report, DIAG_ERROR, 2134, at, true,
		               "this cannot be summed up: %.*s", STR_ARG(why));
		f->expected = KRUX_STR("a uint or size field that is never absent, or size(field)");
	}
	report_flush(&c->report, c->diags);
}

/* ---- rules ---- */

static const char *const mode_words[] = { "enforce", "observe", NULL };

static void on_and_when(struct policy_ctx *c, const struct ast_rule *ast, struct rule *r)
{
	struct matched *cap;
	struct rule_cap *on;
	bool wildcard;
	size_t n = on_resolve(c, &ast->on, &ast->label, ast->id.at, &wildcard, &cap);

	on = ARENA_ARRAY(c->arena, struct rule_cap, n);
	up_to_resolve(c, ast, r, wildcard, cap, n);
	when_resolve(c, ast->when, cap, n, on);
	budget_resolve(c, ast, on, n);
	r->on = on;
	r->non = n;
}

static void rule_resolve(struct policy_ctx *c, const struct ast_rule *ast, struct rule *r)
{
	unsigned mode = 0;

	r->id = ast->id.text;
	r->reason = ast->reason.text;
	r->ast = ast;
	r->at = ast->id.at.src ? ast->id.at : ast->at;
	if (word_given(ast->id))
		id_check(c->diags, ast->id, "rule");
	if (word_given(ast->verdict))
		verdict_read(c->diags, 2102, ast->verdict, &r->verdict);
	if (word_given(ast->mode))
		choice_read(c->diags, 2102, ast->mode, mode_words, "mode", &mode);
	r->observe = mode == 1;
	agents_resolve(c, &ast->agent, "agent", false, &r->agent, &r->nagents);
	rate_resolve(c, &ast->rate, r, false, &r->rate);
	rate_resolve(c, &ast->budget, r, true, &r->budget);
	approval_resolve(c, ast, r);
	on_and_when(c, ast, r);
}

void rules_resolve(struct policy_ctx *c)
{
	const struct policyfile *f = c->file;
	struct rule *rule = ARENA_ARRAY(c->arena, struct rule, f->nrules);
	struct diag *d;

	for (uint32_t i = 0; i < f->nrules; i++) {
		uint32_t first = names_first(&c->scope->rules, i);

		rule[i].index = i;
		rule_resolve(c, &f->rule[i], &rule[i]);
		if (first == i || !f->rule[i].id.text.n)
			continue;
		d = diag_error(c->diags, 2108, rule[i].at,
		               "two rules of this file have the id `%.*s`", STR_ARG(rule[i].id));
		d->other = rule[first].at;
		d->other_text = KRUX_STR("the first one");
	}
	c->policy->rule = rule;
	c->policy->nrules = f->nrules;
}
