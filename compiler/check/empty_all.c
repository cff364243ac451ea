/* `all` holds of an empty list: a rule that permits by it must also ask that there is an
 * element. What a condition says where it holds is gathered on the way down. */
#include <string.h>

#include "compiler/check/check.h"
#include "compiler/model/access.h"
#include "compiler/model/report.h"

/* A condition that is known to hold, or not to. */
struct fact {
	const struct cond *cond;
	bool holds;
	unsigned level;                  /* of the any around it; what it says of `it` counts there */
};

struct walk {
	struct arena *arena;
	struct report *report;
	const struct rule *rule;
	struct fact *fact;
	size_t n, room;
	unsigned level;
	size_t steps;
};

/* Beyond this many comparisons for one rule nothing counts as known. */
enum { MOST_STEPS = 1 << 20 };

static bool is_group(const struct cond *c, bool holds)
{
	return c->kind == (holds ? COND_AND : COND_OR);
}

/* What is so where c holds, or does not. */
static void gather(struct walk *w, const struct cond *c, bool holds)
{
	struct fact f = { c, holds, w->level };

	if (c->kind == COND_NOT) {
		gather(w, c->a, !holds);
	} else if (is_group(c, holds)) {
		gather(w, c->a, holds);
		gather(w, c->b, holds);
	} else if (c->kind != COND_ANY_TREE) {
		ARENA_PUSH(w->arena, w->fact, w->n, w->room, f);
	}
}

static bool holds_zero(const struct value_set *s)
{
	return s->nintervals && !s->interval[0].lo;
}

/* Is it the place that a leaf speaks of: a list that has an element, an optional that is there. */
static bool leaf_says(const struct walk *w, const struct fact *f, const struct cond *c, bool holds,
                      const struct subject *s)
{
	const struct subject *is = c->kind == COND_ANY ? &c->list : &c->subject;

	if (c->kind == COND_TEST && is->kind == SUBJECT_SIZE && holds == holds_zero(&c->set))
		return false;
	if (c->kind != COND_TEST && c->kind != COND_ANY)
		return false;
	if ((c->kind == COND_ANY || is->kind == SUBJECT_HAS) && !holds)
		return false;
	if (c->kind == COND_TEST && is->kind != SUBJECT_SIZE && is->kind != SUBJECT_HAS)
		return false;
	return (s->kind == SUBJECT_HAS) == (c->kind == COND_TEST && is->kind == SUBJECT_HAS) &&
	       is->depth == s->depth && (!s->depth || f->level == w->level) &&
	       access_eq(&is->access, &s->access);
}

/* Does a fact, or the part of one at hand, say that `some` holds. */
static bool says(struct walk *w, const struct fact *f, const struct cond *c, bool holds,
                 const struct cond *some)
{
	if (++w->steps > MOST_STEPS)
		return false;
	if (c->kind == COND_NOT)
		return says(w, f, c->a, !holds, some);
	if (is_group(c, holds))
		return says(w, f, c->a, holds, some) || says(w, f, c->b, holds, some);
	if (is_group(c, !holds))
		return says(w, f, c->a, holds, some) && says(w, f, c->b, holds, some);
	switch (some->kind) {
	case COND_TRUE:
		return true;
	case COND_AND:
		return says(w, f, c, holds, some->a) && says(w, f, c, holds, some->b);
	case COND_OR:
		return says(w, f, c, holds, some->a) || says(w, f, c, holds, some->b);
	case COND_TEST:
		return leaf_says(w, f, c, holds, &some->subject);
	default:
		return false;
	}
}

/* Does what is known say that the list has an element. */
static bool is_implied(struct walk *w, const struct cond *some)
{
	if (some->kind == COND_AND)
		return is_implied(w, some->a) && is_implied(w, some->b);
	for (size_t i = 0; i < w->n && w->steps <= MOST_STEPS; i++)
		if (says(w, &w->fact[i], w->fact[i].cond, w->fact[i].holds, some))
			return true;
	return some->kind == COND_TRUE;
}

static void cond_walk(struct walk *w, const struct cond *c, bool holds);

/* The operands of a chain, left to right, each walked with what those before it have said. In
 * `a and b` what b says counts for a as well; in `a or b`, b is asked where a does not hold. */
static void chain_walk(struct walk *w, const struct cond *c, bool holds)
{
	cond_walk(w, c->a, holds);
	gather(w, c->a, !holds);
	cond_walk(w, c->b, holds);
}

static void group_walk(struct walk *w, const struct cond *c, bool holds)
{
	if (is_group(c, holds)) {
		group_walk(w, c->a, holds);
		group_walk(w, c->b, holds);
	} else {
		cond_walk(w, c, holds);
	}
}

/* The list as it is written in "all(list, ...)"; n 0 where folding has moved the text. */
static struct krux_str list_written(struct span at)
{
	static const char all[] = "all(";
	struct krux_str s = { 0 };

	if (!at.src)
		return s;
	s.p = at.src->text.p + at.at;
	if (at.at + at.n > at.src->text.n || at.n < sizeof all ||
	    memcmp(s.p, all, sizeof all - 1) != 0)
		return (struct krux_str){ 0 };
	s.p += sizeof all - 1;
	while (s.n < at.n - sizeof all && s.p[s.n] != ',')
		s.n++;
	return s.n < 40 && s.p[s.n] == ',' ? s : (struct krux_str){ 0 };
}

static void empty_report(struct walk *w, const struct cond *c)
{
	struct krux_str list = list_written(c->at);
	struct finding *f = report_add(w->report, DIAG_ERROR, 3020, c->at, true,
	                               "`all` holds of an empty list, and rule `%.*s` permits",
	                               STR_ARG(w->rule->id));

	f->expected = KRUX_STR("`size(list) > 0` or `any(list, true)` required beside it");
	if (list.n)
		f->fix = arena_printf(w->arena, "write `any(%.*s, true) and all(%.*s, ...)`",
		                      STR_ARG(list), STR_ARG(list));
	if (w->rule->at.src != c->at.src || w->rule->ast->when_text.at.at > c->at.at ||
	    c->at.at > w->rule->ast->when_text.at.at + w->rule->ast->when_text.at.n) {
		f->other = w->rule->at;
		f->other_text = KRUX_STR("used by this rule");
	}
}

static void cond_walk(struct walk *w, const struct cond *c, bool holds)
{
	size_t known = w->n;

	switch (c->kind) {
	case COND_NOT:
		if (c->nonempty && holds && !is_implied(w, c->nonempty))
			empty_report(w, c);
		cond_walk(w, c->a, !holds);
		break;
	case COND_AND:
	case COND_OR:
		if (is_group(c, holds)) {
			gather(w, c, holds);
			group_walk(w, c, holds);
		} else {
			chain_walk(w, c, holds);
		}
		break;
	case COND_ANY:
	case COND_ANY_TREE:
		w->level++;
		cond_walk(w, c->a, holds);
		w->level--;
		break;
	default:
		break;
	}
	w->n = known;
}

static void rule_check(struct arena *a, struct report *r, const struct rule *rule)
{
	struct walk w = { .arena = a, .report = r, .rule = rule };

	for (size_t i = 0; i < rule->non; i++) {
		r->now = rule->on[i].cap;
		w.n = 0;
		cond_walk(&w, rule->on[i].when, true);
	}
}

void check_empty_all(struct arena *a, struct diags *ds, const struct build *b)
{
	struct report r = { .arena = a, .said = ds };

	for (size_t i = 0; i < b->npolicies; i++)
		for (size_t k = 0; k < b->policy[i].nrules; k++) {
			const struct rule *rule = &b->policy[i].rule[k];

			if (rule->verdict != KRUX_NOTIFY && rule->verdict != KRUX_AUTONOMOUS)
				continue;
			rule_check(a, &r, rule);
			report_flush(&r, ds);
		}
}
