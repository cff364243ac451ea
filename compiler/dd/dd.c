/* The interface: each function guards one operation. */
#include "compiler/dd/dd.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/children.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"

/* ---- managers ---- */

static uint32_t begin(struct dd *m, void *args)
{
	(void)args;
	state_dead_make();
	vars_begin(m);
	return 1;
}

struct dd *dd_new(const struct capability *cap)
{
	struct arena *a = arena_new();
	struct dd *m = ARENA_NEW(a, struct dd);

	m->arena = a;
	m->cap = cap;
	m->most_steps = UINT64_MAX;
	store_join(m);
	store_guard(m, begin, NULL);
	return m;
}

void dd_free(struct dd *m)
{
	struct arena *a;

	if (!m)
		return;
	a = m->arena;
	store_leave(m);
	arena_free(a);
}

const char *dd_overflow(const struct dd *m)
{
	return m->overflow;
}

struct dd_attempt dd_attempt_large(struct dd *m)
{
	struct dd_attempt a = { m->overflow ? UINT64_MAX : m->work, m->most_steps };

	m->alone = false;                /* nothing is rolled back */
	return a;
}

struct dd_attempt dd_attempt(struct dd *m)
{
	struct dd_attempt a = dd_attempt_large(m);
	uint64_t most = store.tried < ALL_TRIED ? (ALL_TRIED - store.tried) / 2 : 0;

	most = most > TRIED_STEPS ? TRIED_STEPS : most < TRIED_LEAST ? TRIED_LEAST : most;
	m->trying = true;
	if (m->steps + most < m->most_steps)
		m->most_steps = m->steps + most;
	if (m->work < MOST_WORK - MOST_TRIED)
		m->work = MOST_WORK - MOST_TRIED;
	return a;
}

bool dd_attempt_end(struct dd *m, const struct dd_attempt *a)
{
	bool fine = !m->overflow;

	m->trying = false;
	if (a->work == UINT64_MAX)
		return false;
	m->overflow = NULL;
	m->work = a->work;
	m->most_steps = a->most_steps;
	return fine;
}

void dd_try(struct dd *m)
{
	m->alone = false;                /* nothing is rolled back */
}

const char *dd_tried(struct dd *m)
{
	const char *limit = m->overflow;

	m->overflow = NULL;
	return limit;
}

bool dd_spent(const struct dd *m)
{
	return m->overflow == steps_spent;
}

uint64_t dd_steps_taken(const struct dd *m)
{
	return m->steps;
}

void dd_allow(unsigned builds)
{
	store.most_steps = builds * (uint64_t)KRUX_MAX_STEPS;
}

void manager_forget(struct dd *m)
{
	m->nvars = m->nranked = 0;
	m->input = m->anywhere = NULL;
	m->level = NULL;
}

/* ---- operations ---- */

struct args {
	uint32_t a, b, c;
	const struct cond *cond;
	const struct krux_str *pattern;
	size_t n;
	const struct dd_var *fact;
	uint64_t min;
	const struct op *op;
	const struct access *path;
	uint32_t var;
	const struct value_set *set;
	bool rule;
};

uint32_t dd_terminal(struct dd *m, uint32_t value)
{
	if (value >= HOLE && !m->overflow)
		m->overflow = "outcomes";
	return m->overflow ? (uint32_t)DD_IMPOSSIBLE : value;
}

static uint32_t make_cond(struct dd *m, void *p)
{
	const struct args *x = p;

	return cond_compile(m, x->cond, x->rule);
}

uint32_t dd_cond(struct dd *m, const struct cond *c)
{
	return store_guard(m, make_cond, &(struct args){ .cond = c });
}

uint32_t dd_rule_cond(struct dd *m, const struct cond *c)
{
	return store_guard(m, make_cond, &(struct args){ .cond = c, .rule = true });
}

static uint32_t make_test(struct dd *m, void *p)
{
	const struct args *x = p;

	return set_compile(m->var[x->var], x->set);
}

uint32_t dd_test(struct dd *m, uint32_t var, const struct value_set *set)
{
	return store_guard(m, make_test, &(struct args){ .var = var, .set = set });
}

static uint32_t make_agent(struct dd *m, void *p)
{
	const struct args *x = p;

	return agents_compile(m, x->pattern, x->n, x->rule);
}

uint32_t dd_agent(struct dd *m, const struct krux_str *pattern, size_t n)
{
	return store_guard(m, make_agent, &(struct args){ .pattern = pattern, .n = n });
}

uint32_t dd_rule_agent(struct dd *m, const struct krux_str *pattern, size_t n)
{
	return store_guard(m, make_agent, &(struct args){ .pattern = pattern, .n = n, .rule = true });
}

static uint32_t make_fact(struct dd *m, void *p)
{
	const struct args *x = p;

	return between(var_fact(m, x->fact), x->min, UINT64_MAX);
}

uint32_t dd_fact_at_least(struct dd *m, const struct dd_var *fact, uint64_t min)
{
	return store_guard(m, make_fact, &(struct args){ .fact = fact, .min = min });
}

static uint32_t make_apply(struct dd *m, void *p)
{
	const struct args *x = p;

	(void)m;
	return apply(x->op, x->a, x->b);
}

uint32_t dd_not(struct dd *m, uint32_t a)
{
	return store_guard(m, make_apply, &(struct args){ .op = &op_not, .a = a, .b = DD_TRUE });
}

uint32_t dd_and(struct dd *m, uint32_t a, uint32_t b)
{
	return store_guard(m, make_apply, &(struct args){ .op = &op_and, .a = a, .b = b });
}

uint32_t dd_and_all(struct dd *m, const uint32_t *f, size_t n)
{
	if (n < 2)
		return n ? f[0] : DD_TRUE;
	return dd_and(m, dd_and_all(m, f, n / 2), dd_and_all(m, f + n / 2, n - n / 2));
}

uint32_t dd_or(struct dd *m, uint32_t a, uint32_t b)
{
	return store_guard(m, make_apply, &(struct args){ .op = &op_first, .a = a, .b = b });
}

static uint32_t make_ite(struct dd *m, void *p)
{
	const struct args *x = p;

	(void)m;
	return ite(x->a, x->b, x->c);
}

uint32_t dd_ite(struct dd *m, uint32_t cond, uint32_t then, uint32_t otherwise)
{
	return store_guard(m, make_ite, &(struct args){ .a = cond, .b = then, .c = otherwise });
}

/* The memory's key of a caller's operation. */
static uint32_t key_of(struct dd *m, unsigned id)
{
	struct op_of x = { id, 0 };

	for (size_t i = 0; i < m->nops; i++)
		if (m->op[i].id == id)
			return m->op[i].key;
	x.key = op_key();
	ARENA_PUSH(m->arena, m->op, m->nops, m->cap_ops, x);
	return x.key;
}

static const unsigned all_laws = DD_UNIT_LEFT | DD_UNIT_RIGHT | DD_IDEMPOTENT | DD_LEFT_WINS;

static uint32_t make_call(struct dd *m, void *p)
{
	struct args *x = p;
	struct op op = *x->op;

	op.key = key_of(m, op.key);
	if (x->path)
		return tree(&op, m, place_at(m, m->input, x->path), x->a);
	return apply(&op, x->a, x->b);
}

uint32_t dd_apply(struct dd *m, unsigned id, dd_op *fn, void *ctx, uint32_t a, uint32_t b)
{
	struct op op = { OP_CALL, id, id & all_laws, fn, ctx };

	return store_guard(m, make_call, &(struct args){ .op = &op, .a = a, .b = b });
}

static uint32_t make_tree_begin(struct dd *m, void *p)
{
	place_endless(m, place_at(m, m->input, ((struct args *)p)->path));
	return 1;
}

void dd_tree_begin(struct dd *m, const struct access *path)
{
	store_guard(m, make_tree_begin, &(struct args){ .path = path });
}

uint32_t dd_tree(struct dd *m, const struct access *path, unsigned id, dd_op *fn, void *ctx, uint32_t f)
{
	struct op op = { OP_CALL, id, (id & all_laws) | DD_IDEMPOTENT, fn, ctx };

	return store_guard(m, make_call, &(struct args){ .op = &op, .a = f, .path = path });
}

struct map {
	dd_map_op *op;
	void *ctx;
	uint32_t a;
};

static uint32_t map_one(void *ctx, uint32_t a, uint32_t b)
{
	const struct map *map = ctx;

	(void)b;
	return map->op(map->ctx, a);
}

static uint32_t make_map(struct dd *m, void *p)
{
	struct map *map = p;
	struct op op = { OP_CALL, op_key(), 0, map_one, map };

	(void)m;
	return apply(&op, map->a, DD_TRUE);
}

uint32_t dd_map(struct dd *m, dd_map_op *op, void *ctx, uint32_t a)
{
	return store_guard(m, make_map, &(struct map){ op, ctx, a });
}

struct projected {
	struct arena *a;
	uint32_t f, var;
};

static uint32_t make_project(struct dd *m, void *p)
{
	const struct projected *x = p;

	(void)m;
	return diagram_project(x->a, x->f, x->var);
}

uint32_t dd_project(struct dd *m, struct arena *a, uint32_t f, uint32_t var)
{
	return store_guard(m, make_project, &(struct projected){ a, f, var });
}

struct substituted {
	struct arena *a;
	uint32_t f, field;
	const struct krux_value *value;
};

static uint32_t make_substitute(struct dd *m, void *p)
{
	const struct substituted *x = p;

	return diagram_substitute(m, x->a, x->f, x->field, x->value);
}

uint32_t dd_substitute(struct dd *m, struct arena *a, uint32_t f, uint32_t field, const struct krux_value *value)
{
	return store_guard(m, make_substitute, &(struct substituted){ a, f, field, value });
}

static uint32_t make_given(struct dd *m, void *p)
{
	return field_given(m, ((const struct args *)p)->var);
}

uint32_t dd_given(struct dd *m, uint32_t field)
{
	return store_guard(m, make_given, &(struct args){ .var = field });
}

static uint32_t make_value_at(struct dd *m, void *p)
{
	const struct args *x = p;

	return place_value(m, place_at(m, m->input, x->path))->number;
}

uint32_t dd_value_at(struct dd *m, const struct access *path)
{
	return store_guard(m, make_value_at, &(struct args){ .path = path });
}

uint32_t dd_agent_var(struct dd *m)
{
	return var_agent(m)->number;
}

size_t dd_asked(const struct dd *m, uint32_t var, const struct value_set *const **out)
{
	const struct place *p = m->var[var]->place;
	const struct asked *asked = p ? &p->asked : &m->agent_asked;

	if (m->var[var]->pub.is_fact)
		return 0;
	*out = asked->set;
	return asked->n <= DD_MOST_ASKED ? asked->n : 0;
}

static uint32_t make_class(struct dd *m, void *p)
{
	const struct args *x = p;

	(void)m;
	return node_class(x->a, x->b);
}

uint32_t dd_class(struct dd *m, uint32_t node, uint32_t to)
{
	if (is_terminal(node))
		return node == to ? DD_TRUE : DD_FALSE;
	return store_guard(m, make_class, &(struct args){ .a = node, .b = to });
}

/* ---- questions ---- */

static uint32_t ask_possible(struct dd *m, void *p)
{
	(void)p;
	return request_possible(m);
}

bool dd_satisfiable(struct dd *m, uint32_t f)
{
	return f != DD_FALSE && f != DD_IMPOSSIBLE && store_guard(m, ask_possible, NULL);
}

bool dd_differ(struct dd *m, uint32_t f, uint32_t g)
{
	return f != g && dd_satisfiable(m, store_guard(m, make_apply, &(struct args){ .op = &op_differ, .a = f, .b = g }));
}
