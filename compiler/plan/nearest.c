/* The nearest rule and the nearest region. Both are searched, not guessed: the clauses of every
 * rule are asked about this request, and so is every step of every region. */
#include "compiler/plan/nearest.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/plan/given.h"
#include "compiler/plan/words.h"

/* ---- the nearest rule ---- */

static void clauses_ask(struct dd *m, const struct cond *c, const struct dd_request *req, struct nearest_rule *out)
{
	uint32_t f;

	if (c->kind == COND_AND) {
		clauses_ask(m, c->a, req, out);
		clauses_ask(m, c->b, req, out);
		return;
	}
	f = dd_cond(m, c);
	if (dd_eval(m, f, req) == DD_TRUE)
		return;
	/* A test of what may be left out asks once more whether it is there. */
	for (size_t i = 0; i < out->nclauses; i++)
		if (dd_cond(m, out->clause[i]) == f)
			return;
	if (out->nclauses < NEAREST_CLAUSES)
		out->clause[out->nclauses++] = c;
	else
		out->more++;
}

static struct nearest_rule rule_ask(struct dd *m, const struct policy *p, const struct meet *meet,
                                    const struct dd_request *req)
{
	struct nearest_rule out = { .policy = p, .rule = meet->rule };
	const struct rule *r = meet->rule;

	clauses_ask(m, meet->rc->when, req, &out);
	out.agent = r->nagents && dd_eval(m, dd_agent(m, r->agent, r->nagents), req) != DD_TRUE;
	return out;
}

static void rule_find(struct dd *m, const struct build *build, const struct capability *cap,
                      const struct dd_request *req, const struct evaluation *e, struct nearest_rule *out)
{
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < build->npolicies; i++) {
		const struct meet *meet;
		size_t n = policy_meets(&build->policy[i], cap, &meet);

		for (size_t k = 0; k < n; k++) {
			struct nearest_rule asked;
			size_t count;

			if (meet[k].rule->verdict <= e->outcome.verdict || meet[k].rule->observe)
				continue;
			asked = rule_ask(m, &build->policy[i], &meet[k], req);
			count = asked.nclauses + asked.more + asked.agent;
			if (count < fewest) {
				fewest = count;
				*out = asked;
				out->below = e->below.n != 0;
				out->used_up = !out->below && e->decided && e->decided->rule == asked.rule;
			}
		}
	}
}

/* ---- the nearest region ---- */

enum { MOST_LOOKED = 65536 };      /* regions */

struct search {
	struct arena *arena;
	struct words *words;
	struct dd *m;
	uint32_t root;
	const struct decisions *d;
	const struct dd_request *req;
	const struct given_facts *given;
	enum krux_verdict now;
	size_t fewest, looked;
	struct nearest_change *best;
};

static bool is_argument(const struct dd_var *v)
{
	return !v->is_fact && (v->subject.kind == SUBJECT_FIELD || v->subject.kind == SUBJECT_SIZE ||
	                       v->subject.kind == SUBJECT_HAS);
}

static const struct dd_var *step_var(const struct search *s, const struct dd_step *step)
{
	return dd_variable(s->m, dd_var_of(s->m, step->node));
}

/* A budget's answer follows from the arguments. */
static bool is_budget(const struct dd_var *v)
{
	return v->is_fact && v->fact == KRUX_FACT_BUDGET;
}

/* The steps of the region that the request does not take; SIZE_MAX where they are too many. */
static size_t steps_off(struct search *s, const struct dd_region *r, const struct dd_step **off)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nsteps; i++) {
		if (is_budget(step_var(s, &r->step[i])) || dd_eval(s->m, dd_class(s->m, r->step[i].node, *r->step[i].to), s->req) == DD_TRUE)
			continue;
		if (n == NEAREST_CLAUSES)
			return SIZE_MAX;
		off[n++] = &r->step[i];
	}
	return n;
}

static bool is_changed(const struct search *s, struct krux_str key, const struct dd_step **off, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct krux_str text = step_var(s, off[i])->subject.access.text;

		if (text.n >= key.n && !memcmp(text.p, key.p, key.n) && (text.n == key.n || text.p[key.n] == '.'))
			return true;
	}
	return false;
}

/* As the wire has them: short keys first. */
static int member_order(const void *pa, const void *pb)
{
	const struct krux_str a = ((const struct krux_member *)pa)->key, b = ((const struct krux_member *)pb)->key;

	return a.n != b.n ? (a.n > b.n ? 1 : -1) : memcmp(a.p, b.p, a.n);
}

/* The request's arguments with the fields of these steps as the witness has them. */
static const struct krux_value *mixed(struct search *s, const struct dd_witness *w, const struct dd_step **off,
                                      size_t n)
{
	const struct krux_value *from[2] = { s->req->args, &w->args };
	struct krux_member *member = ARENA_ARRAY(s->arena, struct krux_member, from[0]->map.n + from[1]->map.n + 1);
	struct krux_value *out = ARENA_NEW(s->arena, struct krux_value);
	size_t k = 0;

	for (int side = 0; side < 2; side++)
		for (size_t i = 0; i < from[side]->map.n; i++)
			if (is_changed(s, from[side]->map.member[i].key, off, n) == (side == 1))
				member[k++] = from[side]->map.member[i];
	qsort(member, k, sizeof *member, member_order);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, k } };
	return out;
}

/* An example is shown only where it is one: other fields may not go with the witness's. */
static const struct krux_value *example(struct search *s, const struct dd_region *r, const struct dd_step **off,
                                        size_t n, enum krux_verdict verdict)
{
	struct given_facts facts = *s->given;
	struct dd_request req = *s->req;
	const struct outcome *o;
	struct dd_witness w;

	if (!dd_region_witness(s->m, s->arena, r, &w))
		return NULL;
	facts.args = req.args = mixed(s, &w, off, n);
	req.ctx = &facts;
	o = decisions_outcome(s->d, dd_eval(s->m, s->root, &req));
	return o && o->verdict == verdict ? req.args : NULL;
}

/* Arguments before the rest, more let through before less, few before many. */
static bool nearer(const struct search *s, bool others, enum krux_verdict verdict, size_t n)
{
	bool looser = verdict > s->now, best = s->best->verdict > s->now;

	if (others != s->best->others)
		return !others;
	return looser != best ? looser : n < s->fewest;
}

static bool region_ask(void *ctx, const struct dd_region *r)
{
	struct search *s = ctx;
	struct nearest_change *best = s->best;
	const struct outcome *o = decisions_outcome(s->d, r->value);
	const struct dd_step *off[NEAREST_CLAUSES];
	bool others = false;
	size_t n;

	if (++s->looked > MOST_LOOKED)
		return false;
	if (!o || o->verdict == s->now)
		return true;
	n = steps_off(s, r, off);
	if (!n || n == SIZE_MAX)
		return true;
	for (size_t i = 0; i < n; i++)
		others |= !is_argument(step_var(s, off[i]));
	if (best->found && !nearer(s, others, o->verdict, n))
		return true;
	s->fewest = n;
	*best = (struct nearest_change){ .found = true, .verdict = o->verdict, .others = others };
	for (size_t i = 0; i < n; i++) {
		const struct cond *c = words_step(s->words, s->m, off[i]);

		if (c && !words_too_large(c))
			best->where[best->nwhere++] = c;
		else if (is_argument(step_var(s, off[i])))
			best->unsaid[best->nunsaid++] = step_var(s, off[i])->subject.access.text;
		else
			best->window = true;
	}
	best->args = others ? NULL : example(s, r, off, n, o->verdict);
	return true;
}

void nearest_find(struct arena *a, const struct decisions *d, struct dd *m, uint32_t root, const struct build *build,
                  const struct capability *cap, const struct dd_request *req, const struct given_facts *given,
                  const struct evaluation *e, struct nearest *out)
{
	struct search s = { .arena = a, .words = words_new(a), .m = m, .root = root, 
	                    .d = d, .req = req, .given = given, .now = e->outcome.verdict,
	                    .fewest = SIZE_MAX, .best = &out->change };

	*out = (struct nearest){ .words = s.words };
	dd_try(m);
	rule_find(m, build, cap, req, e, &out->rule);
	out->rule_limit = dd_tried(m);
	if (out->rule_limit)
		out->rule = (struct nearest_rule){ 0 };
	dd_try(m);
	/* Other arguments add something else to what a budget holds already. */
	dd_regions(m, a, dd_ite(m, given_sums(a, m, given), root, DD_FALSE), region_ask, &s);
	out->change_limit = dd_tried(m);
}
