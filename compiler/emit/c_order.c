/* Which states of an automaton make one instruction together, and in which order states are
 * written: Tarjan's strongly connected components. */
#include "compiler/emit/c_code.h"

#include <string.h>

bool c_needs_enter(const struct shape *s, uint32_t to, uint32_t region)
{
	if (to & SHAPE_CLASS)
		return false;
	return s->state[to].region != SHAPE_DEAD && s->state[to].region != to && s->state[to].region != region;
}

bool c_is_ascii(const struct shape *s, const struct shape_state *q)
{
	return !q->n || s->exception[q->first + q->n - 1].hi < 0x80;
}

static uint32_t scalars(const struct shape *s, const struct shape_state *q)
{
	uint32_t n = 0;

	for (uint32_t i = q->first; i < q->first + q->n; i++)
		n += s->exception[i].hi - s->exception[i].lo + 1;
	return n;
}

/* ---- runs ---- */

/* What the end of a text leads to in a class or a LOOP state. */
static uint32_t end_in(const struct shape *s, uint32_t other)
{
	return other & SHAPE_CLASS ? other & ~SHAPE_CLASS : s->state[other].out;
}

uint32_t c_single(const struct shape *s, uint32_t q)
{
	const struct shape_state *st = &s->state[q];
	const struct shape_range *e = &s->exception[st->first];

	if (st->mode != SHAPE_FALLBACK || st->n != 1 || e->lo != e->hi ||
	    (st->out != C_ANY && st->out != end_in(s, st->other)))
		return 0;
	return e->lo;
}

uint32_t c_run_next(const struct shape *s, uint32_t q)
{
	const struct shape_state *st = &s->state[q];
	uint32_t to = s->exception[st->first].to;

	/* A text that leaves the run is read again from its start by `other`, which must have stayed
	 * where it is. */
	if (to & SHAPE_CLASS || !c_single(s, to) || s->state[to].uses != 1 || s->state[to].other != st->other ||
	    shape_next(s, st->other, c_single(s, q)) != st->other)
		return SHAPE_DEAD;
	return to;
}

bool c_boundary(const struct shape *s, uint32_t q, struct c_boundary *out)
{
	uint32_t to = s->exception[s->state[q].first].to, loop;
	const struct shape_state *b;
	const struct shape_range *e;

	if (to & SHAPE_CLASS || c_single(s, to))
		return false;
	b = &s->state[to];
	e = &s->exception[b->first];
	if (b->mode != SHAPE_FALLBACK || b->other != s->state[q].other || b->out == C_ANY || b->n != 1 ||
	    e->lo != e->hi || e->lo >= 0x80)
		return false;
	*out = (struct c_boundary){ b->out, e->lo, e->to };
	if (e->to & SHAPE_CLASS)
		return true;
	loop = s->state[e->to].mode == SHAPE_FALLBACK ? s->state[e->to].other : e->to;
	out->to = loop;
	/* The byte is left to the loop to read. */
	return !(loop & SHAPE_CLASS) && s->state[loop].mode == SHAPE_LOOP && shape_next(s, loop, e->lo) == e->to;
}

/* ---- loops ---- */

uint32_t c_pair_second(const struct shape *s, uint32_t q)
{
	const struct shape_state *st = &s->state[q], *next;
	const struct shape_range *e = &s->exception[st->first];

	if (st->n != 1 || e->lo != e->hi || e->lo >= 0x80 || e->to & SHAPE_CLASS)
		return SHAPE_DEAD;
	next = &s->state[e->to];
	if (next->mode != SHAPE_FALLBACK || next->other != q || (next->out != C_ANY && next->out != st->out) ||
	    !next->n || !c_is_ascii(s, next) || scalars(s, next) > 2)
		return SHAPE_DEAD;
	return e->to;
}

/* ---- order ---- */

/* Does the instruction of a fallback state spell out what its loop does: SPAN and WIDE. */
static bool spells_out(const struct shape *s, const struct shape_state *q)
{
	return q->mode == SHAPE_FALLBACK && !(q->other & SHAPE_CLASS) &&
	       (scalars(s, q) > C_PICK_MAX || !c_is_ascii(s, q));
}

/* The i-th state or class that q's instruction goes to; false behind the last. */
static bool arrow(const struct shape *s, uint32_t q, uint32_t i, uint32_t *to)
{
	const struct shape_state *st = &s->state[q];
	struct c_boundary b;

	if (st->mode == SHAPE_LOOP) {
		uint32_t second = c_pair_second(s, q);

		st = second == SHAPE_DEAD ? st : &s->state[second];
		if (i < st->n)
			*to = s->exception[st->first + i].to;
		return i < st->n;
	}
	if (c_single(s, q) && c_boundary(s, q, &b)) {
		*to = b.to;
		return i == 0;
	}
	if (i < st->n)
		*to = s->exception[st->first + i].to;
	else if (i == st->n)
		*to = st->other;
	else if (spells_out(s, st) && i - st->n - 1 < s->state[st->other].n)
		*to = s->exception[s->state[st->other].first + i - st->n - 1].to;
	else
		return false;
	return true;
}

/* The i-th state that q's instruction speaks of, or a class: what it goes to, and where ENTER is
 * needed for that, what ENTER holds. */
static bool speaks_of(const struct shape *s, uint32_t q, uint32_t i, uint32_t *of)
{
	uint32_t region = s->state[q].region, to = SHAPE_CLASS;

	if (!arrow(s, q, i / 2, &to))
		return false;
	*of = SHAPE_CLASS;
	if (i % 2 == 0)
		*of = to == region ? (uint32_t)SHAPE_CLASS : to;
	else if (c_needs_enter(s, to, region))
		*of = s->state[to].region;
	return true;
}

struct frame {
	uint32_t q, i;
};

struct tarjan {
	struct c_order *o;
	struct shape *s;
	uint32_t *found, *low;       /* per state: number of discovery from 1; lowest reached */
	bool *open, *self;           /* per state: on the stack of members; speaks of itself */
	uint32_t *member, nmembers;
	struct frame *frame;
	uint32_t depth, count;
};

static void discover(struct tarjan *t, uint32_t q)
{
	t->found[q] = t->low[q] = ++t->count;
	t->open[q] = true;
	t->member[t->nmembers++] = q;
	t->frame[t->depth++] = (struct frame){ q, 0 };
}

/* A component is complete: its members, in the order of discovery. */
static void component_close(struct tarjan *t, uint32_t q)
{
	struct c_order *o = t->o;
	uint32_t from = t->nmembers;

	while (t->member[--from] != q)
		;
	for (uint32_t i = from; i < t->nmembers; i++) {
		o->state[o->n++] = t->member[i];
		o->component[t->member[i]] = o->ncomponents;
		t->open[t->member[i]] = false;
		o->cyclic[o->ncomponents] |= t->self[t->member[i]];
	}
	o->cyclic[o->ncomponents] |= t->nmembers - from > 1;
	t->nmembers = from;
	o->end[o->ncomponents++] = o->n;
}

static void walk(struct tarjan *t)
{
	while (t->depth) {
		struct frame *f = &t->frame[t->depth - 1];
		uint32_t q = f->q, to;

		if (!speaks_of(t->s, q, f->i++, &to)) {
			t->depth--;
			if (t->depth && t->low[q] < t->low[t->frame[t->depth - 1].q])
				t->low[t->frame[t->depth - 1].q] = t->low[q];
			if (t->low[q] == t->found[q])
				component_close(t, q);
			continue;
		}
		if (to & SHAPE_CLASS)
			continue;
		t->s->state[to].uses++;
		t->self[q] |= to == q;
		if (!t->found[to])
			discover(t, to);
		else if (t->open[to] && t->found[to] < t->low[q])
			t->low[q] = t->found[to];
	}
}

void c_order_make(struct c_order *o, struct arena *a, struct shape *s)
{
	struct tarjan t = { .o = o, .s = s };
	uint32_t n = s->nstates, hold = s->state[s->start].region;

	*o = (struct c_order){ .state = ARENA_ARRAY(a, uint32_t, n + 1), .component = ARENA_ARRAY(a, uint32_t, n + 1),
	                       .end = ARENA_ARRAY(a, uint32_t, n + 1), .cyclic = ARENA_ARRAY(a, bool, n + 1) };
	memset(o->component, 0xFF, n * sizeof *o->component);
	t.found = ARENA_ARRAY(a, uint32_t, n);
	t.low = ARENA_ARRAY(a, uint32_t, n);
	t.open = ARENA_ARRAY(a, bool, n);
	t.self = ARENA_ARRAY(a, bool, n);
	t.member = ARENA_ARRAY(a, uint32_t, n + 1);
	t.frame = ARENA_ARRAY(a, struct frame, n + 1);
	/* Nothing is held at the start. */
	if (c_needs_enter(s, s->start, SHAPE_DEAD)) {
		s->state[hold].uses++;
		discover(&t, hold);
		walk(&t);
	}
	s->state[s->start].uses++;
	if (!t.found[s->start]) {
		discover(&t, s->start);
		walk(&t);
	}
}
