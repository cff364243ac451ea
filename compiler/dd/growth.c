/* Rules that grow a diagram: they are put together once more, one after the other, in a manager of
 * their own. A rule that overlaps with those before it multiplies what is there; one that does not
 * only adds its own size. Where none multiplies, the largest conditions are named. */
#include "compiler/dd/growth.h"

#include "capspec/limits.h"
#include "compiler/dd/manager.h"

enum {
	NAMED = 3,
	PART = 16,                       /* of the steps of a diagram are taken to find them */
	WHOLE = 1000, GROWS = 1250,      /* thousandths of what was there and its own size together */
	OWN_VALUE = 16,                  /* terminals: verdicts, and one a rule that has approvals */
};

struct worst {
	const struct rule *rule[NAMED];
	uint64_t weight[NAMED];          /* the greatest first, of equal ones that of the first rule */
};

static void worst_add(struct worst *w, const struct rule *r, uint64_t weight)
{
	int at = NAMED;

	while (at > 0 && weight > w->weight[at - 1])
		at--;
	for (int i = NAMED - 1; i > at; i--) {
		w->rule[i] = w->rule[i - 1];
		w->weight[i] = w->weight[i - 1];
	}
	if (at < NAMED) {
		w->rule[at] = r;
		w->weight[at] = weight;
	}
}

static uint32_t value_of(struct dd *m, const struct rule *r)
{
	bool own = r->verdict == KRUX_APPROVAL || r->rate.given || r->budget.given;

	return dd_terminal(m, own ? OWN_VALUE + r->index : 3 + (uint32_t)r->verdict);
}

/* By how much each rule multiplies what the ones before it came to, and how large it is. */
static void rules_weigh(struct dd *m, const struct meet *meet, size_t n, struct worst *grows, struct worst *large)
{
	uint32_t all = DD_FALSE;
	uint64_t before = 0;

	for (size_t i = 0; i < n; i++) {
		const struct rule *r = meet[i].rule;
		uint32_t where = match_where(m, r, meet[i].rc);
		uint64_t own = dd_count(m, where), after;

		all = dd_or(m, all, dd_ite(m, where, value_of(m, r), DD_FALSE));
		after = dd_count(m, all);
		if (dd_overflow(m))
			return;
		worst_add(large, r, own);
		if (before && after * WHOLE / (before + own) >= GROWS)
			worst_add(grows, r, after * WHOLE / (before + own));
		before = after;
	}
}

static struct krux_str names_list(struct arena *a, const struct worst *w)
{
	struct krux_str names = w->rule[0]->id;

	for (int i = 1; i < NAMED && w->rule[i]; i++)
		names = arena_printf(a, "%.*s, %.*s", STR_ARG(names), STR_ARG(w->rule[i]->id));
	return names;
}

void growth_report(struct diags *ds, const struct capability *cap, const struct meet *meet, size_t n, const char *limit)
{
	struct dd *m = dd_new(cap);
	struct worst grows = { 0 }, large = { 0 }, *worst;
	struct diag *d;

	m->most_steps = KRUX_MAX_STEPS / PART;
	if (n > 1)
		rules_weigh(m, meet, n, &grows, &large);
	else if (n)
		worst_add(&large, meet[0].rule, 1);
	worst = grows.rule[0] ? &grows : &large;
	d = diag_error(ds, 9001, worst->rule[0] ? worst->rule[0]->at : cap->at,
	               "the decision diagram of %.*s needs more %s", STR_ARG(cap->name), limit);
	d->expected = KRUX_STR("conditions whose overlaps the compiler can tell apart within its limits");
	if (n == 1)
		d->fix = arena_printf(ds->arena, "simplify the condition of %.*s, which is too large by itself",
		                      STR_ARG(meet[0].rule->id));
	else if (worst->rule[0])
		d->fix = arena_printf(ds->arena, "simplify the conditions of %.*s, which %s",
		                      STR_ARG(names_list(ds->arena, worst)),
		                      worst == &grows ? "multiply what those before them tell apart" : "are the largest");
	if (worst == &grows && grows.rule[1]) {
		d->other = grows.rule[1]->at;
		d->other_text = KRUX_STR("grows it too");
	}
	dd_free(m);
}
