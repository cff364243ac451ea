/* `on` to the capabilities it matches, and one condition to its typed forms in them. */
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/cond_resolve.h"
#include "compiler/model/label.h"
#include "compiler/model/lookup.h"
#include "compiler/model/policy_resolve.h"

/* As many as are kept. */
enum { MOST_ERRORS = 1000 };

static void nothing_matched(struct policy_ctx *c, const struct ast_word *w,
                            const struct cap_pattern *p)
{
	struct krux_str base = p->name, near;
	struct diag *d = diag_error(c->diags, 2111, w->at,
	                            "no capability of this build matches `%.*s`", STR_ARG(w->text));
	const struct capability *any = p->wildcard ? NULL : capability_find(c->caps, base);

	if (any) {
		d->expected = arena_printf(c->arena, "a version that there is, such as %.*s@%u.%u",
		                           STR_ARG(any->name), any->major, any->minor);
		return;
	}
	d->expected = KRUX_STR("the name of a capability, name@1, name@1.0, namespace.* or *");
	near = capability_near(c->arena, c->diags, c->caps, base);
	if (near.n)
		d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
	else
		d->fix = KRUX_STR("name the folder of its definition with -I");
}

static void pattern_add(struct policy_ctx *c, const struct ast_word *w, bool *wildcard,
                        struct matched *out, size_t *n)
{
	struct cap_pattern p;
	struct diag *d;
	size_t from, to;

	if (!pattern_read(w->text, &p)) {
		d = diag_error(c->diags, 2110, w->at, "`%.*s` is no pattern of capabilities",
		               STR_ARG(w->text));
		d->expected = KRUX_STR("filesystem.read, filesystem.read@1, filesystem.read@1.0, "
		                       "filesystem.* or *");
		return;
	}
	*wildcard = *wildcard || p.wildcard;
	pattern_run(c->caps, &p, &from, &to);
	if (from == to && !(p.wildcard && !p.name.n))
		nothing_matched(c, w, &p);
	for (size_t i = from; i < to; i++) {
		if (c->work->seen[i] / 2 != c->work->turn)
			out[(*n)++].cap = c->caps->cap[i];
		else if (p.wildcard)
			continue;
		c->work->seen[i] = c->work->turn * 2 + !p.wildcard;
	}
}

static int matched_order(const void *pa, const void *pb)
{
	const struct matched *a = pa, *b = pb;

	return (a->cap->index > b->cap->index) - (a->cap->index < b->cap->index);
}

/* ---- labels ---- */

/* One that the language knows may be asked for before any capability has it. */
static void label_check(struct policy_ctx *c, const struct ast_word *w)
{
	struct diag *d;
	struct krux_str near;

	if (!label_valid(w->text)) {
		diag_error(c->diags, 3023, w->at, "this is no label")->expected = KRUX_STR(LABEL_WORDS);
		return;
	}
	if (names_find(&c->scope->labels, w->text) != NAMES_NONE || krux_str_eq(w->text, KRUX_STR("runs-workspace-code")))
		return;
	d = diag_warn(c->diags, 3024, w->at, "no capability of this build sets the label `%.*s`", STR_ARG(w->text));
	d->expected = KRUX_STR("a label that some capability sets: else nothing is matched");
	near = name_near(c->diags, w->text, c->scope->labels.name, c->scope->labels.n);
	if (near.n)
		d->fix = arena_printf(c->arena, "did you mean `%.*s`?", STR_ARG(near));
}

static bool has_label(const struct capability *cap, const struct names *label)
{
	for (size_t i = 0; i < cap->nlabels; i++)
		if (names_find(label, cap->label[i]) != NAMES_NONE)
			return true;
	return false;
}

/* Leaves those with one of the labels. */
static size_t labelled_keep(struct policy_ctx *c, const struct ast_words *label, struct matched *cap, size_t n)
{
	struct krux_str *text;
	struct names names;
	size_t kept = 0;

	if (!label->at.src && !label->n)
		return n;
	if (!label->n)
		diag_error(c->diags, 2130, label->at, "the list of `label` is empty")->expected = KRUX_STR("at least one label");
	text = ARENA_ARRAY(c->arena, struct krux_str, label->n);
	for (size_t i = 0; i < label->n; i++) {
		label_check(c, &label->item[i]);
		text[i] = label->item[i].text;
	}
	names_make(&names, c->arena, text, label->n);
	for (size_t i = 0; i < n; i++)
		if (has_label(cap[i].cap, &names))
			cap[kept++] = cap[i];
	return kept;
}

/* ---- all of it ---- */

size_t on_resolve(struct policy_ctx *c, const struct ast_words *on, const struct ast_words *label, struct span at,
                  bool *wildcard, struct matched **out)
{
	size_t most = 0, n = 0;

	*wildcard = false;
	c->work->turn++;
	if (!on->n)
		diag_error(c->diags, 2130, on->at.src ? on->at : at, "the list of `on` is empty")
			->expected = KRUX_STR("at least one capability pattern");
	for (size_t i = 0; i < on->n; i++) {
		struct cap_pattern p;
		size_t from, to;

		if (!pattern_read(on->item[i].text, &p))
			continue;
		pattern_run(c->caps, &p, &from, &to);
		most += to - from;
	}
	if (c->work->meets <= KRUX_MAX_MATCHES && (c->work->meets += most) > KRUX_MAX_MATCHES)
		diag_error(c->diags, 9016, at,
		           "the rules of this build match too many capabilities together")
			->expected = arena_printf(c->arena, "at most %s, counted for every rule", KRUX_SHOWN(MATCHES));
	if (c->work->meets > KRUX_MAX_MATCHES)
		return 0;
	*out = ARENA_ARRAY(c->arena, struct matched, most < c->caps->n ? most : c->caps->n);
	for (size_t i = 0; i < on->n; i++)
		pattern_add(c, &on->item[i], wildcard, *out, &n);
	for (size_t i = 0; i < n; i++)
		(*out)[i].by_name = c->work->seen[(*out)[i].cap->index] & 1;
	if (on->n > 1)
		qsort(*out, n, sizeof **out, matched_order);
	return labelled_keep(c, label, *out, n);
}

bool when_resolve(struct policy_ctx *c, const struct expr *when, const struct matched *cap,
                  size_t n, struct rule_cap *out)
{
	size_t errors;

	for (size_t i = 0; i < n; i++) {
		out[i].cap = cap[i].cap;
		out[i].when = &cond_always;
		/* What is beyond the limits below has been said, or would not be kept. */
		if (!when || c->work->nodes > KRUX_MAX_ALL_COND_TESTS || c->diags->errors > MOST_ERRORS)
			continue;
		out[i].when = cond_report(c->arena, &c->report, c->scope, cap[i].cap, when,
		                          &c->work->nodes);
		if (c->work->nodes > KRUX_MAX_ALL_COND_TESTS)
			diag_error(c->diags, 9013, when->at,
			           "the conditions of this build are too large together")
				->expected = arena_printf(c->arena, "at most %s tests, with each `and`, `or` and `not`, counted for every capability that a rule matches",
				                         KRUX_SHOWN(ALL_COND_TESTS));
	}
	errors = c->report.errors;
	report_flush(&c->report, c->diags);
	return !errors;
}
