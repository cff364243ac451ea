/* Components of new states to canonical states.
 *
 * A state in no loop is known by its output and arcs. A component is minimised by itself;
 * since everything it leads to is minimal, either none of its states is known, or all are, and
 * those lie in one component: the same one (found by a hash over its states in an order that
 * only their meaning decides), or one that it leads to. */
#include "compiler/dd/graph.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/manager.h"
#include "compiler/dd/pair.h"

#define SELF 0xFFFFFFFEu              /* in hashes: the state itself */

/* ---- adding states ---- */

static unsigned width(uint32_t scalar)
{
	return scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
}

static uint32_t settle(uint32_t a, uint32_t b)
{
	return a == DD_IMPOSSIBLE || a == b ? b : b == DD_IMPOSSIBLE ? a : NONE;
}

bool state_sized(uint32_t out)
{
	const struct node *n;

	if (is_terminal(out))
		return false;
	n = &store.node[out - NODE_FIRST];
	return n->kind == DD_NUMBER && var_at(n->var)->of != NONE;
}

static struct probe probe_arcs(uint32_t out, const struct arc *arc, uint32_t n, uint32_t self)
{
	uint64_t h = mix(n, out);
	uint32_t newest = 0;

	for (uint32_t i = 0; i < n; i++) {
		h = mix(h, (uint64_t)arc[i].hi << 32 | (arc[i].to == self ? SELF : arc[i].to));
		if (arc[i].to != self && arc[i].to > newest)
			newest = arc[i].to;
	}
	return (struct probe){ (uint32_t)(h >> 16), 2 * newest, 0 };
}

static void probe_add(struct table *t, struct probe p, uint32_t id)
{
	table_add(t, p.hash, p.near, id);
}

static uint32_t state_add(uint32_t out, const struct arc *arc, uint32_t n)
{
	struct state *s;

	if (store.nstates >= DD_STATE - 16u || store.narcs + n >= NONE)
		store_stop("memory");
	STORE_ROOM(store.state, store.nstates + 1, store.cap_states);
	STORE_ROOM(store.arc, store.narcs + n, store.cap_arcs);
	s = &store.state[store.nstates];
	*s = (struct state){ .out = out, .first = (uint32_t)store.narcs, .n = n, .scc = (uint32_t)store.nstates,
	                     .boolean = NONE };
	memcpy(store.arc + store.narcs, arc, n * sizeof *arc);
	store.narcs += n;
	return (uint32_t)store.nstates++;
}

/* What is known of a state apart from its component: into *t, over arcs that leave it. */
static void exits_look(const struct state *s, uint32_t first, uint32_t end, struct state *t)
{
	uint32_t lo = 1;

	t->settled = settle(t->settled, s->out);
	t->sized |= state_sized(s->out);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct arc *a = &store.arc[s->first + i];

		if (a->to < first || a->to >= end) {
			const struct state *to = &store.state[a->to];
			uint32_t far = to->far + width(lo);

			if (to->settled != DD_IMPOSSIBLE) {
				t->settled = settle(t->settled, to->settled);
				t->sized |= to->sized;
				if (far > t->far)
					t->far = far;
			}
		}
		lo = a->hi + 1;
	}
}

static bool has_arcs(const struct state *s, uint32_t out, const struct arc *arc, uint32_t n)
{
	return s->out == out && s->n == n && !memcmp(store.arc + s->first, arc, n * sizeof *arc);
}

uint32_t state_plain(uint32_t out, const struct arc *arc, uint32_t n)
{
	struct probe p = probe_arcs(out, arc, n, NONE);
	uint32_t id;
	struct state t = { .settled = DD_IMPOSSIBLE };

	while ((id = table_next(&store.plain, &p)) != NONE)
		if (has_arcs(&store.state[id], out, arc, n))
			return id;
	id = state_add(out, arc, n);
	exits_look(&store.state[id], id, id, &t);
	store.state[id].settled = t.settled;
	store.state[id].sized = t.sized;
	store.state[id].far = t.far;
	probe_add(&store.plain, p, id);
	return id;
}

/* ---- one state with a loop: target GRAPH_NEW is itself ---- */

static bool loops_so(const struct state *s, uint32_t id, uint32_t out, const struct arc *arc, uint32_t n)
{
	if (s->out != out || s->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct arc *a = &store.arc[s->first + i];

		if (a->hi != arc[i].hi || a->to != (arc[i].to == GRAPH_NEW ? id : arc[i].to))
			return false;
	}
	return true;
}

/* Is it the state d, which it leads to, with one more way around. */
static bool unrolls(uint32_t d, uint32_t out, const struct arc *arc, uint32_t n)
{
	const struct state *s = &store.state[d];
	uint32_t k = 0;

	if (s->out != out || s->boolean != NONE)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = arc[i].to == GRAPH_NEW ? d : arc[i].to;

		if (i + 1 < n && to == (arc[i + 1].to == GRAPH_NEW ? d : arc[i + 1].to))
			continue;
		if (k == s->n || store.arc[s->first + k].hi != arc[i].hi || store.arc[s->first + k].to != to)
			return false;
		k++;
	}
	return k == s->n;
}

/* Registers a state of a component under what it is found by. */
static void state_register(uint32_t id)
{
	const struct state *s = &store.state[id];
	const struct arc *arc = store.arc + s->first;
	bool loops = false;

	for (uint32_t i = 0; i < s->n && !loops; i++)
		loops = arc[i].to == id;
	probe_add(&store.plain, probe_arcs(s->out, arc, s->n, NONE), id);
	if (loops)
		probe_add(&store.looped, probe_arcs(s->out, arc, s->n, id), id);
}

static uint32_t state_loop(uint32_t out, const struct arc *arc, uint32_t n)
{
	struct probe p = probe_arcs(out, arc, n, GRAPH_NEW);
	uint32_t id;
	struct state t = { .settled = DD_IMPOSSIBLE };

	while ((id = table_next(&store.looped, &p)) != NONE)
		if (loops_so(&store.state[id], id, out, arc, n))
			return id;
	for (uint32_t i = 0; i < n; i++)
		if (arc[i].to != GRAPH_NEW && unrolls(arc[i].to, out, arc, n))
			return arc[i].to;
	id = state_add(out, arc, n);
	for (uint32_t i = 0; i < n; i++)
		if (arc[i].to == GRAPH_NEW)
			store.arc[store.state[id].first + i].to = id;
	exits_look(&store.state[id], id, id + 1, &t);
	store.state[id].settled = t.settled;
	store.state[id].sized = t.sized;
	store.state[id].far = t.far;
	state_register(id);
	return id;
}

void state_dead_make(void)
{
	if (!store.nstates)
		state_loop(DD_IMPOSSIBLE, &(struct arc){ LAST_SCALAR, GRAPH_NEW }, 1);
}

/* ---- components of several states; r->some, r->first, r->arc hold them ---- */

/* Follows the component from block c as state y; to[] is what each block is then. */
static bool component_is(const struct graph *g, uint32_t c, uint32_t y, uint32_t *to, uint32_t *queue)
{
	const struct refine *r = g->refine;
	uint32_t head = 0, tail = 0;

	memset(to, 0xFF, r->nblocks * sizeof *to);
	to[c] = y;
	queue[tail++] = c;
	while (head < tail) {
		uint32_t b = queue[head++];
		const struct state *s = &store.state[to[b]];
		const struct arc *x = r->arc + r->first[b], *z = store.arc + s->first;

		if (g->out[r->some[b]] != s->out)
			return false;
		for (;;) {
			uint32_t t = x->to & ~GRAPH_NEW;

			if (!(x->to & GRAPH_NEW)) {
				if (z->to != x->to)
					return false;
			} else if (to[t] == NONE) {
				to[t] = z->to;
				queue[tail++] = t;
			} else if (to[t] != z->to) {
				return false;
			}
			if (x->hi == LAST_SCALAR && z->hi == LAST_SCALAR)
				break;
			if (x->hi == z->hi) {
				x++;
				z++;
			} else if (x->hi < z->hi) {
				x++;
			} else {
				z++;
			}
		}
	}
	return true;
}

/* Is the component part of one that it leads to. Blocks may then be equal after all: what
 * they led to outside was what they are. */
static bool component_unrolls(const struct graph *g, uint32_t *to, uint32_t *queue)
{
	const struct refine *r = g->refine;
	enum { TRIED = 256 };
	uint32_t tried[TRIED];

	memset(tried, 0xFF, sizeof tried);
	for (uint32_t b = 0; b < r->nblocks; b++)
		for (uint32_t j = r->first[b]; j < r->first[b + 1]; j++) {
			uint32_t scc;

			if (r->arc[j].to & GRAPH_NEW)
				continue;
			scc = store.state[r->arc[j].to].scc;
			if (tried[scc % TRIED] == scc)
				continue;
			tried[scc % TRIED] = scc;
			for (uint32_t y = scc; y < store.nstates && store.state[y].scc == scc; y++)
				if (store.state[y].out == g->out[r->some[b]] && store.state[y].boolean == NONE && component_is(g, b, y, to, queue))
					return true;
		}
	return false;
}

static uint64_t color_next(const struct refine *r, const uint64_t *color, uint32_t b)
{
	uint64_t h = color[b];

	for (uint32_t j = r->first[b]; j < r->first[b + 1]; j++)
		h = mix(h, r->arc[j].to & GRAPH_NEW ? color[r->arc[j].to & ~GRAPH_NEW] : 1);
	return h;
}

static int color_order(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return (a > b) - (a < b);
}

/* The block to start from, chosen by what the blocks mean alone: the one of the least color
 * that no other has, after as many rounds of coloring as that takes. color has room for 3. */
static uint32_t root_find(const struct graph *g, uint64_t *color)
{
	const struct refine *r = g->refine;
	uint32_t n = r->nblocks;
	uint64_t *next = color + n, *sorted = next + n, least = 0;

	for (uint32_t b = 0; b < n; b++) {
		uint64_t h = mix(7, g->out[r->some[b]]);

		for (uint32_t j = r->first[b]; j < r->first[b + 1]; j++)
			h = mix(h, (uint64_t)r->arc[j].hi << 32 | (r->arc[j].to & GRAPH_NEW ? NONE : r->arc[j].to));
		color[b] = h;
	}
	for (uint32_t round = 0;; round++) {
		bool found = round > n;

		steps_add(n);
		memcpy(sorted, color, n * sizeof *color);
		qsort(sorted, n, sizeof *sorted, color_order);
		least = sorted[0];
		for (uint32_t i = 0; i < n && !found; i++)
			if ((!i || sorted[i - 1] != sorted[i]) && (i + 1 == n || sorted[i + 1] != sorted[i])) {
				found = true;
				least = sorted[i];
			}
		if (found)
			break;
		for (uint32_t b = 0; b < n; b++)
			next[b] = color_next(r, color, b);
		memcpy(color, next, n * sizeof *color);
	}
	for (uint32_t b = 0; b < n; b++)
		if (color[b] == least)
			return b;
	abort();
}

/* Blocks in breadth-first order; place[] is where each one is. */
static void order_find(const struct refine *r, uint32_t root, uint32_t *order, uint32_t *place)
{
	uint32_t head = 0, tail = 0;

	memset(place, 0xFF, r->nblocks * sizeof *place);
	place[root] = tail;
	order[tail++] = root;
	while (head < tail) {
		uint32_t b = order[head++];

		for (uint32_t j = r->first[b]; j < r->first[b + 1]; j++) {
			uint32_t t = r->arc[j].to & ~GRAPH_NEW;

			if ((r->arc[j].to & GRAPH_NEW) && place[t] == NONE) {
				place[t] = tail;
				order[tail++] = t;
			}
		}
	}
}

static bool component_same(const struct graph *g, const uint32_t *order, const uint32_t *place, uint32_t id)
{
	const struct refine *r = g->refine;

	for (uint32_t i = 0; i < r->nblocks; i++) {
		const struct arc *arc = r->arc + r->first[order[i]];
		const struct state *s = &store.state[id + i];

		if (id + i >= store.nstates || s->scc != id || s->out != g->out[r->some[order[i]]] ||
		    s->n != r->first[order[i] + 1] - r->first[order[i]])
			return false;
		for (uint32_t j = 0; j < s->n; j++) {
			const struct arc *a = &store.arc[s->first + j];
			uint32_t to = arc[j].to & GRAPH_NEW ? id + place[arc[j].to & ~GRAPH_NEW] : arc[j].to;

			if (a->hi != arc[j].hi || a->to != to)
				return false;
		}
	}
	return true;
}

/* How many arcs it is from the first state of the component to any, or back; the most. */
static uint32_t depth_find(uint32_t id, uint32_t n, uint32_t *mark, uint32_t *queue)
{
	uint32_t head = 0, tail = 0, most = 0;

	memset(mark, 0xFF, n * sizeof *mark);
	mark[0] = 0;
	queue[tail++] = 0;
	while (head < tail) {
		uint32_t q = queue[head++];
		const struct state *s = &store.state[id + q];

		most = mark[q];
		for (uint32_t j = 0; j < s->n; j++) {
			uint32_t t = store.arc[s->first + j].to - id;

			if (store.arc[s->first + j].to >= id && t < n && mark[t] == NONE) {
				mark[t] = mark[q] + 1;
				queue[tail++] = t;
			}
		}
	}
	return most;
}

/* The most arcs back to the first state. Breadth-first over arcs turned around. */
static uint32_t height_find(uint32_t id, uint32_t n, uint32_t *mark, uint32_t *queue)
{
	struct arc *pred = NULL;             /* hi: the next of the same target */
	uint32_t *first, head = 0, tail = 0, most = 0, npreds = 0;
	size_t total = store.narcs - store.state[id].first;

	pred = malloc((total + 1) * sizeof *pred + n * sizeof *first);
	if (!pred)
		store_stop("memory");
	first = (uint32_t *)(pred + total + 1);
	memset(first, 0xFF, n * sizeof *first);
	for (uint32_t q = 0; q < n; q++)
		for (uint32_t j = 0; j < store.state[id + q].n; j++) {
			uint32_t to = store.arc[store.state[id + q].first + j].to;

			if (to < id || to - id >= n)
				continue;
			pred[npreds] = (struct arc){ first[to - id], q };
			first[to - id] = npreds++;
		}
	memset(mark, 0xFF, n * sizeof *mark);
	mark[0] = 0;
	queue[tail++] = 0;
	while (head < tail) {
		uint32_t q = queue[head++];

		most = mark[q];
		for (uint32_t p = first[q]; p != NONE; p = pred[p].hi)
			if (mark[pred[p].to] == NONE) {   /* NOLINT(clang-analyzer-core.uninitialized.ArraySubscript): made above */
				mark[pred[p].to] = most + 1;
				queue[tail++] = pred[p].to;
			}
	}
	free(pred);
	return most;
}

static void component_look(uint32_t id, uint32_t n, uint32_t *mark, uint32_t *queue)
{
	struct state t = { .settled = DD_IMPOSSIBLE };
	uint32_t wide = 1, lo;
	uint64_t far;

	for (uint32_t i = 0; i < n; i++) {
		const struct state *s = &store.state[id + i];

		exits_look(s, id, id + n, &t);
		lo = 1;
		for (uint32_t j = 0; j < s->n; j++) {
			const struct arc *a = &store.arc[s->first + j];

			if (a->to >= id && a->to < id + n && width(lo) > wide)
				wide = width(lo);
			lo = a->hi + 1;
		}
	}
	far = n <= 16 ? n - 1 : depth_find(id, n, mark, queue) + height_find(id, n, mark, queue);
	far = far * wide + t.far;
	for (uint32_t i = 0; i < n; i++) {
		struct state *s = &store.state[id + i];

		s->settled = t.settled;
		s->sized = t.sized;
		s->far = far < NONE / 2 ? (uint32_t)far : NONE / 2;
	}
}

static uint32_t component_add(struct graph *g, const uint32_t *order, const uint32_t *place)
{
	const struct refine *r = g->refine;
	uint32_t id = (uint32_t)store.nstates;

	if (r->nblocks > KRUX_MAX_STATES)
		store_stop("states");
	for (uint32_t i = 0; i < r->nblocks; i++) {
		uint32_t b = order[i], s;

		s = state_add(g->out[r->some[b]], r->arc + r->first[b], r->first[b + 1] - r->first[b]);
		store.state[s].scc = id;
		for (uint32_t j = 0; j < store.state[s].n; j++) {
			struct arc *a = &store.arc[store.state[s].first + j];

			if (a->to & GRAPH_NEW)
				a->to = id + place[a->to & ~GRAPH_NEW];
		}
	}
	return id;
}

/* The states of the blocks, at to[]. */
static void blocks_make(struct graph *g, uint32_t *to, uint32_t *queue, uint64_t *color)
{
	const struct refine *r = g->refine;
	uint32_t n = r->nblocks, *place = queue, *order = to, id;
	struct probe p = { 0 };
	uint64_t h = n;

	if (component_unrolls(g, to, queue))
		return;
	order_find(r, root_find(g, color), order, place);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = order[i];

		h = mix(h, g->out[r->some[b]]);
		for (uint32_t j = r->first[b]; j < r->first[b + 1]; j++) {
			uint32_t t = r->arc[j].to;

			h = mix(h, (uint64_t)r->arc[j].hi << 32 | (t & GRAPH_NEW ? GRAPH_NEW | place[t & ~GRAPH_NEW] : t));
		}
	}
	p.hash = p.near = (uint32_t)(h >> 16);
	while ((id = table_next(&store.components, &p)) != NONE)
		if (component_same(g, order, place, id))
			break;
	if (id == NONE) {
		uint32_t *scratch = (uint32_t *)color;

		id = component_add(g, order, place);
		component_look(id, n, scratch, scratch + n);
		for (uint32_t i = 0; i < n; i++)
			state_register(id + i);
		table_add(&store.components, p.hash, p.near, id);
	}
	for (uint32_t b = 0; b < n; b++)
		place[b] += id;
	memcpy(to, place, n * sizeof *to);
}

/* ---- one component ---- */

static void single_make(struct graph *g, uint32_t s)
{
	struct refine *r = g->refine;
	uint32_t n = 0;
	bool loops = false;

	STORE_ROOM(r->arc, g->first[s + 1] - g->first[s], r->cap_arcs);
	for (uint32_t j = g->first[s]; j < g->first[s + 1]; j++) {
		uint32_t to = g->arc[j].to;

		if (to == (GRAPH_NEW | s)) {
			to = GRAPH_NEW;
			loops = true;
		} else if (to & GRAPH_NEW) {
			to = g->canon[to & ~GRAPH_NEW];
		}
		if (n && r->arc[n - 1].to == to)
			r->arc[n - 1].hi = g->arc[j].hi;
		else
			r->arc[n++] = (struct arc){ g->arc[j].hi, to };
	}
	g->canon[s] = loops ? state_loop(g->out[s], r->arc, n) : state_plain(g->out[s], r->arc, n);
}

static void explicit_make(struct graph *g, const uint32_t *members, uint32_t k)
{
	struct refine *r = g->refine;
	uint32_t n, *work;

	if (k == 1) {
		single_make(g, members[0]);
		return;
	}
	refine_blocks(g, members, k);
	n = r->nblocks;
	if (n == 1) {
		uint32_t id = state_loop(g->out[r->some[0]], r->arc, r->first[1]);

		for (uint32_t i = 0; i < k; i++)
			g->canon[members[i]] = id;
		return;
	}
	STORE_ROOM(r->work, 3 * (size_t)n + n, r->cap_work);
	work = (uint32_t *)(r->work + 3 * (size_t)n);
	blocks_make(g, work, work + n, r->work);
	for (uint32_t i = 0; i < k; i++)
		g->canon[members[i]] = work[r->block[members[i]]];
}

void component_make(struct graph *g, const uint32_t *members, uint32_t k)
{
	struct two two;
	bool boolean = component_two(g, members, k, &two), pair = boolean && (two.lo != DD_FALSE || two.hi != DD_TRUE);

	if (pair)
		component_boolean(g, members, k, &two);
	explicit_make(g, members, k);
	for (uint32_t i = 0; boolean && i < k; i++) {
		uint32_t *canon = &g->canon[members[i]];

		store.state[*canon].two = true;
		if (pair)
			*canon = state_pair(*canon, two.lo, two.hi);
	}
}
