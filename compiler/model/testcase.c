/* Tests of policy files: a call, what has happened before, and the verdict it must get. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/claims.h"
#include "compiler/model/kinds.h"
#include "compiler/model/label.h"
#include "compiler/model/literal.h"
#include "compiler/model/lookup.h"
#include "compiler/model/names.h"
#include "compiler/model/scope.h"
#include "compiler/model/words.h"

struct ctx {
	struct arena *arena;
	struct diags *diags;
	const struct build *build;
	const struct policy *policy;
	const struct ast_test *ast;
	struct test_case *out;
};

/* ---- the call ---- */

static void unknown_capability(struct ctx *c, unsigned code, struct span at, struct krux_str name)
{
	struct krux_str near = capability_near(c->arena, c->diags, &c->build->caps, name);
	struct diag *d =
		diag_error(c->diags, code, at, "there is no capability `%.*s`", STR_ARG(name));

	d->expected = KRUX_STR("a capability of this build: name, name@1 or name@1.0");
	if (near.n)
		d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
}

static void call_resolve(struct ctx *c)
{
	struct literal_fault f;
	struct diag *d;

	c->out->at = c->ast->call_text.at.src ? c->ast->call_text.at : c->ast->at;
	if (!c->ast->capability.n || !c->ast->args)
		return;
	c->out->cap = capability_find(&c->build->caps, c->ast->capability);
	if (!c->out->cap) {
		unknown_capability(c, 5001, c->out->at, c->ast->capability);
		return;
	}
	if (literal_canon(c->arena, c->out->cap->input, c->ast->args, &c->out->args, &f))
		return;
	d = diag_error(c->diags, 5002, f.at, "the arguments do not fit `%.*s`: %.*s",
	               STR_ARG(c->out->cap->name), STR_ARG(f.text));
	d->expected = f.expected;
}

static void agent_resolve(struct ctx *c)
{
	c->out->agent = c->ast->as.text;
	if (word_given(c->ast->as) && !krux_agent_valid(c->ast->as.text))
		diag_error(c->diags, 5003, c->ast->as.at, "`%.*s` is no agent id",
		           STR_ARG(c->ast->as.text))
			->expected = KRUX_STR("1 to 64 of a-z 0-9 . _ -: a test is of one agent");
}

/* ---- facts ---- */

static void fact_fail(struct ctx *c, struct span at, const char *what, const char *expected)
{
	diag_error(c->diags, 5005, at, "%s", what)->expected =
		(struct krux_str){ expected, strlen(expected) };
}

static void clock_resolve(struct ctx *c)
{
	if (word_given(c->ast->time) && !time_read(c->ast->time.text, &c->out->time))
		fact_fail(c, c->ast->time.at, "this is no time of day",
		          "\"HH:MM\" or \"HH:MM:SS\"");
	if (!word_given(c->ast->weekday))
		return;
	for (uint32_t i = 0; i < type_weekday.nnames; i++)
		if (krux_str_eq(type_weekday.name[i], c->ast->weekday.text)) {
			c->out->weekday = i;
			return;
		}
	fact_fail(c, c->ast->weekday.at, "this is no day of the week",
	          "one of mon, tue, wed, thu, fri, sat, sun");
}

static int text_order(const void *a, const void *b)
{
	return name_order(*(const struct krux_str *)a, *(const struct krux_str *)b);
}

static void labels_resolve(struct ctx *c)
{
	size_t n = c->ast->labels.n, k = 0;
	struct krux_str *label = ARENA_ARRAY(c->arena, struct krux_str, n);

	for (size_t i = 0; i < n; i++) {
		label[i] = c->ast->labels.item[i].text;
		if (!label_valid(label[i]))
			fact_fail(c, c->ast->labels.item[i].at, "this is no label", LABEL_WORDS);
	}
	if (n)
		qsort(label, n, sizeof *label, text_order);
	for (size_t i = 0; i < n; i++)
		if (!k || name_order(label[k - 1], label[i]))
			label[k++] = label[i];
	c->out->label = label;
	c->out->nlabels = k;
}

static void calls_resolve(struct ctx *c)
{
	struct test_count *count = ARENA_ARRAY(c->arena, struct test_count, c->ast->ncalls);

	for (size_t i = 0; i < c->ast->ncalls; i++) {
		const struct ast_fact *f = &c->ast->calls[i];
		struct cap_pattern p;

		count[i].name = f->name.text;
		if (!capability_find(&c->build->caps, f->name.text))
			unknown_capability(c, 5005, f->name.at, f->name.text);
		else if (!pattern_read(f->name.text, &p) || p.major >= 0)
			fact_fail(c, f->name.at,
			          "calls are counted for all versions of a capability together",
			          "a name without a version");
		count_read(c->diags, f->value, "the number of calls", 0, UINT64_MAX, &count[i].n);
	}
	c->out->calls = count;
	c->out->ncalls = c->ast->ncalls;
}

/* `rule-id` of this file, or of the only other that has it; `policy/rule-id` anywhere. */
static bool rule_find(struct ctx *c, struct krux_str name, struct test_count *out, size_t *found)
{
	const char *slash = memchr(name.p, '/', name.n);
	struct krux_str policy = { name.p, slash ? (size_t)(slash - name.p) : 0 };

	if (slash) {
		name.p = slash + 1;
		name.n -= policy.n + 1;
	}
	*found = 0;
	for (size_t i = 0; i < c->build->npolicies; i++) {
		const struct policy *p = &c->build->policy[i];
		uint32_t r;

		if (slash && !krux_str_eq(p->name, policy))
			continue;
		r = names_find(&p->scope->rules, name);
		if (r == NAMES_NONE)
			continue;
		if (!*found || p->ast == c->policy->ast) {
			out->policy = p;
			out->rule = &p->rule[r];
		}
		++*found;
		if (p->ast == c->policy->ast) {
			*found = 1;
			break;
		}
	}
	return *found == 1;
}

/* `rates` give the sum of a budget too where the rule has no rate. */
static bool window_fits(const struct rule *r, bool budget)
{
	return budget ? r->budget.given : r->rate.given || r->budget.given;
}

static void windows_resolve(struct ctx *c)
{
	size_t n = c->ast->nrates + c->ast->nbudgets, nrates = 0, nbudgets = 0, found;
	struct test_count *rate = ARENA_ARRAY(c->arena, struct test_count, n);
	struct test_count *sum = ARENA_ARRAY(c->arena, struct test_count, n), count;

	for (size_t i = 0; i < n; i++) {
		bool budget = i >= c->ast->nrates;
		const struct ast_fact *f = budget ? &c->ast->budgets[i - c->ast->nrates] : &c->ast->rates[i];

		count = (struct test_count){ 0 };
		if (!rule_find(c, f->name.text, &count, &found))
			fact_fail(c, f->name.at,
			          found ? "several policies have a rule of this name"
			                : "there is no such rule",
			          "a rule of this file, or policy/rule of another one");
		else if (!window_fits(count.rule, budget))
			fact_fail(c, f->name.at,
			          budget ? "this rule has no budget" : "this rule has neither a rate nor a budget",
			          "a rule with a window to fill");
		else if (!count_read(c->diags, f->value, "what the window holds", 0, UINT64_MAX, &count.n))
			continue;
		else if (budget || !count.rule->rate.given)
			sum[nbudgets++] = count;
		else
			rate[nrates++] = count;
	}
	c->out->rates = rate;
	c->out->nrates = nrates;
	c->out->budgets = sum;
	c->out->nbudgets = nbudgets;
}

/* ---- what is expected ---- */

static void expect_resolve(struct ctx *c)
{
	const struct ast_test *ast = c->ast;
	const struct scope *scope = c->policy->scope;
	struct krux_str near;
	struct diag *d;
	uint32_t r;

	if (word_given(ast->expect))
		verdict_read(c->diags, 5004, ast->expect, &c->out->expect);
	c->out->has_would = word_given(ast->would);
	if (c->out->has_would)
		verdict_read(c->diags, 5004, ast->would, &c->out->would);
	c->out->has_by = word_given(ast->by);
	if (!c->out->has_by)
		return;
	r = names_find(&scope->rules, ast->by.text);
	if (r != NAMES_NONE) {
		c->out->by = &c->policy->rule[r];
		return;
	}
	if (krux_str_eq(ast->by.text, KRUX_STR("default")) && c->policy->has_default)
		return;
	near = name_near(c->diags, ast->by.text, scope->rules.name, scope->rules.n);
	d = diag_error(c->diags, 5006, ast->by.at, "this file has no rule `%.*s`",
	               STR_ARG(ast->by.text));
	d->expected =
		c->policy->has_default
			? KRUX_STR("a rule of the file that holds the test, or default")
			: KRUX_STR("a rule of the file that holds the test; it has no default");
	if (near.n)
		d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
}

bool test_resolve(struct arena *a, struct diags *ds, const struct build *b,
                  const struct policy *policy, const struct ast_test *ast, struct test_case *out)
{
	struct ctx c = { a, ds, b, policy, ast, out };
	size_t before = ds->errors;

	*out = (struct test_case){ 0 };
	call_resolve(&c);
	agent_resolve(&c);
	clock_resolve(&c);
	labels_resolve(&c);
	calls_resolve(&c);
	windows_resolve(&c);
	expect_resolve(&c);
	return ds->errors == before && out->cap;
}
