/* Two diagrams and an operation to one diagram. */
#include "compiler/dd/apply.h"

#include <assert.h>
#include <stdlib.h>

enum { DEEPEST = 8192 };             /* tests in a row */

const struct op op_and = { OP_AND, OP_AND, 0, NULL, NULL };
const struct op op_first = { OP_FIRST, OP_FIRST, 0, NULL, NULL };
const struct op op_mask = { OP_MASK, OP_MASK, 0, NULL, NULL };
const struct op op_fill = { OP_FILL, OP_FILL, 0, NULL, NULL };
const struct op op_differ = { OP_DIFFER, OP_DIFFER, 0, NULL, NULL };
const struct op op_not = { OP_NOT, OP_NOT, 0, NULL, NULL };

uint32_t op_key(void)
{
	if (store.next_op >= NODE_FIRST)
		store_stop("operations");
	return store.next_op++;
}

/* ---- constants ---- */

static uint32_t call(const struct op *op, uint32_t a, uint32_t b)
{
	uint32_t v = op->fn(op->ctx, a, b);

	if (v >= HOLE && v < DD_STATE)
		store_stop("outcomes");
	return v;
}

static uint32_t terminals(const struct op *op, uint32_t a, uint32_t b)
{
	switch (op->kind) {
	case OP_AND:
		return a == DD_FALSE ? DD_FALSE : b;
	case OP_FIRST:
		return a != DD_FALSE ? a : b;
	case OP_MASK:
		return a == DD_FALSE ? (uint32_t)HOLE : b;
	case OP_FILL:
		return a != HOLE ? a : b;
	case OP_DIFFER:
		return a == b ? DD_FALSE : DD_TRUE;
	case OP_NOT:
		return a == DD_FALSE ? DD_TRUE : DD_FALSE;
	case OP_SETTLED:
	case OP_CONSTANT:
	case OP_CALL:
	case OP_OWN:
		break;
	}
	return call(op, a, b);
}

int64_t op_left(const struct op *op, uint32_t a)
{
	switch (op->kind) {
	case OP_AND:
		return a == DD_FALSE ? DD_FALSE : SIDE_OTHER;
	case OP_FIRST:
		return a == DD_FALSE ? SIDE_OTHER : (int64_t)a;
	case OP_MASK:
		return a == DD_FALSE ? HOLE : SIDE_OTHER;
	case OP_FILL:
		return a == HOLE ? SIDE_OTHER : (int64_t)a;
	case OP_NOT:
		return a == DD_FALSE ? DD_TRUE : DD_FALSE;
	default:
		break;
	}
	if (op->kind == OP_CALL && a == DD_FALSE && (op->laws & DD_UNIT_LEFT))
		return SIDE_OTHER;
	if (op->kind == OP_CALL && a != DD_FALSE && (op->laws & DD_LEFT_WINS))
		return a;
	return SIDE_OPEN;
}

int64_t op_right(const struct op *op, uint32_t b)
{
	switch (op->kind) {
	case OP_AND:
		return b == DD_FALSE ? DD_FALSE : b == DD_TRUE ? SIDE_OTHER : SIDE_OPEN;
	case OP_FIRST:
		return b == DD_FALSE ? SIDE_OTHER : SIDE_OPEN;
	case OP_FILL:
		return b == HOLE ? SIDE_OTHER : SIDE_OPEN;
	case OP_CALL:
		return b == DD_FALSE && (op->laws & DD_UNIT_RIGHT) ? SIDE_OTHER : SIDE_OPEN;
	default:
		return SIDE_OPEN;
	}
}

/* ---- numbers ---- */

static void edge_push(krux_u128 hi, uint32_t to)
{
	STORE_ROOM(store.edge, store.nedges + 1, store.cap_edges);
	store.edge[store.nedges++] = (struct dd_edge){ hi, to };
}

/* One side may not test v: then edge is NULL, and `node` is the same for all values. */
static uint32_t numbers(const struct op *op, struct var *v, uint32_t a, uint32_t b)
{
	const struct dd_edge *x = NULL, *y = NULL;
	size_t from = store.nedges;
	uint32_t out;

	if (!is_terminal(a) && node_var(a) == v)
		x = node_at(a)->edge;
	if (!is_terminal(b) && node_var(b) == v)
		y = node_at(b)->edge;
	for (;;) {
		assert(x || y);
		krux_u128 hi = !y || (x && x->hi <= y->hi) ? x->hi : y->hi;

		steps_add(1);
		out = apply(op, x ? x->to : a, y ? y->to : b);
		edge_push(hi, out);
		if (hi == v->pub.domain.hi)
			break;
		if (x && x->hi == hi)
			x++;
		if (y && y->hi == hi)
			y++;
	}
	out = node_number(v, store.edge + from, (uint32_t)(store.nedges - from));
	store.nedges = from;
	return out;
}

/* ---- recursion ---- */

static uint32_t strings(const struct op *op, struct var *v, uint32_t a, uint32_t b)
{
	bool left = !is_terminal(a) && node_var(a) == v, right = !is_terminal(b) && node_var(b) == v;
	uint32_t x = left ? node_at(a)->n : a, y = right ? node_at(b)->n : b;

	return node_string(v, product(op, left && right ? SIDE_BOTH : left ? SIDE_STATE_NODE : SIDE_NODE_STATE,
	                              x, y));
}

static struct var *top(uint32_t a, uint32_t b)
{
	struct var *x, *y;

	if (is_terminal(a))
		return node_var(b);
	if (is_terminal(b))
		return node_var(a);
	x = node_var(a);
	y = node_var(b);
	return x == y || var_before(x, y) ? x : y;
}

uint32_t apply(const struct op *op, uint32_t a, uint32_t b)
{
	uint32_t key = op->key << 2 | 3, out;
	int64_t side = SIDE_OPEN;
	struct var *v;

	if (a == DD_IMPOSSIBLE || b == DD_IMPOSSIBLE)
		return DD_IMPOSSIBLE;
	if (is_terminal(a) && is_terminal(b))
		return terminals(op, a, b);
	if (is_terminal(a))
		side = op_left(op, a);
	if (side == SIDE_OTHER)
		return b;
	if (side == SIDE_OPEN && is_terminal(b)) {
		side = op_right(op, b);
		if (side == SIDE_OTHER)
			return a;
	}
	if (side != SIDE_OPEN)
		return (uint32_t)side;
	if (a == b) {
		if (op->kind == OP_DIFFER)
			return DD_FALSE;
		if (op->kind == OP_AND || op->kind == OP_FIRST || op->kind == OP_FILL || (op->laws & DD_IDEMPOTENT))
			return a;
	}
	out = memo_get(key, a, b);
	if (out != NONE)
		return out;
	steps_add(STEPS_APPLY);
	if (++store.depth > DEEPEST)
		store_stop("tests in a row");
	v = top(a, b);
	switch (v->pub.kind) {
	case DD_NUMBER:
		out = numbers(op, v, a, b);
		break;
	case DD_STRING:
		out = strings(op, v, a, b);
		break;
	case DD_LIST:
		out = list_apply(op, v, a, b);
		break;
	case DD_TERMINAL:
		abort();
	}
	store.depth--;
	memo_put(key, a, b, out);
	return out;
}

uint32_t ite(uint32_t c, uint32_t t, uint32_t e)
{
	if (t == e)
		return t;
	if (e == DD_FALSE)
		return apply(&op_and, c, t);
	return apply(&op_fill, apply(&op_mask, c, t), e);
}
