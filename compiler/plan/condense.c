/* Paths of a diagram that part and meet again are one condition.
 *
 * A node that can be come to from one other node alone, and leads to a child of that one as well, needs
 * no row of its own: what leads to the shared child by way of either is joined by `or`, what leads
 * elsewhere by `and`. So the presence, the value and the size of a field are one condition where they
 * come to the same, and k fields with a rule each are k rows, though the diagram has 2^k paths.
 * Nodes are joined bottom up: whatever a node leads to has been joined before it. */
#include "compiler/plan/condense.h"


/* Most steps of a condition that is made by joining. */
enum {
	LONG = 64,                             /* which saves a row, or some */
	LARGEST = 4096,                        /* which may save half of all rows */
};

struct edge {
	uint32_t to;                           /* index of a vertex */
	const struct clause *clause;
};

struct vertex {
	uint32_t node;
	bool terminal;
	enum path_kind kind;                   /* of a terminal; else PATH_ROW */
	bool window;                           /* tests a rate or budget, which conditions cannot ask for */
	uint32_t in;                           /* edges that lead here */
	struct edge *edge;
	size_t nedges;
};

struct condensed {
	struct arena *a;
	struct dd *m;
	path_kind_fn *kind;
	const void *ctx;
	struct vertex *vertex;                 /* what a vertex leads to comes before it */
	size_t n, cap;
	struct slot { uint32_t node, vertex; } *slot;   /* open addressing; node 0: free */
	size_t nslots;
	uint32_t *shared;                      /* by vertex: 1 + the edge of the one at work that leads there */
	size_t cap_shared;
};

/* ---- clauses ---- */

static struct clause *clause_step(struct arena *a, const struct dd_step *step)
{
	struct clause *c = ARENA_NEW(a, struct clause);

	*c = (struct clause){ .kind = CLAUSE_STEP, .step = step, .nsteps = 1 };
	return c;
}

const struct clause *clause_pair(struct arena *a, enum clause_kind kind, const struct clause *x, const struct clause *y)
{
	struct clause *c = ARENA_NEW(a, struct clause);

	*c = (struct clause){ .kind = kind, .a = x, .b = y, .nsteps = x->nsteps + y->nsteps };
	return c;
}

/* ---- the diagram as a graph ---- */

enum path_kind outcome_path_kind(const void *decisions, uint32_t value)
{
	const struct outcome *o = decisions_outcome(decisions, value);

	return o->verdict == KRUX_BLOCKED && o->would == KRUX_BLOCKED && !o->obligation ? PATH_PLAIN : PATH_ROW;
}

static struct slot *slot_at(struct slot *slot, size_t n, uint32_t node)
{
	size_t at = (node * 0x9E3779B1u) & (n - 1);

	while (slot[at].node && slot[at].node != node)
		at = (at + 1) & (n - 1);
	return &slot[at];
}

static void slots_room(struct condensed *c)
{
	size_t n = c->nslots ? c->nslots * 2 : 64;
	struct slot *slot;

	if (c->n * 2 < c->nslots)
		return;
	slot = ARENA_ARRAY(c->a, struct slot, n);
	for (size_t i = 0; i < c->nslots; i++)
		if (c->slot[i].node)
			*slot_at(slot, n, c->slot[i].node) = c->slot[i];
	c->slot = slot;
	c->nslots = n;
}

static bool is_window(const struct dd_var *v)
{
	return v->is_fact && (v->fact == KRUX_FACT_RATE || v->fact == KRUX_FACT_BUDGET);
}

static uint32_t vertex_make(struct condensed *c, uint32_t node);

static void edges_make(struct condensed *c, struct vertex *v)
{
	const struct dd_step *step;
	struct clause *clause, *only = NULL;
	size_t possible = 0;

	v->window = is_window(dd_variable(c->m, dd_var_of(c->m, v->node)));
	v->nedges = dd_steps(c->m, c->a, v->node, &step);
	v->edge = ARENA_ARRAY(c->a, struct edge, v->nedges + 1);
	for (size_t i = 0; i < v->nedges; i++) {
		uint32_t to = vertex_make(c, *step[i].to);

		clause = clause_step(c->a, &step[i]);
		v->edge[i] = (struct edge){ to, clause };
		c->vertex[to].in++;
		if (c->vertex[to].kind != PATH_NEVER) {
			only = clause;
			possible++;
		}
	}
	if (v->window && possible == 1)
		only->implied = true;
}

/* The vertex of a node; what it leads to is made first. */
static uint32_t vertex_make(struct condensed *c, uint32_t node)
{
	struct vertex v = { .node = node, .terminal = dd_is_terminal(node) };
	struct slot *slot;

	if (c->nslots && (slot = slot_at(c->slot, c->nslots, node))->node)
		return slot->vertex;
	if (v.terminal)
		v.kind = c->kind(c->ctx, node);
	else
		edges_make(c, &v);
	slots_room(c);
	*slot_at(c->slot, c->nslots, node) = (struct slot){ node, (uint32_t)c->n };
	ARENA_PUSH(c->a, c->vertex, c->n, c->cap, v);
	return (uint32_t)c->n - 1;
}

/* ---- joining ---- */

/* Is it worth it to join what a child leads to with what its one parent leads to. A shared child that is
 * no terminal saves all of its rows. A shared outcome saves one, and only where little else is said there
 * and the parent leads nowhere else, so that what it asks for need not be said again. */
static bool is_joined(const struct condensed *c, const struct vertex *parent, const struct edge *e)
{
	const struct vertex *child = &c->vertex[e->to];
	size_t nodes = 0, outcomes = 0, plain = 0, alone = 0;
	uint64_t longest = 0, way = parent->nedges == 2 ? 0 : e->clause->nsteps;

	if (child->terminal || child->in != 1 || child->window || parent->window)
		return false;
	for (size_t i = 0; i < child->nedges; i++) {
		const struct vertex *v = &c->vertex[child->edge[i].to];
		uint32_t shared = c->shared[child->edge[i].to];
		uint64_t n = child->edge[i].clause->nsteps + (shared ? way : e->clause->nsteps);

		n += shared ? parent->edge[shared - 1].clause->nsteps : 0;
		longest = n > longest && v->kind == PATH_ROW ? n : longest;
		nodes += shared && !v->terminal;
		plain += shared && v->kind != PATH_ROW;
		outcomes += shared && v->terminal && v->kind == PATH_ROW;
		alone += !shared && v->kind == PATH_ROW;
	}
	if (nodes)
		return longest <= (way ? LONG : LARGEST);
	return alone <= 1 && longest <= LONG && (outcomes ? !way : plain);
}

/* What leads to a child of both, directly or by way of e. Where nothing else is possible, the way to e
 * need not be said again. */
static const struct clause *either(struct condensed *c, const struct clause *direct, const struct clause *way,
                                   const struct clause *on, bool complete)
{
	return clause_pair(c->a, CLAUSE_OR, direct, complete ? on : clause_pair(c->a, CLAUSE_AND, way, on));
}

/* What leads to shared children, which stays where it is. How many others there are. */
static size_t shared_join(struct condensed *c, const struct vertex *parent, const struct edge *way)
{
	const struct vertex *child = &c->vertex[way->to];
	size_t others = 0;

	for (size_t k = 0; k < child->nedges; k++) {
		const struct edge *e = &child->edge[k];
		struct edge *direct;

		if (!c->shared[e->to]) {
			others++;
			continue;
		}
		direct = &parent->edge[c->shared[e->to] - 1];
		direct->clause = either(c, direct->clause, way->clause, e->clause, parent->nedges == 2);
		c->vertex[e->to].in--;
	}
	return others;
}

/* Puts the edges of its child in the place of edge i. */
static void child_join(struct condensed *c, struct vertex *parent, size_t i)
{
	struct edge way = parent->edge[i], *list = parent->edge;
	const struct vertex *child = &c->vertex[way.to];
	size_t others = shared_join(c, parent, &way), n = i;

	if (others != 1) {
		list = ARENA_ARRAY(c->a, struct edge, parent->nedges + others);
		for (size_t k = 0; k < i; k++)
			list[k] = parent->edge[k];
	}
	c->shared[way.to] = 0;
	for (size_t k = 0; k < child->nedges; k++) {
		const struct edge *e = &child->edge[k];

		if (c->shared[e->to])
			continue;
		list[n] = (struct edge){ e->to, clause_pair(c->a, CLAUSE_AND, way.clause, e->clause) };
		c->shared[e->to] = (uint32_t)++n;
	}
	if (others == 1)
		return;
	for (size_t k = i + 1; k < parent->nedges; k++) {
		list[n] = parent->edge[k];
		c->shared[list[n].to] = (uint32_t)n + 1;
		n++;
	}
	parent->edge = list;
	parent->nedges = n;
}

static void vertex_join(struct condensed *c, struct vertex *v)
{
	bool again = true;

	for (size_t k = 0; k < v->nedges; k++)
		c->shared[v->edge[k].to] = (uint32_t)k + 1;
	/* By what is joined others may have come to be alone, or to be shared. */
	while (again) {
		again = false;
		for (size_t i = 0; i < v->nedges; i++)
			while (i < v->nedges && is_joined(c, v, &v->edge[i])) {
				child_join(c, v, i);
				again = true;
			}
	}
	for (size_t k = 0; k < v->nedges; k++)
		c->shared[v->edge[k].to] = 0;
}

struct condensed *condense(struct arena *a, struct dd *m, path_kind_fn *kind, const void *ctx, uint32_t root)
{
	struct condensed *c = ARENA_NEW(a, struct condensed);

	*c = (struct condensed){ .a = a, .m = m, .kind = kind, .ctx = ctx };
	if (root == DD_IMPOSSIBLE || !dd_satisfiable(m, DD_TRUE))
		return c;
	vertex_make(c, root);
	c->shared = ARENA_ARRAY(a, uint32_t, c->n + 1);
	for (size_t i = 0; i < c->n; i++)
		vertex_join(c, &c->vertex[i]);
	return c;
}

/* ---- reading ---- */

uint64_t condensed_count(const struct condensed *c, bool all)
{
	uint64_t *rows = ARENA_ARRAY(c->a, uint64_t, c->n + 1);

	for (size_t i = 0; i < c->n; i++) {
		const struct vertex *v = &c->vertex[i];

		rows[i] = v->terminal && (v->kind == PATH_ROW || (all && v->kind == PATH_PLAIN));
		for (size_t k = 0; k < v->nedges; k++) {
			uint64_t more = rows[v->edge[k].to];

			rows[i] = more > UINT64_MAX - rows[i] ? UINT64_MAX : rows[i] + more;
		}
	}
	return c->n ? rows[c->n - 1] : 0;
}

struct walk {
	const struct condensed *c;
	struct arena *a;
	path_fn *fn;
	void *ctx;
	const struct clause **clause;
	size_t cap;
};

/* `n` clauses have led here. */
static bool vertex_walk(struct walk *w, const struct vertex *v, size_t n)
{
	if (v->kind == PATH_NEVER)
		return true;
	if (v->terminal)
		return w->fn(w->ctx, &(struct joined_row){ w->clause, n, v->node, v->kind == PATH_PLAIN, w->clause, n });
	for (size_t i = 0; i < v->nedges; i++) {
		size_t to = n;

		ARENA_PUSH(w->a, w->clause, to, w->cap, v->edge[i].clause);
		if (!vertex_walk(w, &w->c->vertex[v->edge[i].to], to))
			return false;
	}
	return true;
}

void condensed_paths(const struct condensed *c, struct arena *a, path_fn *fn, void *ctx)
{
	struct walk w = { .c = c, .a = a, .fn = fn, .ctx = ctx };

	if (c->n)
		vertex_walk(&w, &c->vertex[c->n - 1], 0);
}

/* Of what was joined by `or`, the first leads there. */
static void steps_collect(const struct clause *c, struct dd_step *step, size_t *n)
{
	if (c->kind == CLAUSE_STEP) {
		step[(*n)++] = *c->step;
		return;
	}
	steps_collect(c->a, step, n);
	if (c->kind == CLAUSE_AND)
		steps_collect(c->b, step, n);
}

struct dd_region row_region(struct arena *a, const struct joined_row *row)
{
	struct dd_region r = { .value = row->value };
	struct dd_step *step;
	size_t most = 0;

	for (size_t i = 0; i < row->npath; i++)
		most += row->path[i]->nsteps;
	step = ARENA_ARRAY(a, struct dd_step, most + 1);
	for (size_t i = 0; i < row->npath; i++)
		steps_collect(row->path[i], step, &r.nsteps);
	r.step = step;
	return r;
}
