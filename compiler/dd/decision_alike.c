/* Do two builds have the same rules for a capability: then it needs no diagrams to say that they
 * decide it alike. What is written otherwise and means the same is left to them. */
#include "compiler/dd/decision.h"

#include <string.h>

#include "compiler/model/access.h"

/* Conditions are trees, some with parts in common; who is beyond these is compared by diagrams. */
enum { DEEPEST = 512, MOST_STEPS = 1 << 20 };

struct walk {
	size_t steps;
};

static bool strs_same(const struct krux_str *a, size_t na, const struct krux_str *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (!krux_str_eq(a[i], b[i]))
			return false;
	return true;
}

/* ---- conditions ---- */

/* Both in a request of the same type, or in elements of lists that were found to be the same. */
static bool subject_same(const struct subject *a, const struct subject *b)
{
	return a->kind == b->kind && a->depth == b->depth && access_eq(&a->access, &b->access) &&
	       krux_str_eq(a->name, b->name) && !a->type == !b->type && (!a->type || a->type->kind == b->type->kind);
}

static bool set_same(const struct value_set *a, const struct value_set *b)
{
	if (a->numeric != b->numeric)
		return false;
	if (!a->numeric)
		return a->language == b->language && strs_same(a->text, a->ntexts, b->text, b->ntexts);
	if (a->nintervals != b->nintervals)
		return false;
	for (size_t i = 0; i < a->nintervals; i++)
		if (a->interval[i].lo != b->interval[i].lo || a->interval[i].hi != b->interval[i].hi)
			return false;
	return true;
}

static bool cond_same(struct walk *w, const struct cond *a, const struct cond *b, unsigned depth)
{
	if (a->kind != b->kind || depth > DEEPEST || ++w->steps > MOST_STEPS)
		return false;
	switch (a->kind) {
	case COND_TRUE:
	case COND_FALSE:
		return true;
	case COND_NOT:
		return cond_same(w, a->a, b->a, depth + 1);
	case COND_AND:
	case COND_OR:
		return cond_same(w, a->a, b->a, depth + 1) && cond_same(w, a->b, b->b, depth + 1);
	case COND_TEST:
		return subject_same(&a->subject, &b->subject) && set_same(&a->set, &b->set);
	case COND_ANY:
	case COND_ANY_TREE:
		return subject_same(&a->list, &b->list) && cond_same(w, a->a, b->a, depth + 1);
	}
	return false;
}

/* ---- rules ---- */

static bool rate_same(const struct rate *a, const struct rate *b)
{
	return a->given == b->given &&
	       (!a->given || (a->budget == b->budget && a->max == b->max && a->per == b->per && a->exceeded == b->exceeded));
}

static bool approval_same(const struct approval *a, const struct approval *b)
{
	return a->ttl == b->ttl && a->quorum == b->quorum && strs_same(a->from, a->nfrom, b->from, b->nfrom);
}

static bool meet_same(struct walk *w, const struct meet *x, const struct meet *y)
{
	const struct rule *a = x->rule, *b = y->rule;

	return a->verdict == b->verdict && a->observe == b->observe && krux_str_eq(a->id, b->id) &&
	       strs_same(a->agent, a->nagents, b->agent, b->nagents) && approval_same(&a->approval, &b->approval) &&
	       rate_same(&a->rate, &b->rate) && rate_same(&a->budget, &b->budget) &&
	       (!a->budget.given || subject_same(&x->rc->budget, &y->rc->budget)) &&
	       cond_same(w, x->rc->when, y->rc->when, 0);
}

static bool policy_same(struct walk *w, const struct policy *a, const struct capability *in_a, const struct policy *b,
                        const struct capability *in_b)
{
	const struct meet *x, *y;
	size_t n = policy_meets(a, in_a, &x);

	if (a->layer != b->layer || a->observe != b->observe || a->has_default != b->has_default ||
	    (a->has_default && a->deflt != b->deflt) || !krux_str_eq(a->name, b->name) ||
	    !strs_same(a->agent, a->nagents, b->agent, b->nagents) || policy_meets(b, in_b, &y) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!meet_same(w, &x[i], &y[i]))
			return false;
	return true;
}

bool decide_alike(const struct build *a, const struct capability *in_a, const struct build *b, const struct capability *in_b)
{
	struct walk w = { 0 };

	if (a->npolicies != b->npolicies)
		return false;
	for (size_t i = 0; i < a->npolicies; i++)
		if (!policy_same(&w, &a->policy[i], in_a, &b->policy[i], in_b))
			return false;
	return true;
}
