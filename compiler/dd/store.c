/* Shared memory of the diagrams: its limit, what happens there, and what is thrown away. */
#include "compiler/dd/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/limits.h"
#include "compiler/dd/apply.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/language.h"
#include "compiler/dd/manager.h"
#include "compiler/dd/pair.h"

enum {
	BLOCK = 1 << 16,
	FIRST_MEMO = 1 << 10,
	LARGEST_MEMO = 1 << 20,
	KEPT_EDGES = 1 << 16,
	WINDOW = 1 << 5,                /* how far what belongs together is spread in tables */
	CLOSE = 8,
};
static const size_t most_bytes = (size_t)1200 << 20;    /* of all managers */
static const size_t most_each = (size_t)800 << 20;      /* since a manager was made */

struct store store;

struct pile_block {
	struct pile_block *next;
	size_t used, size;
	_Alignas(16) char bytes[];
};

_Noreturn static void out_of_memory(void)
{
	fputs("kruxc: out of memory\n", stderr);
	exit(3);
}

/* ---- limits ---- */

static void bytes_ask(size_t n)
{
	size_t before = store.guard ? store.guard->m->mark.bytes : store.bytes;

	if (n > most_bytes || store.bytes + n > most_bytes || (store.bytes + n > before + most_each))
		store_stop("memory");
	store.bytes += n;
}

void *store_room(void *array, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap : 16;
	void *bigger;

	if (n <= *cap)
		return array;
	while (want < n)
		want *= 2;
	bytes_ask((want - *cap) * size);
	bigger = realloc(array, want * size);
	if (!bigger)
		out_of_memory();
	*cap = want;
	return bigger;
}

void *store_get(size_t n)
{
	struct pile_block *b = store.pile.head;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (!b || b->size - b->used < n) {
		size_t size = !b ? BLOCK / 16 : b->size * 2 > BLOCK ? BLOCK : b->size * 2;

		if (size < n)
			size = n;
		bytes_ask(size);
		b = malloc(sizeof *b + size);
		if (!b)
			out_of_memory();
		b->next = store.pile.head;
		b->size = size;
		b->used = 0;
		store.pile.head = b;
	}
	p = b->bytes + b->used;
	b->used += n;
	return p;
}

void store_stop(const char *what)
{
	struct guard *g = store.guard;

	if (!g)
		out_of_memory();
	g->m->overflow = what;
	longjmp(g->escape, 1);
}

/* Told apart by where they lie: those of all, and those of one manager. */
const char steps_spent[] = "steps";
static const char own_steps_spent[] = "steps";

void steps_add(uint64_t n)
{
	struct dd *m = store.guard->m;

	m->steps += n;
	if (m->steps > m->most_steps)
		store_stop(own_steps_spent);
	if (m->aside)
		return;
	if (m->trying)
		store.tried += n;
	else
		store.steps += n;
	if (m->trying ? store.tried > 2 * (uint64_t)ALL_TRIED : store.steps > store.most_steps)
		store_stop(steps_spent);
}

/* ---- tables ---- */

static void table_free(struct table *t)
{
	store.bytes -= t->cap * sizeof *t->slot;
	free(t->slot);
	*t = (struct table){ 0 };
}

/* The n-th slot to look at: some close to `near`, the rest anywhere, in growing steps: what lies close
 * fills whole stretches, and one by one it would be long to walk out of them. */
static uint32_t slot_number(const struct table *t, uint32_t hash, uint32_t near, uint32_t n)
{
	uint32_t far = n - CLOSE;

	return (n < CLOSE ? near + (hash & (WINDOW - 1)) + n : hash * 0x9E3779B1u + far * (far + 1) / 2) & (t->cap - 1);
}

static void table_put(struct table *t, uint32_t hash, uint32_t near, uint32_t id)
{
	uint32_t n = 0;

	while (t->slot[slot_number(t, hash, near, n)].id != NONE)
		n++;
	t->slot[slot_number(t, hash, near, n)] = (struct slot){ hash, near, id };
	t->used++;
}

static void table_resize(struct table *t, uint32_t cap)
{
	struct table bigger = { .cap = cap };

	bytes_ask(cap * sizeof *bigger.slot);
	bigger.slot = malloc(cap * sizeof *bigger.slot);
	if (!bigger.slot)
		out_of_memory();
	memset(bigger.slot, 0xFF, cap * sizeof *bigger.slot);
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slot[i].id != NONE)
			table_put(&bigger, t->slot[i].hash, t->slot[i].near, t->slot[i].id);
	table_free(t);
	*t = bigger;
}

void table_add(struct table *t, uint32_t hash, uint32_t near, uint32_t id)
{
	if (t->used >= t->cap / 2)
		table_resize(t, t->cap ? t->cap * 2 : 256);
	table_put(t, hash, near, id);
}

uint32_t table_next(const struct table *t, struct probe *p)
{
	if (!t->cap)
		return NONE;
	for (;; p->n++) {
		const struct slot *s = &t->slot[slot_number(t, p->hash, p->near, p->n)];

		if (s->id == NONE)
			return NONE;
		if (s->hash == p->hash && s->near == p->near) {
			p->n++;
			return s->id;
		}
	}
}

/* Also where the limit was just met: what is kept takes no more room than it had. */
void table_cut(struct table *t, uint32_t first)
{
	uint32_t n = 0, cap = 256;
	struct table rest = { 0 };

	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slot[i].id != NONE && t->slot[i].id < first)
			t->slot[n++] = t->slot[i];
	while (cap / 2 < n)
		cap *= 2;
	store.bytes -= t->cap * sizeof *t->slot;
	if (n)
		table_resize(&rest, cap);
	for (uint32_t i = 0; i < n; i++)
		table_put(&rest, t->slot[i].hash, t->slot[i].near, t->slot[i].id);
	free(t->slot);
	*t = rest;
}

/* ---- memory of operations: lossy, the newest stays ---- */

static struct memo *memo_at(uint32_t op, uint32_t a, uint32_t b)
{
	uint32_t x = a & (NODE_FIRST - 1), y = b & (NODE_FIRST - 1);

	/* What was made together is asked together. */
	return &store.memo[((x > y ? x : y) + (mix(mix(op, a), b) & (WINDOW - 1))) & (store.cap_memo - 1)];
}

uint32_t memo_get(uint32_t op, uint32_t a, uint32_t b)
{
	const struct memo *e;

	if (!store.cap_memo)
		return NONE;
	e = memo_at(op, a, b);
	return e->op == op && e->a == a && e->b == b ? e->result : NONE;
}

static void memo_clear(void)
{
	if (store.cap_memo)
		memset(store.memo, 0, store.cap_memo * sizeof *store.memo);
}

static void memo_grow(void)
{
	struct memo *old = store.memo;
	uint32_t n = store.cap_memo, cap = n ? n * 4 : FIRST_MEMO;

	bytes_ask(cap * sizeof *old);
	store.memo = calloc(cap, sizeof *old);
	if (!store.memo)
		out_of_memory();
	store.cap_memo = cap;
	for (uint32_t i = 0; i < n; i++)
		if (old[i].op)
			*memo_at(old[i].op, old[i].a, old[i].b) = old[i];
	store.bytes -= n * sizeof *old;
	free(old);
}

void memo_put(uint32_t op, uint32_t a, uint32_t b, uint32_t result)
{
	if (store.cap_memo < LARGEST_MEMO && store.nstates + store.nnodes >= store.cap_memo)
		memo_grow();
	*memo_at(op, a, b) = (struct memo){ op, a, b, result };
}

/* ---- birth and death ---- */

static struct mark store_mark(void)
{
	struct pile_block *b = store.pile.head;

	return (struct mark){ (uint32_t)store.nstates, (uint32_t)store.nnodes, (uint32_t)store.nvars,
	                      (uint32_t)store.ndomains, (uint32_t)store.nlanguages, store.narcs, store.bytes, b, b ? b->used : 0 };
}

/* Gives back what lies above n and above a quarter of the room. */
static void *room_cut(void *array, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap;

	while (want > 1024 && want / 4 > n)
		want /= 2;
	if (want == *cap)
		return array;
	store.bytes -= (*cap - want) * size;
	*cap = want;
	array = realloc(array, want * size);
	if (!array)
		out_of_memory();
	return array;
}

static void pile_cut(struct pile_block *until, size_t used)
{
	while (store.pile.head != until) {
		struct pile_block *b = store.pile.head;

		store.pile.head = b->next;
		store.bytes -= b->size;
		free(b);
	}
	if (until)
		until->used = used;
}

static void store_cut(const struct mark *k)
{
	graphs_free();
	languages_cut(k->nlanguages);
	domains_cut(k->ndomains);
	memo_clear();
	table_cut(&store.plain, k->nstates);
	table_cut(&store.looped, k->nstates);
	table_cut(&store.components, k->nstates);
	pairs_cut(k->nstates, k->narcs);
	table_cut(&store.nodes, k->nnodes);
	store.nstates = k->nstates;
	store.narcs = k->narcs;
	store.nnodes = k->nnodes;
	store.nvars = k->nvars;
	store.state = room_cut(store.state, store.nstates, &store.cap_states, sizeof *store.state);
	store.arc = room_cut(store.arc, store.narcs, &store.cap_arcs, sizeof *store.arc);
	store.node = room_cut(store.node, store.nnodes, &store.cap_nodes, sizeof *store.node);
	pile_cut(k->block, k->used);
}

static void store_free(void)
{
	dd_views_drop();
	free(store.viewed);
	graphs_free();
	languages_cut(0);
	domains_cut(0);
	scratch_free();
	pile_cut(NULL, 0);
	table_free(&store.plain);
	table_free(&store.looped);
	table_free(&store.components);
	table_free(&store.pairs);
	table_free(&store.nodes);
	table_free(&store.languages);
	free(store.state);
	free(store.arc);
	free(store.node);
	free(store.var);
	free(store.memo);
	free(store.language);
	free(store.domain);
	free(store.edge);
	store = (struct store){ 0 };
}

void store_join(struct dd *m)
{
	if (!store.nmanagers++) {
		store.next_op = OP_OWN;
		store.most_steps = KRUX_MAX_STEPS;
	}
	m->mark = store_mark();
	m->alone = true;
	if (store.newest)
		store.newest->alone = false;
	store.newest = m;
}

void store_leave(struct dd *m)
{
	if (store.newest == m)
		store.newest = NULL;
	if (!--store.nmanagers)
		store_free();
}

/* ---- guards ---- */

static void guard_leave(struct guard *g)
{
	struct dd *m = g->m;

	store.guard = g->outer;
	store.depth = g->depth;
	store.nedges = g->nedges;
	graphs_release(g->ngraphs);
	scratch_release(g->nscratch);
	if (m->overflow && m->alone && !g->outer) {
		m->alone = false;
		manager_forget(m);
		store_cut(&m->mark);
	}
	if (!g->outer && store.cap_edges > KEPT_EDGES)
		store.edge = room_cut(store.edge, KEPT_EDGES / 4, &store.cap_edges, sizeof *store.edge);
}

uint32_t store_guard(struct dd *m, guarded_fn *fn, void *args)
{
	struct guard g = { .outer = store.guard, .m = m, .ngraphs = store.ngraphs, .nedges = store.nedges,
	                   .nscratch = scratch_depth(), .depth = store.depth };
	volatile uint32_t result = 0;

	if (m->overflow)
		return 0;
	if (store.newest && store.newest != m)
		store.newest->alone = false;
	store.guard = &g;
	if (!setjmp(g.escape))
		result = fn(m, args);
	guard_leave(&g);
	return m->overflow ? 0 : result;
}
