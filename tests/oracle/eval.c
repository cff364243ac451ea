/* Is a condition true of a request (LANG.md 5). */
#include <string.h>

#include "tests/oracle/oracle.h"

struct o_seen *o_seen;

static const struct o_val *down(const struct o_val *v, const uint16_t *step, size_t n)
{
	for (size_t i = 0; v && i < n; i++)
		v = v->present ? &v->item[step[i]] : NULL;
	return v && v->present ? v : NULL;
}

static const struct o_type *down_type(const struct o_type *t, const uint16_t *step, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t = t->field[step[i]].type;
	return t;
}

static void push(struct o_env *e, struct o_val *list, size_t *cap, struct o_val v)
{
	ARENA_PUSH(e->a, list->item, list->n, *cap, v);
}

/* The paths, or the hosts and ports, that an effect word stands for. */
static void word(struct o_env *e, struct krux_str w, struct o_val *list)
{
	const struct o_cap *c = e->rq->cap;
	uint64_t max = c->tree < 0 ? 0 : c->input->field[c->tree].type->max;
	size_t cap = 0;

	*list = (struct o_val){ .present = true };
	for (size_t i = 0; i < c->neffects; i++) {
		const struct o_effect *f = &c->effect[i];
		const struct o_val *v;
		if (!krux_str_eq(f->word, w))
			continue;
		if (f->arg[0].constant) {
			push(e, list, &cap, (struct o_val){ .present = true, .s = f->arg[0].text });
			continue;
		}
		v = down(&e->rq->args, f->arg[0].step, f->arg[0].nsteps);
		if (!v)
			continue;
		if (o_is(w, "connects")) {
			struct o_val *pair = ARENA_ARRAY(e->a, struct o_val, 2);
			const struct o_val *second = f->nargs > 1 ? down(&e->rq->args, f->arg[1].step, f->arg[1].nsteps) : NULL;
			pair[0] = f->nargs > 1 ? *v : v->item[1];
			pair[1] = f->nargs > 1 ? (second ? *second : (struct o_val){ 0 }) : v->item[2];
			push(e, list, &cap, (struct o_val){ .present = true, .item = pair, .n = 2 });
		} else if (f->arg[0].tree && !f->arg[0].prunes) {
			const struct o_paths *below = o_tree_below(e->a, e->build, c, v->s);
			e->overflow |= below->overflow;
			for (size_t k = 0; k < below->n; k++)
				push(e, list, &cap, (struct o_val){ .present = true, .s = below->path[k], .most = max });
		} else if (v->item) {
			for (size_t k = 0; k < v->n; k++)
				push(e, list, &cap, v->item[k]);
		} else {
			struct o_val one = *v;
			one.most = down_type(c->input, f->arg[0].step, f->arg[0].nsteps)->max;
			push(e, list, &cap, one);
		}
	}
}

/* NULL: absent. */
static const struct o_val *value(struct o_env *e, const struct o_place *p, struct o_val *room)
{
	*room = (struct o_val){ .present = true };
	switch (p->kind) {
	case P_FIELD: return down(&e->rq->args, p->step, p->nsteps);
	case P_IT: return e->depth ? down(e->it[e->depth - 1], p->step, p->nsteps) : NULL;
	case P_AGENT: room->s = e->rq->agent; break;
	case P_TIME: room->num = e->rq->facts->time; break;
	case P_WEEKDAY: room->num = e->rq->facts->weekday; break;
	case P_CALLS:
		for (size_t i = 0; i < e->rq->facts->ncalls; i++)
			if (krux_str_eq(e->rq->facts->calls[i].name, p->name))
				room->num = (o_int)e->rq->facts->calls[i].n;
		break;
	case P_WORD: word(e, p->name, room); break;
	}
	return room;
}

static bool same(const struct o_type *t, const struct o_val *v, const struct o_const *c)
{
	switch (t->kind) {
	case O_STRING: case O_BYTES: case O_PATH: case O_HOST: case O_CIDR: case O_DIGEST: case O_SECRET: case O_AGENT:
		return krux_str_eq(v->s, c->val.s);
	case O_IP:
		if (c->cidr) {
			unsigned width = c->val.v4 ? 32 : 128;
			return v->v4 == c->val.v4 &&
			       (!c->prefix || (o_uint)v->num >> (width - c->prefix) == (o_uint)c->val.num >> (width - c->prefix));
		}
		return v->v4 == c->val.v4 && v->num == c->val.num;
	case O_URL:
		for (size_t i = 0; i < 5; i++)
			if (v->item[i].num != c->val.item[i].num || !krux_str_eq(v->item[i].s, c->val.item[i].s))
				return false;
		return true;
	default:
		return v->num >= c->lo && v->num <= c->hi;
	}
}

static bool within(const struct o_type *t, const struct o_val *v, const struct o_const *c)
{
	if (t->kind == O_TIME)
		return c->hi > c->lo ? v->num >= c->lo && v->num < c->hi : v->num >= c->lo || v->num < c->hi;
	if (t->kind == O_AGENT)
		return o_agent_glob(c->val.s, v->s);
	return same(t, v, c);
}

static bool has_element(const struct o_type *t, const struct o_val *v, const struct o_const *c)
{
	for (size_t i = 0; i < v->n; i++)
		if (same(t->elem, &v->item[i], c))
			return true;
	return false;
}

static bool compare(const struct o_bound *b, const struct o_type *t, const struct o_val *v, const struct o_const *c)
{
	switch (b->op) {
	case W_EQ: case W_NE: return same(t, v, c);
	case W_LT: return v->num < c->lo;
	case W_LE: return v->num <= c->lo;
	case W_GT: return v->num > c->lo;
	case W_GE: return v->num >= c->lo;
	case W_IN: return within(t, v, c);
	case W_UNDER: return t->kind == O_PATH ? o_under_path(c->val.s, v->s) : o_under_host(c->val.s, v->s);
	case W_MATCHES: return t->kind == O_PATH ? o_glob(c->val.s, v->s) : o_agent_glob(c->val.s, v->s);
	case W_LIKE: return o_nfa_match(c->nfa, v->s);
	case W_STARTS: return o_starts(v->s, c->val.s);
	case W_ENDS: return o_ends(v->s, c->val.s);
	case W_CONTAINS: return t->kind == O_LIST ? has_element(t, v, c) : o_contains(v->s, c->val.s);
	default: return false;
	}
}

static bool test(struct o_env *e, const struct o_bound *b)
{
	static const struct o_type counted = { .kind = O_COUNT };
	struct o_val room, size = { .present = true };
	const struct o_val *v = value(e, &b->place, &room);
	const struct o_type *t = b->place.type;
	int how = b->place.size ? SEEN_SIZE : b->place.kind == P_IT ? SEEN_IT : SEEN_PLAIN;
	enum o_kind seen = t->kind;
	bool yes = false;

	if (!v)
		return false;
	if (b->op == W_CONTAINS && t->kind == O_LIST) {
		how = SEEN_LIST;
		seen = t->elem->kind;
	}
	if (b->place.size) {
		size.num = t->kind == O_LIST || t->kind == O_MAP ? (o_int)v->n : (o_int)v->s.n;
		/* What lies below a path may be longer than its field holds. */
		uint64_t most = b->place.kind == P_FIELD ? t->max : v->most;
		if (t->kind == O_PATH && most && size.num > (o_int)most)
			size.num = (o_int)most;
		v = &size;
		t = &counted;
	}
	for (size_t i = 0; i < b->ncons && !yes; i++)
		yes = compare(b, t, v, &b->con[i]);
	yes = yes != (b->op == W_NE);
	if (o_seen)
		o_seen->hit[b->op][seen][how][yes]++;
	return yes;
}

static bool quantified(struct o_env *e, const struct o_bound *b)
{
	struct o_val room;
	const struct o_val *list = value(e, &b->place, &room);
	bool yes = b->kind == C_ALL;

	if (!list)
		return false;
	for (size_t i = 0; i < list->n && yes == (b->kind == C_ALL); i++) {
		e->it[e->depth++] = &list->item[i];
		yes = o_eval(e, b->a);
		e->depth--;
	}
	if (o_seen)
		(b->kind == C_ANY ? o_seen->any : o_seen->all)[yes]++;
	return yes;
}

static const struct o_count *counted(const struct o_count *list, size_t n, struct krux_str key)
{
	for (size_t i = 0; i < n; i++)
		if (key.n == list[i].policy.n + 1 + list[i].name.n && o_starts(key, list[i].policy) &&
		    key.p[list[i].policy.n] == '/' && o_ends(key, list[i].name))
			return &list[i];
	return NULL;
}

/* rate("policy/rule") of a table, and over("policy/rule"). */
static bool rate(struct o_env *e, const struct o_bound *b)
{
	const struct o_count *c = counted(e->rq->facts->rates, e->rq->facts->nrates, b->text);
	struct o_val v = { .num = c ? (o_int)c->n : 0 };

	for (size_t i = 0; i < b->ncons; i++)
		if (compare(b, b->place.type, &v, &b->con[i]))
			return true;
	return false;
}

static bool over(struct o_env *e, const struct o_bound *b)
{
	for (size_t p = 0; p < e->build->npolicies; p++)
		for (size_t r = 0; r < e->build->policy[p].nrules; r++) {
			const struct o_policy *policy = &e->build->policy[p];
			const struct o_rule *rule = &policy->rule[r];
			const struct o_count *c;
			struct o_count key = { .policy = policy->name, .name = rule->id };
			struct o_place place;
			struct o_val room;
			const struct o_val *v;

			if (!rule->budget.given || !counted(&key, 1, b->text) || !o_bind_place(e->rq->cap, &rule->budget.sum, &place))
				continue;
			c = counted(e->rq->facts->budgets, e->rq->facts->nbudgets, b->text);
			v = place.kind == P_FIELD && e->rq->added ? down(e->rq->added, place.step, place.nsteps) : value(e, &place, &room);
			o_int sum = c ? (o_int)c->n : 0;
			if (v)
				sum += !place.size ? v->num : v->item ? (o_int)v->n : (o_int)v->s.n;
			return sum > (o_int)rule->budget.max;
		}
	return false;
}

bool o_eval(struct o_env *e, const struct o_bound *b)
{
	struct o_val room;
	const struct o_val *v;
	bool yes;

	switch (b->kind) {
	case C_TRUE: return true;
	case C_FALSE: return false;
	case C_NOT: return !o_eval(e, b->a);
	case C_AND: return o_eval(e, b->a) && o_eval(e, b->b);
	case C_OR: return o_eval(e, b->a) || o_eval(e, b->b);
	case C_ANY: case C_ALL: return quantified(e, b);
	case C_TEST: return test(e, b);
	case C_RATE: return rate(e, b);
	case C_OVER: return over(e, b);
	case C_NAME:
		v = value(e, &b->place, &room);
		return v && v->num;
	case C_HAS:
		yes = value(e, &b->place, &room) != NULL;
		if (o_seen)
			o_seen->has[yes]++;
		return yes;
	case C_LABEL:
		yes = o_names_have(&e->rq->facts->labels, b->text);
		if (o_seen)
			o_seen->label[yes]++;
		return yes;
	}
	return false;
}

bool o_holds(struct arena *a, const struct o_build *b, const struct o_request *rq, const struct o_bound *c)
{
	struct o_env e = { .a = a, .build = b, .rq = rq };

	return o_eval(&e, c);
}
