/* All ways from the root to a terminal. Every edge of a node leads on for some value, whatever
 * the others are: so each way is a region that holds requests. */
#include "compiler/dd/children.h"
#include "compiler/dd/cond.h"

/* A node that was come to, with its steps as far as they were asked for. */
struct stop {
	uint32_t node;
	struct children children;
	struct dd_step *step;
};

struct walk {
	struct dd *m;
	struct arena *a;
	uint32_t f;
	dd_region_fn *fn;
	void *ctx;
	struct stop **slot;              /* open addressing by node */
	size_t nstops, cap;
};

static struct stop *stop_find(struct walk *w, uint32_t node);

static void stops_grow(struct walk *w)
{
	struct stop **old = w->slot;
	size_t n = w->cap;

	w->cap = n ? n * 2 : 64;
	w->slot = ARENA_ARRAY(w->a, struct stop *, w->cap);
	for (size_t i = 0; i < n; i++) {
		if (!old[i])
			continue;
		for (uint64_t h = mix(0, old[i]->node);; h++)
			if (!w->slot[h & (w->cap - 1)]) {
				w->slot[h & (w->cap - 1)] = old[i];
				break;
			}
	}
}

static struct stop *stop_find(struct walk *w, uint32_t node)
{
	if (w->nstops * 2 >= w->cap)
		stops_grow(w);
	for (uint64_t h = mix(0, node);; h++) {
		struct stop **at = &w->slot[h & (w->cap - 1)];

		if (*at && (*at)->node == node)
			return *at;
		if (*at)
			continue;
		*at = ARENA_NEW(w->a, struct stop);
		(*at)->node = node;
		w->nstops++;
		node_children(w->a, node, &(*at)->children);
		(*at)->step = ARENA_ARRAY(w->a, struct dd_step, (*at)->children.n);
		return *at;
	}
}

static void intervals_find(struct walk *w, struct dd_step *s, const struct node *n)
{
	krux_u128 lo = var_at(n->var)->pub.domain.lo;
	size_t cap = 0;

	for (uint32_t i = 0; i < n->n; i++) {
		struct interval x = { lo, n->edge[i].hi };

		lo = x.hi + 1;
		if (n->edge[i].to == *s->to)
			ARENA_PUSH(w->a, s->interval, s->nintervals, cap, x);
	}
}

static const struct dd_step *step_make(struct walk *w, struct stop *at, size_t child)
{
	struct dd_step *s = &at->step[child];
	const struct node *n = node_at(at->node);

	if (s->to)
		return s;
	s->node = at->node;
	s->to = &at->children.to[child];
	if (n->kind == DD_NUMBER)
		intervals_find(w, s, n);
	return s;
}

static uint32_t walk(struct dd *m, void *args)
{
	struct walk *w = args;
	struct frame { struct stop *at; size_t next; } *stack = NULL;
	struct dd_step *steps = NULL;
	size_t n = 0, cap = 0, room = 0;

	if (!request_possible(m) || w->f == DD_IMPOSSIBLE)
		return 1;
	if (is_terminal(w->f)) {
		w->fn(w->ctx, &(struct dd_region){ .value = w->f });
		return 1;
	}
	ARENA_PUSH(w->a, stack, n, cap, ((struct frame){ stop_find(w, w->f), 0 }));
	while (n && !m->overflow) {
		struct frame *f = &stack[n - 1];
		uint32_t to;

		if (f->next == f->at->children.n) {
			n--;
			continue;
		}
		to = f->at->children.to[f->next];
		steps = arena_grow(w->a, steps, n, &room, sizeof *steps);
		steps[n - 1] = *step_make(w, f->at, f->next++);
		if (!is_terminal(to))
			ARENA_PUSH(w->a, stack, n, cap, ((struct frame){ stop_find(w, to), 0 }));
		else if (!w->fn(w->ctx, &(struct dd_region){ steps, n, to }))
			return 1;
	}
	return 1;
}

void dd_regions(struct dd *m, struct arena *a, uint32_t f, dd_region_fn *fn, void *ctx)
{
	struct walk w = { .m = m, .a = a, .f = f, .fn = fn, .ctx = ctx };

	store_guard(m, walk, &w);
}

/* ---- one node's ---- */

struct stepping {
	struct walk walk;
	struct dd_step *step;
	size_t n;
};

static uint32_t steps_make(struct dd *m, void *args)
{
	struct stepping *x = args;
	struct stop *at = ARENA_NEW(x->walk.a, struct stop);

	(void)m;
	at->node = x->walk.f;
	node_children(x->walk.a, at->node, &at->children);
	at->step = ARENA_ARRAY(x->walk.a, struct dd_step, at->children.n + 1);
	for (size_t i = 0; i < at->children.n; i++)
		step_make(&x->walk, at, i);
	x->step = at->step;
	x->n = at->children.n;
	return 1;
}

size_t dd_steps(struct dd *m, struct arena *a, uint32_t node, const struct dd_step **out)
{
	struct stepping x = { .walk = { .m = m, .a = a, .f = node } };

	store_guard(m, steps_make, &x);
	*out = x.step;
	return x.n;
}
