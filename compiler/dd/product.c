/* Products of string automata. A pair of states is followed only where both sides still have
 * something to say: where one is settled on what leaves the other as it is, the other is the
 * result, whatever its size. */
#include "compiler/dd/apply.h"

#include <stdlib.h>

#include "compiler/dd/graph.h"

struct work {
	const struct op *op;
	enum side side;
	uint32_t key;
	struct graph *g;
};

/* The result where it is known without following the pair, else NONE. */
static uint32_t known(const struct work *w, uint32_t x, uint32_t y)
{
	const struct op *op = w->op;

	if (w->side != SIDE_NODE_STATE) {
		uint32_t settled = store.state[x].settled;
		int64_t side;

		if (x == DEAD)
			return DEAD;
		if (settled != NONE && is_terminal(settled)) {
			side = op_left(op, settled);
			if (side == settled)
				return x;
			if (side == SIDE_OTHER && w->side == SIDE_BOTH)
				return y;
		}
	}
	if (w->side != SIDE_STATE_NODE) {
		uint32_t settled = store.state[y].settled;
		int64_t side;

		if (y == DEAD)
			return DEAD;
		if (settled != NONE && is_terminal(settled)) {
			side = op_right(op, settled);
			if (side == settled)
				return y;
			if (side == SIDE_OTHER && w->side == SIDE_BOTH)
				return x;
		}
	}
	if (w->side == SIDE_BOTH && x == y &&
	    (op->kind == OP_AND || op->kind == OP_FIRST || op->kind == OP_FILL || (op->laws & DD_IDEMPOTENT)))
		return x;
	return memo_get(w->key, x, y);
}

static uint32_t pair_target(const struct work *w, uint32_t x, uint32_t y)
{
	uint32_t to = known(w, x, y);

	return to != NONE ? to : graph_state(w->g, x, y);
}

static void both_follow(const struct work *w, uint32_t x, uint32_t y)
{
	uint32_t i = store.state[x].first, j = store.state[y].first;

	for (;;) {
		struct arc a = store.arc[i], b = store.arc[j];
		uint32_t hi = a.hi < b.hi ? a.hi : b.hi;

		graph_arc(w->g, hi, pair_target(w, a.to, b.to));
		if (hi == LAST_SCALAR)
			return;
		i += a.hi == hi;
		j += b.hi == hi;
	}
}

static void one_follow(const struct work *w, uint32_t x, uint32_t y)
{
	const struct state *s = &store.state[w->side == SIDE_STATE_NODE ? x : y];
	uint32_t first = s->first, n = s->n;

	for (uint32_t i = first; i < first + n; i++) {
		struct arc a = store.arc[i];

		graph_arc(w->g, a.hi, w->side == SIDE_STATE_NODE ? pair_target(w, a.to, y) : pair_target(w, x, a.to));
	}
}

uint32_t product(const struct op *op, enum side side, uint32_t x, uint32_t y)
{
	struct work w = { op, side, op->key << 2 | (uint32_t)side, NULL };
	uint32_t out = known(&w, x, y);
	struct graph *g;

	if (out != NONE)
		return out;
	g = w.g = graph_begin();
	graph_state(g, x, y);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t a = g->a[i], b = g->b[i];

		graph_out(g, i, apply(op, side == SIDE_NODE_STATE ? a : store.state[a].out,
		                      side == SIDE_STATE_NODE ? b : store.state[b].out));
		if (side == SIDE_BOTH)
			both_follow(&w, a, b);
		else
			one_follow(&w, a, b);
	}
	graph_finish(g);
	for (uint32_t i = 0; i < g->n; i++)
		memo_put(w.key, g->a[i], g->b[i], g->canon[i]);
	out = g->canon[0];
	graph_end(g);
	return out;
}

/* The states from `start` on with other outputs. */
typedef uint32_t out_fn(const void *ctx, uint32_t out);

static uint32_t outs_map(uint32_t start, out_fn *fn, const void *ctx)
{
	struct graph *g = graph_begin();
	uint32_t out;

	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t first = store.state[g->a[i]].first, end = first + store.state[g->a[i]].n;

		out = store.state[g->a[i]].out;
		graph_out(g, i, out == DD_IMPOSSIBLE ? (uint32_t)DD_IMPOSSIBLE : fn(ctx, out));
		for (uint32_t j = first; j < end; j++) {
			uint32_t to = store.arc[j].to;

			graph_arc(g, store.arc[j].hi, to == DEAD ? to : graph_state(g, to, 0));
		}
	}
	graph_finish(g);
	out = g->canon[0];
	graph_end(g);
	return out;
}

static uint32_t is_out(const void *ctx, uint32_t out)
{
	return out == *(const uint32_t *)ctx ? DD_TRUE : DD_FALSE;
}

static uint32_t is_not(const void *ctx, uint32_t out)
{
	return out == *(const uint32_t *)ctx ? DD_FALSE : DD_TRUE;
}

uint32_t state_class(uint32_t start, uint32_t out)
{
	return outs_map(start, is_out, &out);
}

uint32_t state_class_not(uint32_t start, uint32_t out)
{
	return outs_map(start, is_not, &out);
}

struct exchange {
	const uint32_t *from, *to;
	size_t n;
};

static int number_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

static uint32_t exchanged(const void *ctx, uint32_t out)
{
	const struct exchange *x = ctx;
	const uint32_t *at = x->n ? bsearch(&out, x->from, x->n, sizeof out, number_order) : NULL;

	return at ? x->to[at - x->from] : out;
}

uint32_t state_replace(uint32_t start, const uint32_t *from, const uint32_t *to, size_t n)
{
	return outs_map(start, exchanged, &(struct exchange){ from, to, n });
}
