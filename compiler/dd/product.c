/* Products of string automata. A pair of states is followed only where both sides still have
 * something to say: where one is settled on what leaves the other as it is, the other is the
 * result, whatever its size. */
#include "compiler/dd/apply.h"

#include <stdlib.h>

#include "compiler/dd/graph.h"
#include "compiler/dd/pair.h"

struct work {
	const struct op *op;
	enum side side;
	uint32_t key;
	struct graph *g;
};

/* Two nodes by one boolean state, from what both sides say where it is FALSE and TRUE. */
static uint32_t both_nodes(const struct work *w, uint32_t x, uint32_t y, uint32_t boolean, const uint32_t at[static 4])
{
	uint32_t lo = apply(w->op, at[0], at[2]), hi = apply(w->op, at[1], at[3]);

	if (lo == DD_IMPOSSIBLE || hi == DD_IMPOSSIBLE)
		return NONE;
	if (lo == hi && w->side == SIDE_BOTH && store.state[x].settled != NONE)
		return state_settled(x, lo);
	if (lo == hi && w->side == SIDE_BOTH && store.state[y].settled != NONE)
		return state_settled(y, lo);
	return state_pair(boolean, lo, hi);
}

/* Both tell two nodes apart, and so does the result: then it is `and` or `or` of the boolean
 * states. Only asked once, for the start: the pairs on the way find one another in one graph. */
static uint32_t both_boolean(const struct work *w, uint32_t x, uint32_t y)
{
	const struct op *op = w->op;
	uint32_t at[4], hi, lo, boolean;
	struct two a, b;

	if (w->side != SIDE_BOTH || !state_two(x, &a) || !state_two(y, &b))
		return NONE;
	if (a.boolean == x && b.boolean == y && (op->kind == OP_AND || op->kind == OP_FIRST || op->kind == OP_NOT))
		return NONE;
	for (int i = 0; i < 4; i++)
		at[i] = apply(op, i & 1 ? a.hi : a.lo, i & 2 ? b.hi : b.lo);
	lo = at[0];
	hi = at[3];
	x = a.boolean;
	y = b.boolean;
	if (lo == DD_IMPOSSIBLE || at[1] == DD_IMPOSSIBLE || at[2] == DD_IMPOSSIBLE || hi == DD_IMPOSSIBLE || lo == hi)
		return NONE;
	if ((at[1] != lo && at[1] != hi) || (at[2] != lo && at[2] != hi))
		return NONE;
	if (at[1] == at[2])
		boolean = product(at[1] == lo ? &op_and : &op_first, SIDE_BOTH, x, y);
	else
		boolean = at[1] == hi ? x : y;
	if (store.state[boolean].settled == NONE)
		return state_pair(boolean, lo, hi);
	return state_settled(boolean, store.state[boolean].settled == DD_FALSE ? lo : hi);
}

/* One side tells nothing apart, and the other two nodes at most; or both do so alike. */
static uint32_t known_nodes(const struct work *w, uint32_t x, uint32_t y)
{
	uint32_t xs = w->side == SIDE_NODE_STATE ? x : store.state[x].settled,
	         ys = w->side == SIDE_STATE_NODE ? y : store.state[y].settled, out;
	struct two a, b;

	if (xs != NONE && ys != NONE) {
		out = xs == DD_IMPOSSIBLE || ys == DD_IMPOSSIBLE ? (uint32_t)DD_IMPOSSIBLE : apply(w->op, xs, ys);
		return out == DD_IMPOSSIBLE ? NONE : state_settled(w->side == SIDE_NODE_STATE ? y : x, out);
	}
	/* That of a boolean state is what pairs are made with. */
	if (xs == DD_IMPOSSIBLE || ys == DD_IMPOSSIBLE || w->op->kind == OP_NOT)
		return NONE;
	if (xs != NONE)
		return state_two(y, &b) ? both_nodes(w, x, y, b.boolean, (uint32_t[]){ xs, xs, b.lo, b.hi }) : NONE;
	if (!state_two(x, &a))
		return NONE;
	if (ys != NONE)
		return both_nodes(w, x, y, a.boolean, (uint32_t[]){ a.lo, a.hi, ys, ys });
	if (!state_two(y, &b) || a.boolean != b.boolean)
		return NONE;
	return both_nodes(w, x, y, a.boolean, (uint32_t[]){ a.lo, a.hi, b.lo, b.hi });
}

/* The result where it is known without following the pair, else NONE. */
static uint32_t known(const struct work *w, uint32_t x, uint32_t y)
{
	const struct op *op = w->op;
	uint32_t out;

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
	out = memo_get(w->key, x, y);
	if (out != NONE)
		return out;
	out = known_nodes(w, x, y);
	if (out != NONE)
		memo_put(w->key, x, y, out);
	return out;
}

static uint32_t pair_target(const struct work *w, uint32_t x, uint32_t y)
{
	uint32_t to = known(w, x, y);

	return to != NONE ? to : graph_state(w->g, x, y);
}

static void both_follow(const struct work *w, uint32_t x, uint32_t y)
{
	uint32_t i = state_at(x)->first, j = state_at(y)->first;

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
	const struct state *s = state_at(w->side == SIDE_STATE_NODE ? x : y);
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

	if (out == NONE)
		out = both_boolean(&w, x, y);
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

/* The result where it is known without following the state, else NONE. */
static uint32_t mapped(uint32_t state, out_fn *fn, const void *ctx)
{
	uint32_t settled = store.state[state].settled, lo, hi;
	struct two two;

	if (settled == DD_IMPOSSIBLE)
		return state;
	if (settled != NONE) {
		lo = fn(ctx, settled);
		return lo == DD_IMPOSSIBLE ? NONE : state_settled(state, lo);
	}
	if (!state_two(state, &two))
		return NONE;
	lo = fn(ctx, two.lo);
	hi = fn(ctx, two.hi);
	return lo == DD_IMPOSSIBLE || hi == DD_IMPOSSIBLE ? NONE : state_pair(two.boolean, lo, hi);
}

/* By key and b of the memory; 0: targets are known by `mapped` instead. */
static uint32_t outs_walk(uint32_t start, out_fn *fn, const void *ctx, uint32_t key, uint32_t b)
{
	struct graph *g = graph_begin();
	uint32_t out;

	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t first = state_at(g->a[i])->first, end = first + store.state[g->a[i]].n;

		out = store.state[g->a[i]].out;
		graph_out(g, i, out == DD_IMPOSSIBLE ? (uint32_t)DD_IMPOSSIBLE : fn(ctx, out));
		for (uint32_t j = first; j < end; j++) {
			uint32_t to = store.arc[j].to, hi = store.arc[j].hi, known = to;

			if (to != DEAD)
				known = key ? memo_get(key, to, b) : mapped(to, fn, ctx);
			graph_arc(g, hi, known != NONE ? known : graph_state(g, to, 0));
		}
	}
	graph_finish(g);
	for (uint32_t i = 0; key && i < g->n; i++)
		memo_put(key, g->a[i], b, g->canon[i]);
	out = g->canon[0];
	graph_end(g);
	return out;
}

static uint32_t outs_map(uint32_t start, out_fn *fn, const void *ctx)
{
	uint32_t out = mapped(start, fn, ctx);

	return out != NONE ? out : outs_walk(start, fn, ctx, 0, 0);
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

uint32_t state_exchange(uint32_t start, uint32_t from, uint32_t to, uint32_t key, uint32_t b)
{
	uint32_t out = memo_get(key, start, b);

	return out != NONE ? out : outs_walk(start, exchanged, &(struct exchange){ &from, &to, 1 }, key, b);
}

uint32_t state_replace(uint32_t start, const uint32_t *from, const uint32_t *to, size_t n)
{
	return outs_map(start, exchanged, &(struct exchange){ from, to, n });
}
