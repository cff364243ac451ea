/* Lists: automata whose letters are elements. The arcs of a state are one diagram over the
 * element, whose terminals name the next state. Since reading elements commutes and repeats
 * nothing, the minimal automaton knows which classes of elements were seen, no more, and a
 * state is reached by every length from its distance on. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/children.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/length.h"

/* Each has a diagram of its own, so there is room for fewer than of texts. */
enum { MOST_STATES = 1 << 14 };

/* Scratch of the outermost list at work; lists nest as deep as their types. */
struct work {
	struct arena *a;
	struct var *v;
	struct dd_state *state;
	uint32_t n;
	uint32_t *number;            /* what each state becomes */
	uint32_t *order;             /* states as they come, breadth-first */
	uint32_t *distance;          /* elements it takes, by place in order */
	uint32_t norder;
	bool loops;                  /* the first state, by some element */
};

/* ---- what element diagrams lead to ---- */

struct targets {
	struct work *w;
	uint32_t distance;
};

static void target_add(struct targets *t, uint32_t state)
{
	struct work *w = t->w;

	w->loops |= !state && t->distance == 1;
	if (w->number[state] != NONE)
		return;
	w->number[state] = w->norder;
	w->distance[w->norder] = t->distance;
	w->order[w->norder++] = state;
}

/* States of an element diagram, in the order in which its values lead there. */
static void targets_find(struct targets *t, uint32_t element)
{
	struct arena *a;
	struct graph *seen;
	uint32_t *stack = NULL;
	size_t n = 0, cap = 0;

	if (is_terminal(element)) {
		if (element != DD_IMPOSSIBLE)
			target_add(t, element - DD_STATE);
		return;
	}
	a = scratch_open();
	seen = graph_begin();
	ARENA_PUSH(a, stack, n, cap, element);
	while (n) {
		uint32_t node = stack[--n], before = seen->n;
		struct children c;

		if (is_terminal(node)) {
			target_add(t, node - DD_STATE);
			continue;
		}
		graph_state(seen, node, 0);
		if (seen->n == before)
			continue;
		node_children(a, node, &c);
		for (size_t i = c.n; i-- > 0;)
			ARENA_PUSH(a, stack, n, cap, c.to[i]);
	}
	graph_end(seen);
	scratch_close();
}

/* Breadth-first from state 0. */
static void order_find(struct work *w)
{
	struct targets t = { .w = w };

	w->norder = 0;
	w->loops = false;
	memset(w->number, 0xFF, w->n * sizeof *w->number);
	target_add(&t, 0);
	for (uint32_t i = 0; i < w->norder; i++) {
		struct dd_state *q = &w->state[w->order[i]];

		/* A list that takes that many elements to come here has no more. */
		if (w->distance[i] == w->v->max)
			q->element = DD_STATE + w->order[i];
		t.distance = w->distance[i] + 1;
		targets_find(&t, q->element);
	}
}

/* ---- minimising ---- */

static uint32_t renumber(void *ctx, uint32_t a, uint32_t b)
{
	const uint32_t *number = ctx;

	(void)b;
	return DD_STATE + number[a - DD_STATE];
}

static uint32_t element_renumber(uint32_t key, uint32_t *number, uint32_t element)
{
	struct op op = { .kind = OP_CALL, .key = key, .fn = renumber, .ctx = number };

	return apply(&op, element, DD_TRUE);
}

struct signature {
	uint32_t class, element, state;
};

static int signature_order(const void *pa, const void *pb)
{
	const struct signature *a = pa, *b = pb;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->element != b->element)
		return a->element < b->element ? -1 : 1;
	return (a->state > b->state) - (a->state < b->state);
}

/* Moore's rounds: a class splits where elements lead to different classes. */
static uint32_t classes_find(struct work *w, uint32_t *class)
{
	struct signature *s = ARENA_ARRAY(w->a, struct signature, w->n);
	uint32_t n = 0, before;

	for (uint32_t i = 0; i < w->n; i++)
		class[i] = 0;
	do {
		uint32_t key = op_key();

		before = n;
		for (uint32_t i = 0; i < w->n; i++)
			s[i] = (struct signature){ n ? class[i] : w->state[i].out,
			                           n ? element_renumber(key, class, w->state[i].element) : 0, i };
		qsort(s, w->n, sizeof *s, signature_order);
		n = 0;
		for (uint32_t i = 0; i < w->n; i++) {
			if (i && (s[i].class != s[i - 1].class || s[i].element != s[i - 1].element))
				n++;
			class[s[i].state] = n;
		}
		n++;
	} while (n != before);
	return n;
}

/* Elements lead to number[] of what they led to. */
static void renumber_all(struct work *w, uint32_t *number)
{
	uint32_t key = op_key();
	bool same = true;

	for (uint32_t i = 0; i < w->n; i++)
		same &= number[i] == i;
	for (uint32_t i = 0; i < w->n && !same; i++)
		w->state[i].element = element_renumber(key, number, w->state[i].element);
}

/* Classes become states, that of state 0 the first. */
static void merge(struct work *w)
{
	uint32_t *class = ARENA_ARRAY(w->a, uint32_t, w->n), n = classes_find(w, class), start = class[0];
	struct dd_state *state = ARENA_ARRAY(w->a, struct dd_state, n);

	for (uint32_t i = 0; i < w->n; i++)
		class[i] = class[i] == start ? 0 : class[i] == 0 ? start : class[i];
	renumber_all(w, class);
	for (uint32_t i = w->n; i-- > 0;)
		state[class[i]] = w->state[i];
	w->state = state;
	w->n = n;
}

/* The minimal automaton, in breadth-first order; unreached states go. */
static void minimise(struct work *w)
{
	struct dd_state *state;

	order_find(w);
	for (uint32_t i = 0; i < w->n; i++)
		if (w->number[i] == NONE)
			w->state[i] = (struct dd_state){ .element = DD_STATE + i };
	merge(w);
	order_find(w);
	for (uint32_t i = 0; i < w->n; i++)
		if (w->number[i] == NONE)
			w->number[i] = 0;
	renumber_all(w, w->number);
	state = ARENA_ARRAY(w->a, struct dd_state, w->norder);
	for (uint32_t i = 0; i < w->norder; i++)
		state[i] = w->state[w->order[i]];
	w->state = state;
	w->n = w->norder;
}

/* ---- lengths ---- */

/* What ends in one output. */
struct ends {
	uint32_t out;
	uint32_t least;              /* elements, of the states but the first; NONE: no such state */
	bool empty;                  /* the first state is one */
	uint32_t to;                 /* what the output becomes */
};

static int ends_order(const void *pa, const void *pb)
{
	const struct ends *a = pa, *b = pb;

	return (a->out > b->out) - (a->out < b->out);
}

static struct ends *ends_find(struct work *w, size_t *n)
{
	struct ends *e = ARENA_ARRAY(w->a, struct ends, w->n);
	size_t k = 0;

	for (uint32_t i = 0; i < w->n; i++)
		e[i] = (struct ends){ w->state[i].out, i ? w->distance[i] : NONE, !i, 0 };
	qsort(e, w->n, sizeof *e, ends_order);
	for (uint32_t i = 0; i < w->n; i++) {
		if (!k || e[k - 1].out != e[i].out) {
			e[k++] = e[i];
			continue;
		}
		if (e[i].least < e[k - 1].least)
			e[k - 1].least = e[i].least;
		e[k - 1].empty |= e[i].empty;
	}
	*n = k;
	return e;
}

/* Lengths of lists that end so. */
static void ends_lengths(struct work *w, const struct ends *e, struct lengths *s)
{
	uint32_t least = e->empty && w->loops ? 1 : e->least;

	if (least != NONE && least > w->v->max)
		least = NONE;
	*s = (struct lengths){ .max = w->v->max, .period = least != NONE, .n = (least == NONE ? 0 : least) + 1 };
	s->bit = ARENA_ARRAY(w->a, uint64_t, s->n / 64 + 1);
	if (e->empty)
		s->bit[0] |= 1;
	if (least != NONE)
		s->bit[least / 64] |= (uint64_t)1 << least % 64;
}

/* Outputs that no list has the length for, and sizes that no list of a class has, become
 * impossible. True when something changed. */
static bool lengths_cut(struct work *w)
{
	size_t n;
	struct ends *e = ends_find(w, &n), *at;
	bool changed = false;

	for (size_t i = 0; i < n; i++) {
		struct lengths s;

		e[i].to = e[i].out;
		if (e[i].out == DD_IMPOSSIBLE)
			continue;
		ends_lengths(w, &e[i], &s);
		e[i].to = lengths_next(&s, 0, s.max) == UINT64_MAX ? (uint32_t)DD_IMPOSSIBLE
		          : size_restrict(w->v, e[i].out, &s);
		changed |= e[i].to != e[i].out;
	}
	for (uint32_t i = 0; i < w->n && changed; i++) {
		at = bsearch(&(struct ends){ .out = w->state[i].out }, e, n, sizeof *e, ends_order);
		if (!at)
			abort();
		w->state[i].out = at->to;
	}
	return changed;
}

/* ---- nodes ---- */

static uint32_t list_settled(const struct work *w)
{
	uint32_t only = DD_IMPOSSIBLE;

	for (uint32_t i = 0; i < w->n; i++) {
		if (w->state[i].out == DD_IMPOSSIBLE || w->state[i].out == only)
			continue;
		if (only != DD_IMPOSSIBLE)
			return NONE;
		only = w->state[i].out;
	}
	return only;
}

/* settled of every state: the one output of all that it leads to. From what each state gives by
 * itself, until nothing changes; that is soon, since states only ever see more. */
static void settled_find(struct work *w)
{
	uint32_t *first = ARENA_ARRAY(w->a, uint32_t, w->n + 1u), *to = NULL, n = 0;
	struct targets t = { .w = w };
	bool changed = true;
	size_t cap = 0;

	memset(w->number, 0xFF, w->n * sizeof *w->number);
	for (uint32_t i = 0; i < w->n; i++) {
		w->norder = 0;
		targets_find(&t, w->state[i].element);
		w->state[i].settled = w->state[i].out;
		for (uint32_t k = 0; k < w->norder; k++) {
			w->number[w->order[k]] = NONE;
			to = arena_grow(w->a, to, n, &cap, sizeof *to);
			to[n++] = w->order[k];
		}
		first[i + 1] = n;
	}
	while (changed) {
		changed = false;
		for (uint32_t i = w->n; i-- > 0;) {
			uint32_t *s = &w->state[i].settled, before = *s;

			for (uint32_t k = first[i]; k < first[i + 1] && *s != NONE; k++) {
				uint32_t other = w->state[to[k]].settled;

				if (other != DD_IMPOSSIBLE && other != *s)
					*s = *s == DD_IMPOSSIBLE ? other : NONE;
			}
			changed |= *s != before;
		}
	}
}

static uint32_t list_intern(struct work *w)
{
	uint64_t h = mix(mix(DD_LIST, w->v->self), w->n);
	struct probe probe = { 0 };
	uint32_t id;
	struct dd_automaton *fa;
	struct dd_state *state;

	for (uint32_t i = 0; i < w->n; i++)
		h = mix(mix(h, w->state[i].out), w->state[i].element);
	probe.hash = probe.near = (uint32_t)(h >> 16);
	while ((id = table_next(&store.nodes, &probe)) != NONE) {
		const struct node *s = &store.node[id];

		if (s->kind != DD_LIST || s->var != w->v->self || s->list->nstates != w->n)
			continue;
		for (uint32_t i = 0; i <= w->n; i++) {
			if (i == w->n)
				return NODE_FIRST + id;
			if (s->list->state[i].out != w->state[i].out || s->list->state[i].element != w->state[i].element)
				break;
		}
	}
	settled_find(w);
	state = store_get(w->n * sizeof *state);
	memcpy(state, w->state, w->n * sizeof *state);
	fa = store_get(sizeof *fa);
	*fa = (struct dd_automaton){ .nstates = w->n, .state = state };
	return node_add(w->v, probe.hash, &(struct node){ .kind = DD_LIST, .var = w->v->self, .list = fa });
}

static uint32_t list_make(struct work *w)
{
	uint32_t only;

	do {
		only = list_settled(w);
		if (only != NONE)
			return only;
		w->number = ARENA_ARRAY(w->a, uint32_t, w->n);
		w->order = ARENA_ARRAY(w->a, uint32_t, w->n);
		w->distance = ARENA_ARRAY(w->a, uint32_t, w->n);
		minimise(w);
		only = list_settled(w);
		if (only != NONE)
			return only;
	} while (lengths_cut(w));
	return list_intern(w);
}

uint32_t node_list(struct var *v, const struct dd_state *state, uint32_t n)
{
	struct work w = { .v = v, .n = n };
	uint32_t out;

	assert(state && n);
	w.a = scratch_open();
	w.state = ARENA_ARRAY(w.a, struct dd_state, n);
	memcpy(w.state, state, n * sizeof *state);
	out = list_make(&w);
	scratch_close();
	return out;
}

/* ---- operations ---- */

static uint32_t pair_number(void *ctx, uint32_t a, uint32_t b)
{
	struct graph *g = ctx;

	return DD_STATE + (graph_state(g, a - DD_STATE, b >= DD_STATE ? b - DD_STATE : 0) & ~GRAPH_NEW);
}

/* Of a list and a node that does not look at it: its own states stay. */
static uint32_t one_apply(const struct op *op, struct var *v, uint32_t a, uint32_t b, bool left)
{
	const struct dd_automaton *fa = node_at(left ? a : b)->list;
	struct dd_state *state = store_get(fa->nstates * sizeof *state);

	memcpy(state, fa->state, fa->nstates * sizeof *state);
	for (uint32_t i = 0; i < fa->nstates; i++)
		state[i].out = apply(op, left ? fa->state[i].out : a, left ? b : fa->state[i].out);
	return node_list(v, state, fa->nstates);
}

uint32_t list_apply(const struct op *op, struct var *v, uint32_t a, uint32_t b)
{
	bool left = !is_terminal(a) && node_var(a) == v, right = !is_terminal(b) && node_var(b) == v;
	const struct dd_automaton *x, *y;
	struct dd_state *state = NULL;
	uint32_t *distance = NULL;           /* elements it takes */
	struct arena *scratch;
	size_t cap = 0, room = 0;
	struct graph *g;
	struct op pair;
	uint32_t out;

	if (!left || !right)
		return one_apply(op, v, a, b, left);
	x = node_at(a)->list;
	y = node_at(b)->list;
	g = graph_begin();
	pair = (struct op){ .kind = OP_CALL, .key = op_key(), .fn = pair_number, .ctx = g };
	scratch = scratch_open();
	graph_state(g, 0, 0);
	for (uint32_t i = 0, known = 0; i < g->n; i++) {
		const struct dd_state *p = &x->state[g->a[i]], *q = &y->state[g->b[i]];
		struct dd_state s = { .out = apply(op, p->out, q->out), .element = DD_STATE + i };

		if (g->n > MOST_STATES)
			store_stop("states of lists");
		for (; known < g->n; known++) {
			distance = arena_grow(scratch, distance, known, &room, sizeof *distance);
			distance[known] = known ? distance[i - 1] + 1 : 0;
		}
		if (distance[i] < v->max)
			s.element = apply(&pair, p->element, q->element);
		state = arena_grow(scratch, state, i, &cap, sizeof *state);
		state[i] = s;
	}
	out = node_list(v, state, g->n);
	graph_end(g);
	scratch_close();
	return out;
}

static uint32_t found(void *ctx, uint32_t a, uint32_t b)
{
	(void)ctx;
	(void)b;
	return a == DD_TRUE ? DD_STATE + 1 : DD_STATE;
}

uint32_t list_any(struct var *v, uint32_t element)
{
	struct op op = { .kind = OP_CALL, .key = op_key(), .fn = found };
	struct dd_state state[2] = { { .out = DD_FALSE }, { .out = DD_TRUE, .element = DD_STATE + 1 } };

	if (element == DD_FALSE || element == DD_IMPOSSIBLE || !element_possible(v))
		return DD_FALSE;
	state[0].element = apply(&op, element, DD_TRUE);
	return node_list(v, state, 2);
}

static bool type_possible(struct dd *m, struct place *p)
{
	bool some = true;

	if (p->type->kind == KRUX_T_STRING && p->type->pattern.n) {
		struct var *v = place_value(m, p);

		return lengths_next(var_lengths(v), 0, v->max) != UINT64_MAX;
	}
	for (uint32_t i = 0; p->type->kind == KRUX_T_RECORD && i < p->nparts && some; i++)
		some = p->type->field[i].optional || type_possible(m, place_part(m, p, i));
	return some;
}

bool element_possible(struct var *v)
{
	return v->max > 0 && type_possible(v->m, place_element(v->m, v->place));
}

bool request_possible(struct dd *m)
{
	if (!m->inhabited_asked)
		m->inhabited = type_possible(m, m->input);
	m->inhabited_asked = true;
	return m->inhabited;
}
