/* any, all, contains: lists and effect words to the tests of their elements. */
#include <string.h>

#include "compiler/model/access.h"
#include "compiler/model/cond_walk.h"
#include "compiler/model/number.h"

/* What is asked of every element: a condition on `it`, or to equal a literal. */
struct body {
	const struct expr *cond;
	const struct literal *equals;
	struct span at;
	bool negate;
};

static const struct cond *body_resolve(struct walk *w, const struct body *b)
{
	const struct cond *c = b->cond ? expr_resolve(w, b->cond).cond
	                               : equal_resolve(w, &w->it->it, b->equals, b->at);

	return b->negate ? cond_not(w, c) : c;
}

/* The body with `it` bound; what it learns of presence is forgotten. */
static const struct cond *body_with(struct walk *w, const struct place *it, const struct body *b)
{
	struct binder binder = { *it };
	const struct binder *outer = w->it;
	struct known known = w->known;
	const struct cond *c;

	w->it = &binder;
	c = body_resolve(w, b);
	w->it = outer;
	w->known = known;
	return c;
}

/* ---- elements of a list ---- */

static struct place element_of(struct walk *w, const struct krux_type *elem, bool abstract)
{
	struct place it = {
		.kind = PLACE_SUBJECT, .owner = ++w->owners, .root = elem, .abstract = abstract
	};

	it.subject = (struct subject){
		.kind = SUBJECT_FIELD, .depth = 1, .access.type = elem, .type = elem
	};
	return it;
}

static const struct cond *any_node(struct walk *w, enum cond_kind kind, const struct subject *list,
                                   const struct cond *body, struct span at)
{
	struct cond *c;

	if (body == &cond_false || (kind == COND_ANY_TREE && body == &cond_true))
		return body;
	c = cond_node(w, kind, at);
	c->list = *list;
	c->a = body;
	return c;
}

static const struct cond *list_any(struct walk *w, const struct subject *list, const struct body *b,
                                   bool abstract)
{
	struct place it = element_of(w, list->access.type->elem, abstract);

	return any_node(w, COND_ANY, list, body_with(w, &it, b), b->at);
}

/* ---- elements of an effect ---- */

static struct place field_place(const struct walk *w, const struct access *at)
{
	struct place p = { .kind = PLACE_SUBJECT, .root = w->cap->input, .abstract = true };

	p.subject = (struct subject){ .kind = SUBJECT_FIELD, .access = *at, .type = at->type };
	return p;
}

static struct place effect_element(const struct walk *w, const struct effect *e)
{
	struct place p;

	if (e->arg[0].is_constant)
		return (struct place){ .kind = PLACE_CONSTANT,
			               .constant = e->arg[0].constant,
			               .abstract = true };
	p = field_place(w, &e->arg[0].access);
	if (e->kind == EFFECT_CONNECTS) {
		p.kind = PLACE_PAIR;
		p.port = field_place(w, &e->arg[1].access).subject;
	}
	return p;
}

/* Does some element of one effect satisfy the body. */
static const struct cond *effect_any(struct walk *w, const struct effect *e, const struct body *b)
{
	struct place p = effect_element(w, e), it;
	struct known known = w->known;
	const struct cond *present, *c;
	size_t n;

	if (p.kind == PLACE_SUBJECT && p.subject.type->kind == KRUX_T_LIST)
		return list_any(w, &p.subject, b, true);
	if (e->arg[0].tree && !e->arg[0].prunes) {
		it = element_of(w, &type_any_path, true);
		return any_node(w, COND_ANY_TREE, &p.subject, body_with(w, &it, b), b->at);
	}
	present = place_present(w, &p, b->at, &w->known, &n);
	c = cond_and(w, present, body_with(w, &p, b));
	w->known = known;
	return c;
}

/* Does the effect have an element. */
static const struct cond *effect_some(struct walk *w, const struct effect *e, struct span at)
{
	struct place p = effect_element(w, e);
	struct known yes = { 0 };
	size_t n;

	if (p.kind == PLACE_SUBJECT && p.subject.type->kind == KRUX_T_LIST)
		return some_node(w, &p.subject, at);
	return place_present(w, &p, at, &yes, &n);
}

/* Where no effect is of that kind the body is typed all the same, so that what is wrong in it
 * is found in every capability. */
static void body_check(struct walk *w, enum effect_kind kind, const struct body *b)
{
	struct place it = element_of(w, &type_any_path, true);

	if (kind == EFFECT_CONNECTS) {
		it.kind = PLACE_PAIR;
		it.root = NULL;
		it.port = it.subject;
		it.subject.type = it.subject.access.type = url_part[URL_HOST].type;
		it.port.type = it.port.access.type = url_part[URL_PORT].type;
	}
	body_with(w, &it, b);
}

static const struct cond *effects_any(struct walk *w, enum effect_kind kind, const struct body *b,
                                      const struct cond **some)
{
	const struct cond *c = &cond_false;
	bool found = false;

	*some = &cond_false;
	for (size_t i = 0; i < w->cap->neffects; i++) {
		const struct effect *e = &w->cap->effect[i];

		if (e->kind != kind)
			continue;
		found = true;
		c = cond_or(w, c, effect_any(w, e, b));
		*some = cond_or(w, *some, effect_some(w, e, b->at));
	}
	if (!found)
		body_check(w, kind, b);
	return c;
}

/* ---- any and all ---- */

/* not any(xs, not body), marked where xs can be empty. */
static const struct cond *all_node(struct walk *w, const struct cond *any, const struct cond *some,
                                   struct span at)
{
	struct cond *c;

	if (some == &cond_true)
		return cond_not(w, any);
	c = cond_node(w, COND_NOT, at);
	c->a = any;
	c->nonempty = some;
	return c;
}

struct typed quantifier_resolve(struct walk *w, const struct expr *e)
{
	struct body b = { .cond = e->a, .at = e->at, .negate = e->kind == EXPR_ALL };
	struct typed t = { .cond = &cond_true };
	const struct cond *any, *some, *guard = &cond_true;
	struct finding *f;
	struct place p;

	if (!place_of(w, e->operand, &p))
		return t;
	if (p.kind == PLACE_EFFECT && !p.sized) {
		any = effects_any(w, p.effect, &b, &some);
	} else if (p.kind == PLACE_SUBJECT && p.subject.kind == SUBJECT_FIELD &&
	           p.subject.type->kind == KRUX_T_LIST) {
		guard = place_guard(w, &p, e->at);
		any = list_any(w, &p.subject, &b, p.abstract);
		some = some_node(w, &p.subject, e->at);
	} else {
		f = walk_fail(w, 3008, e->operand->at, true,
		              "`%.*s` is no list, which `%s` ranges over",
		              STR_ARG(operand_text(w->arena, e->operand)),
		              e->kind == EXPR_ANY ? "any" : "all");
		f->expected = KRUX_STR("a field of type list, or one of reads, writes, creates, "
		                       "deletes, lists, executes, "
		                       "connects");
		return t;
	}
	t.cond = cond_and(w, guard, b.negate ? all_node(w, any, some, e->at) : any);
	return t;
}

const struct cond *contains_resolve(struct walk *w, const struct place *p, const struct expr *e)
{
	struct body b = { .equals = e->right, .at = e->at };
	const struct cond *some;

	if (p->kind == PLACE_EFFECT)
		return effects_any(w, p->effect, &b, &some);
	return list_any(w, &p->subject, &b, p->abstract);
}

/* ---- sizes of effect words ---- */

/* What has been counted before this effect, and what is still to count. */
struct counting {
	const struct effect *effect[256];
	size_t n;
	const struct value_set *set;
	struct span at;
};

static const struct cond *list_count(struct walk *w, const struct subject *list,
                                     const struct value_set *set, uint64_t before, struct span at)
{
	struct interval *v = ARENA_ARRAY(w->arena, struct interval, set->nintervals),
			domain = { 0 };
	struct subject s = *list;
	struct value_set shifted = { .numeric = true, .interval = v };
	size_t n = 0;

	s.kind = SUBJECT_SIZE;
	s.type = &type_count;
	domain = number_domain(&s);
	for (size_t i = 0; i < set->nintervals; i++)
		if (set->interval[i].hi >= before)
			v[n++] = (struct interval){ set->interval[i].lo < before
				                            ? 0
				                            : set->interval[i].lo - before,
				                    set->interval[i].hi - before };
	shifted.nintervals = intervals_clip(v, n, domain);
	return test_node(w, &s, &shifted, at);
}

static const struct cond *count_from(struct walk *w, const struct counting *k, size_t i,
                                     uint64_t before)
{
	const struct cond *present;
	struct known yes = { 0 };
	struct place p;
	size_t n;

	if (i == k->n) {
		for (size_t j = 0; j < k->set->nintervals; j++)
			if (before >= k->set->interval[j].lo && before <= k->set->interval[j].hi)
				return &cond_true;
		return &cond_false;
	}
	p = effect_element(w, k->effect[i]);
	if (p.kind == PLACE_SUBJECT && p.subject.type->kind == KRUX_T_LIST)
		return list_count(w, &p.subject, k->set, before, k->at);
	present = place_present(w, &p, k->at, &yes, &n);
	if (!n)
		return count_from(w, k, i + 1, before + 1);
	return cond_or(w, cond_and(w, present, count_from(w, k, i + 1, before + 1)),
	               cond_and(w, cond_not(w, present), count_from(w, k, i + 1, before)));
}

/* A list is counted last, so there may be one; each optional doubles what is written. */
const struct cond *effect_size(struct walk *w, const struct place *p, const struct value_set *set,
                               struct span at)
{
	enum { MOST_OPTIONALS = 6 };
	struct counting k = { .set = set, .at = at };
	const struct effect *list = NULL;
	size_t lists = 0, optionals = 0;
	bool tree = false;

	for (size_t i = 0; i < w->cap->neffects; i++) {
		const struct effect *e = &w->cap->effect[i];
		struct place q = effect_element(w, e);
		struct known yes = { 0 };
		size_t n;

		if (e->kind != p->effect)
			continue;
		tree = tree || (e->arg[0].tree && !e->arg[0].prunes);
		place_present(w, &q, at, &yes, &n);
		optionals += n != 0;
		if (q.kind == PLACE_SUBJECT && q.subject.type->kind == KRUX_T_LIST) {
			list = e;
			lists++;
		} else {
			k.effect[k.n++] = e;
		}
	}
	if (list)
		k.effect[k.n++] = list;
	if (!tree && lists <= 1 && optionals <= MOST_OPTIONALS)
		return count_from(w, &k, 0, 0);
	walk_fail(w, 3025, at, true,
	          tree ? "a tree has no size" : "this size is a sum of several lists")
		->fix = arena_printf(w->arena, "ask `any(%s, true)` whether there is one",
	                             effect_word(p->effect));
	return &cond_false;
}
