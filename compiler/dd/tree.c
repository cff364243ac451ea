/* tree effects, on the automaton: what a path decides, combined with what everything below it
 * does. Below a path is what the automaton accepts after a slash; below `/` what it accepts
 * from there on. States are numbered so that a component comes after those it leads to, hence
 * one pass in that order gives the sum of all that each state leads to.
 *
 * What lies below may be longer than the field allows. So conditions look at an endless variable of
 * the field, and the sum is a function of the one that requests have. */
#include <stdlib.h>
#include <string.h>

#include "compiler/dd/children.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/language.h"
#include "compiler/dd/length.h"
#include "compiler/dd/pair.h"

struct work {
	const struct op *op;
	struct var *from, *to;
	struct arena *a;
	struct graph *g;             /* the states, found by number */
	uint32_t *sum;               /* by place in g: all that a state leads to, itself too */
	uint32_t root;               /* the state of `/` */
	bool sized;
	struct class_lengths *below; /* sized: by place in g */
};

static uint32_t place_of(const struct work *w, uint32_t state)
{
	return graph_state(w->g, state, 0) & ~GRAPH_NEW;
}

static uint32_t add(const struct work *w, uint32_t a, uint32_t b)
{
	return a == DD_IMPOSSIBLE ? b : b == DD_IMPOSSIBLE ? a : apply(w->op, a, b);
}

static uint32_t target_of(uint32_t state, uint32_t scalar)
{
	uint32_t i = state_at(state)->first;

	while (store.arc[i].hi < scalar)
		i++;
	return store.arc[i].to;
}

static int number_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

static void sums_find(struct work *w)
{
	uint32_t n = w->g->n, *order = ARENA_ARRAY(w->a, uint32_t, n);

	w->sum = ARENA_ARRAY(w->a, uint32_t, n);
	memcpy(order, w->g->a, n * sizeof *order);
	qsort(order, n, sizeof *order, number_order);
	for (uint32_t i = 0; i < n;) {
		uint32_t scc = store.state[order[i]].scc, sum = DD_IMPOSSIBLE, end = i;

		for (; end < n && store.state[order[end]].scc == scc; end++) {
			struct state s = store.state[order[end]];

			if (s.boolean != NONE) {
				/* Whatever it leads to, it leads to both. */
				sum = add(w, s.lo, s.hi);
				continue;
			}
			sum = add(w, sum, s.out);
			for (uint32_t j = s.first; j < s.first + s.n; j++)
				if (store.state[store.arc[j].to].scc != scc)
					sum = add(w, sum, w->sum[place_of(w, store.arc[j].to)]);
		}
		for (; i < end; i++)
			w->sum[place_of(w, order[i])] = sum;
	}
}

/* ---- where sizes of the path are looked at too ---- */

static bool tests_size(const struct work *w, uint32_t node)
{
	return !is_terminal(node) && node_var(node)->self == w->from->size;
}

/* Has something below a path of `length` bytes a size in lo..hi. */
static bool sized_below(const struct work *w, const struct lengths *s, uint32_t length, uint64_t lo, uint64_t hi)
{
	uint64_t least = lo > length ? lo - length : 0;

	/* From the max on, all sizes are one. */
	if (hi >= w->from->max)
		return s->more || lengths_next(s, least, w->from->max) != UINT64_MAX;
	return hi >= length && lengths_next(s, least, hi - length) != UINT64_MAX;
}

/* The sum over what a path of `length` bytes leads to below it, in state `below`. */
static uint32_t sum_at(const struct work *w, const struct class_lengths *c, uint32_t length)
{
	uint32_t sum = DD_IMPOSSIBLE;

	for (size_t i = 0; i < c->n; i++) {
		const struct node *n;
		krux_u128 lo;

		if (!tests_size(w, c->out[i])) {
			sum = add(w, sum, c->out[i]);
			continue;
		}
		n = node_at(c->out[i]);
		lo = var_at(w->from->size)->pub.domain.lo;
		for (uint32_t j = 0; j < n->n; j++) {
			krux_u128 hi = node_at(c->out[i])->edge[j].hi;

			if (sized_below(w, &c->set[i], length, (uint64_t)lo, (uint64_t)hi))
				sum = add(w, sum, node_at(c->out[i])->edge[j].to);
			lo = hi + 1;
		}
	}
	return sum;
}

/* What a node says of one size. */
static uint32_t node_at_size(const struct work *w, uint32_t node, uint32_t size)
{
	uint32_t i = 0;

	if (!tests_size(w, node))
		return node;
	while (node_at(node)->edge[i].hi < size)
		i++;
	return node_at(node)->edge[i].to;
}

/* `out` and what lies below it, for every length of the path. slash: one byte comes between. */
static uint32_t sum_sized(struct work *w, uint32_t out, uint32_t below, uint32_t slash)
{
	struct class_lengths *c = &w->below[place_of(w, below)];
	struct var *size = var_at(w->to->size);
	size_t from = store.nedges;

	if (!c->out)
		class_lengths(w->a, below, w->from->max, w->from->octets, c);
	for (uint32_t n = (uint32_t)size->pub.domain.lo; n <= w->to->max; n++) {
		uint32_t here = node_at_size(w, out, n);

		if (here != DD_IMPOSSIBLE)
			here = add(w, here, sum_at(w, c, n + slash));
		if (store.nedges > from && store.edge[store.nedges - 1].to == here) {
			store.edge[store.nedges - 1].hi = n;
			continue;
		}
		STORE_ROOM(store.edge, store.nedges + 1, store.cap_edges);
		store.edge[store.nedges++] = (struct dd_edge){ n, here };
	}
	out = node_number(size, store.edge + from, (uint32_t)(store.nedges - from));
	store.nedges = from;
	return out;
}

/* ---- the new automaton ---- */

static uint32_t out_below(struct work *w, uint32_t state, bool root)
{
	uint32_t out = store.state[state].out, below = root ? state : target_of(state, '/');

	if (out == DD_IMPOSSIBLE || below == DD_IMPOSSIBLE)
		return out;
	if (w->sized)
		return sum_sized(w, out, below, !root);
	return add(w, out, w->sum[place_of(w, below)]);
}

static uint32_t tree_states(struct work *w, uint32_t start)
{
	struct graph *g = graph_begin();
	uint32_t out;

	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t q = g->a[i], first = state_at(q)->first, end = first + store.state[q].n;

		graph_out(g, i, out_below(w, q, g->b[i]));
		for (uint32_t j = first; j < end; j++) {
			struct arc a = store.arc[j];

			/* Nothing but `/` comes first. */
			graph_arc(g, a.hi, a.to == DEAD ? a.to : graph_state(g, a.to, !i));
		}
	}
	graph_finish(g);
	out = g->canon[0];
	graph_end(g);
	return out;
}

static uint32_t closure(const struct op *op, struct var *from, struct var *to, uint32_t start)
{
	struct work w = { .op = op, .from = from, .to = to, .sized = store.state[start].sized };
	uint32_t out;

	w.a = scratch_open();
	w.g = graph_begin();
	graph_state(w.g, start, 0);
	for (uint32_t i = 0; i < w.g->n; i++) {
		const struct state *s = state_at(w.g->a[i]);

		for (uint32_t j = s->first; j < s->first + s->n; j++)
			graph_state(w.g, store.arc[j].to, 0);
	}
	if (w.sized)
		w.below = ARENA_ARRAY(w.a, struct class_lengths, w.g->n);
	else
		sums_find(&w);
	out = tree_states(&w, start);
	graph_end(w.g);
	scratch_close();
	return node_string(to, out);
}

/* The automaton that leads to the same node for every path. */
static uint32_t constant(struct var *v, uint32_t node)
{
	const uint32_t yes = DD_TRUE;

	return state_replace(domain_of(v)->yes[0], &yes, &node, 1);
}

static uint32_t tree_walk(const struct op *op, struct var *from, struct var *v, uint32_t f, uint32_t key)
{
	struct var *at;
	struct children c;
	struct arena *a;
	uint32_t out, *to;

	if (is_terminal(f))
		return f;
	at = node_var(f);
	if (at == from)
		return closure(op, from, v, node_at(f)->n);
	if (at->self == from->size)
		return closure(op, from, v, constant(from, f));
	if (var_before(from, at))
		return f;
	out = memo_get(key, f, 0);
	if (out != NONE)
		return out;
	a = scratch_open();
	node_children(a, f, &c);
	to = ARENA_ARRAY(a, uint32_t, c.n);
	for (size_t i = 0; i < c.n; i++)
		to[i] = tree_walk(op, from, v, c.to[i], key);
	out = node_replace(a, f, &c, to);
	scratch_close();
	memo_put(key, f, 0, out);
	return out;
}

uint32_t tree(const struct op *op, struct dd *m, struct place *p, uint32_t f)
{
	if (p->wide == NONE)
		return f;
	p->open = false;
	return tree_walk(op, var_at(p->wide), place_value(m, p), f, op_key());
}

/* ---- any over what is at or below a path ---- */

uint32_t tree_any(struct var *v, uint32_t element)
{
	struct var *it;

	if (is_terminal(element))
		return element;
	it = place_value(v->m, place_element(v->m, v->place));
	if (node_var(element) == it)
		return closure(&op_first, it, v, node_at(element)->n);
	return closure(&op_first, it, v, constant(it, element));
}
