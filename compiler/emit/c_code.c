/* From shapes of automata to instructions of the engine (prelude/engine.h). Equal instructions
 * with equal targets are stored once, and so are equal cycles of instructions. States that fall
 * back to a LOOP state speak of it as HOLD, so that parts which differ only in what lies around
 * them are equal too. */
#include "compiler/emit/c_code.h"

#include <assert.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/emit/c.h"

enum { UNKNOWN = UINT32_MAX };

/* One automaton's work. */
struct work {
	struct c_texts *t;
	struct arena *a;
	const struct shape *s;
	struct c_order order;
	uint32_t *address;           /* per state: target, or UNKNOWN */
	bool *absorbed;              /* per state: inside a run that is its only use */
	uint32_t now;                /* the cyclic component that is being written, or UNKNOWN */
	struct ref {                 /* from the component to itself */
		uint32_t at;
		uint32_t state, target;  /* a state, or UNKNOWN and a ready target */
	} *ref;
	size_t nrefs, cap_refs;
	size_t start, from;          /* of the component, of the instruction at hand */
};

/* The address of the instruction written since w->from. */
static uint32_t instruction_end(struct work *w)
{
	struct c_texts *t = w->t;
	uint32_t at = (uint32_t)w->from;

	if (t->n >= C_CLASS - 16) {
		t->full = true;
		t->n = w->from;
		return C_CLASS;
	}
	if (w->now == UNKNOWN)
		c_texts_intern(t, &at);
	return at;
}

/* ---- writing one instruction ---- */

static void put(struct work *w, uint32_t byte)
{
	struct c_texts *t = w->t;

	ARENA_PUSH(t->a, t->code, t->n, t->cap, (uint8_t)byte);
}

static void put_target(struct work *w, uint32_t target)
{
	put(w, target & 0xFF);
	put(w, target >> 8 & 0xFF);
	put(w, target >> 16 & 0xFF);
}

static void instruction_begin(struct work *w)
{
	w->from = w->t->n;
}

/* A target as one says it where `region` is held. */
static void put_state(struct work *w, uint32_t to, uint32_t region)
{
	if (to & SHAPE_CLASS) {
		uint32_t class = to & ~SHAPE_CLASS;

		put_target(w, region != SHAPE_DEAD && w->s->state[region].out == class ? (uint32_t)C_HOLD_END
		                                                                     : C_CLASS | class);
	} else if (to == region) {
		put_target(w, C_HOLD);
	} else if (w->now != UNKNOWN && w->order.component[to] == w->now) {
		ARENA_PUSH(w->a, w->ref, w->nrefs, w->cap_refs, ((struct ref){ (uint32_t)w->t->n, to, 0 }));
		put_target(w, 0);
	} else {
		assert(w->address[to] != UNKNOWN);
		put_target(w, w->address[to]);
	}
}

/* An instruction that holds the region of `to` and goes there. */
static uint32_t enter(struct work *w, uint32_t to)
{
	size_t from = w->from;
	uint32_t at;

	instruction_begin(w);
	put(w, C_OP_ENTER);
	put(w, 0);
	put_state(w, to, w->s->state[to].region);
	put_state(w, w->s->state[to].region, SHAPE_DEAD);
	at = instruction_end(w);
	w->from = from;
	return at;
}

/* Targets of an instruction, made before it so that ENTER instructions stand in front. */
struct arrow {
	uint32_t to;                 /* a state or a class, or a ready target */
	bool ready;
};

static struct arrow arrow(struct work *w, uint32_t to, uint32_t region)
{
	if (c_needs_enter(w->s, to, region))
		return (struct arrow){ enter(w, to), true };
	return (struct arrow){ to, false };
}

static void put_arrow(struct work *w, struct arrow a, uint32_t region)
{
	if (!a.ready) {
		put_state(w, a.to, region);
		return;
	}
	if (w->now != UNKNOWN && a.to >= w->start)
		ARENA_PUSH(w->a, w->ref, w->nrefs, w->cap_refs, ((struct ref){ (uint32_t)w->t->n, UNKNOWN, a.to }));
	put_target(w, a.to);
}

/* ---- instructions ---- */

/* What the end of the text leads to in this state, as a class. */
static uint32_t end_of(const struct work *w, const struct shape_state *s)
{
	if (s->out != C_ANY)
		return SHAPE_CLASS | s->out;
	if (s->region != SHAPE_DEAD)
		return SHAPE_CLASS | w->s->state[s->region].out;
	return s->other & SHAPE_CLASS ? s->other : SHAPE_CLASS;
}

/* The bytes below 0x80 that are exceptions, with their targets; at most 128. */
static uint32_t ascii_list(const struct work *w, const struct shape_state *s, uint8_t *byte, uint32_t *to)
{
	uint32_t n = 0;

	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		const struct shape_range *r = &w->s->exception[i];

		for (uint32_t c = r->lo; c <= r->hi && c < 0x80; c++) {
			byte[n] = (uint8_t)c;
			to[n++] = r->to;
		}
	}
	return n;
}

static uint32_t emit_pick(struct work *w, const struct shape_state *s, const uint8_t *byte,
                          const uint32_t *to, uint32_t n)
{
	struct arrow target[128], other = arrow(w, s->other, s->region);

	for (uint32_t i = 0; i < n; i++)
		target[i] = arrow(w, to[i], s->region);
	instruction_begin(w);
	put(w, s->mode == SHAPE_FALLBACK ? C_OP_PICK : C_OP_STEP);
	put(w, n);
	put_arrow(w, other, s->region);
	put_state(w, end_of(w, s), s->region);
	for (uint32_t i = 0; i < n; i++)
		put(w, byte[i]);
	for (uint32_t i = 0; i < n; i++)
		put_arrow(w, target[i], s->region);
	return instruction_end(w);
}

static uint32_t emit_span(struct work *w, const struct shape_state *s, const uint8_t *byte,
                          const uint32_t *to, uint32_t n)
{
	struct arrow target[128], other = arrow(w, s->other, s->region);
	uint32_t lo = byte[0], hi = byte[n - 1];

	for (uint32_t c = lo, i = 0; c <= hi; c++) {
		uint32_t there = byte[i] == c ? to[i] :
		                 s->mode == SHAPE_FALLBACK ? shape_next(w->s, s->other, c) : s->other;

		i += byte[i] == c;
		target[c - lo] = arrow(w, there, s->region);
	}
	instruction_begin(w);
	put(w, s->mode == SHAPE_FALLBACK ? C_OP_SPAN : C_OP_STRIDE);
	put(w, lo);
	put_arrow(w, other, s->region);
	put_state(w, end_of(w, s), s->region);
	put(w, hi - lo);
	for (uint32_t c = lo; c <= hi; c++)
		put_arrow(w, target[c - lo], s->region);
	return instruction_end(w);
}

/* The part of a state that deals with ASCII and the end. */
static uint32_t emit_ascii(struct work *w, const struct shape_state *s)
{
	uint8_t byte[128];
	uint32_t to[128], n = ascii_list(w, s, byte, to);

	if (n > C_PICK_MAX)
		return emit_span(w, s, byte, to, n);
	return emit_pick(w, s, byte, to, n);
}

/* Lowers *hi to the last scalar up to which the exceptions of s say the same as for c; what they
 * say, or `otherwise`. */
static uint32_t exception_at(const struct work *w, const struct shape_state *s, uint32_t c, uint32_t otherwise,
                             uint32_t *hi)
{
	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		const struct shape_range *r = &w->s->exception[i];

		if (r->hi < c)
			continue;
		if (r->lo > c) {
			*hi = r->lo - 1 < *hi ? r->lo - 1 : *hi;
			return otherwise;
		}
		*hi = r->hi < *hi ? r->hi : *hi;
		return r->to;
	}
	return otherwise;
}

/* Where the scalar c leads; *hi: up to where that holds. */
static uint32_t step_at(const struct work *w, const struct shape_state *s, uint32_t c, uint32_t *hi)
{
	uint32_t otherwise = s->other;

	*hi = 0x10FFFF;
	if (s->mode == SHAPE_FALLBACK && !(s->other & SHAPE_CLASS))
		otherwise = exception_at(w, &w->s->state[s->other], c, s->other, hi);
	return exception_at(w, s, c, otherwise, hi);
}

static uint32_t emit_wide(struct work *w, const struct shape_state *s, uint32_t ascii)
{
	struct wide { uint32_t lo; struct arrow to; } *wide = NULL;
	size_t n = 0, cap = 0;
	uint32_t last = SHAPE_DEAD;

	for (uint32_t c = 0x80, hi; c <= 0x10FFFF; c = hi + 1) {
		uint32_t to = step_at(w, s, c, &hi);

		if (to != last)
			ARENA_PUSH(w->a, wide, n, cap, ((struct wide){ c, arrow(w, to, s->region) }));
		last = to;
	}
	instruction_begin(w);
	put(w, C_OP_WIDE);
	put(w, 0);
	put_target(w, ascii);
	put_target(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		put_target(w, wide[i].lo);
		put_arrow(w, wide[i].to, s->region);
	}
	return instruction_end(w);
}

/* ---- runs ---- */

static void put_bytes(struct work *w, const uint8_t *byte, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put(w, byte[i]);
}

/* Does a run ask whether a path is a folder or lies below it, and nothing is known where it is neither. */
static bool is_folder(const struct work *w, const struct shape_state *s, const struct c_boundary *b)
{
	return w->now == UNKNOWN && s->region == SHAPE_DEAD && s->other == SHAPE_CLASS && b->byte == '/' && b->end <= UINT8_MAX;
}

static void put_folder(struct work *w, const struct shape_state *s, const struct c_boundary *b, uint32_t n)
{
	struct arrow to = arrow(w, b->to, s->region);

	instruction_begin(w);
	if (b->end == 1 && b->to == (SHAPE_CLASS | 1)) {
		put(w, C_OP_BELOW);
		put(w, n);
		return;
	}
	put(w, C_OP_LEAF);
	put(w, n);
	put_arrow(w, to, s->region);
	put(w, b->end);
}

static uint32_t emit_run(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint8_t byte[C_RUN_MAX + 4];
	uint32_t n = 0, last = q;
	struct c_boundary b;
	struct arrow to;

	for (uint32_t at = q; at != SHAPE_DEAD && n + 4 <= C_RUN_MAX; at = c_run_next(w->s, at)) {
		n += krux_utf8_put(c_single(w->s, at), (char *)byte + n);
		last = at;
	}
	if (c_boundary(w->s, last, &b) && is_folder(w, s, &b)) {
		put_folder(w, s, &b, n);
	} else if (c_boundary(w->s, last, &b)) {
		to = arrow(w, b.to, s->region);
		instruction_begin(w);
		put(w, C_OP_UNDER);
		put(w, n);
		put_arrow(w, to, s->region);
		put_state(w, s->other, s->region);
		put_state(w, SHAPE_CLASS | b.end, s->region);
		put(w, b.byte);
	} else {
		to = arrow(w, w->s->exception[w->s->state[last].first].to, s->region);
		instruction_begin(w);
		put(w, C_OP_RUN);
		put(w, n);
		put_arrow(w, to, s->region);
		put_state(w, s->other, s->region);
	}
	put_bytes(w, byte, n);
	return instruction_end(w);
}

/* ---- loops ---- */

static uint32_t emit_pair(struct work *w, uint32_t q, uint32_t second)
{
	const struct shape_state *s = &w->s->state[q];
	uint8_t byte[128];
	uint32_t to[128], n = ascii_list(w, &w->s->state[second], byte, to);
	struct arrow a, b;

	assert(n > 0);
	a = arrow(w, to[0], q);
	b = arrow(w, to[n - 1], q);
	instruction_begin(w);
	put(w, C_OP_PAIR);
	put(w, w->s->exception[s->first].lo);
	put_arrow(w, a, q);
	put_state(w, SHAPE_CLASS | s->out, SHAPE_DEAD);
	put(w, byte[0]);
	put(w, byte[n - 1]);
	put_arrow(w, b, q);
	return instruction_end(w);
}

static uint32_t emit_skip(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint8_t byte[128];
	uint32_t to[128], n = ascii_list(w, s, byte, to);
	struct arrow target[C_SKIP_MAX];

	for (uint32_t i = 0; i < n; i++)
		target[i] = arrow(w, to[i], q);
	instruction_begin(w);
	put(w, n == 1 ? C_OP_FIND : C_OP_SKIP);
	put(w, n == 1 ? byte[0] : n);
	if (n == 1)
		put_arrow(w, target[0], q);
	else
		put_target(w, 0);
	put_state(w, SHAPE_CLASS | s->out, SHAPE_DEAD);
	for (uint32_t i = 0; n > 1 && i < n; i++)
		put(w, byte[i]);
	for (uint32_t i = 0; n > 1 && i < n; i++)
		put_arrow(w, target[i], q);
	return instruction_end(w);
}

/* Any other loop: scalar by scalar. */
static uint32_t emit_here(struct work *w, uint32_t q)
{
	struct shape_state step = w->s->state[q];
	uint32_t body;

	step.mode = SHAPE_STEP;
	step.other = q;
	body = emit_ascii(w, &step);
	if (!c_is_ascii(w->s, &step))
		body = emit_wide(w, &step, body);
	instruction_begin(w);
	put(w, C_OP_HERE);
	put(w, 0);
	put_target(w, body);
	put_state(w, SHAPE_CLASS | step.out, SHAPE_DEAD);
	return instruction_end(w);
}

static uint32_t emit_loop(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint32_t second = c_pair_second(w->s, q), stops = 0;

	if (second != SHAPE_DEAD)
		return emit_pair(w, q, second);
	if (!c_is_ascii(w->s, s))
		return emit_here(w, q);
	for (uint32_t i = s->first; i < s->first + s->n; i++)
		stops += w->s->exception[i].hi - w->s->exception[i].lo + 1;
	return stops <= C_SKIP_MAX ? emit_skip(w, q) : emit_here(w, q);
}

static uint32_t emit_state(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint32_t ascii;

	if (s->mode == SHAPE_LOOP)
		return emit_loop(w, q);
	if (c_single(w->s, q))
		return emit_run(w, q);
	ascii = emit_ascii(w, s);
	return c_is_ascii(w->s, s) ? ascii : emit_wide(w, s, ascii);
}

/* ---- all states ---- */

/* States that are written as part of the one state that uses them, in a run. */
static void absorb(struct work *w)
{
	const struct c_order *o = &w->order;
	bool *inside = ARENA_ARRAY(w->a, bool, w->s->nstates);

	for (uint32_t i = 0; i < o->n; i++) {
		uint32_t to = c_single(w->s, o->state[i]) ? c_run_next(w->s, o->state[i]) : (uint32_t)SHAPE_DEAD;

		if (to != SHAPE_DEAD)
			inside[to] = true;
	}
	for (uint32_t i = 0; i < o->n; i++) {
		uint32_t length = 0;

		if (inside[o->state[i]] || !c_single(w->s, o->state[i]))
			continue;
		for (uint32_t at = o->state[i]; at != SHAPE_DEAD; at = c_run_next(w->s, at)) {
			char buf[4];

			w->absorbed[at] |= length != 0;
			length += krux_utf8_put(c_single(w->s, at), buf);
			if (length + 4 > C_RUN_MAX)
				length = 0;
		}
	}
}

/* What equal cycles have in common: their bytes with references to themselves relative, and
 * where those stand. */
static struct krux_str component_key(struct work *w)
{
	size_t n = w->t->n - w->start;
	char *key = arena_get(w->a, n + w->nrefs * sizeof(uint32_t));

	memcpy(key, w->t->code + w->start, n);
	for (size_t i = 0; i < w->nrefs; i++) {
		uint32_t at = w->ref[i].at - (uint32_t)w->start;

		memcpy(key + n + i * sizeof at, &at, sizeof at);
	}
	return (struct krux_str){ key, n + w->nrefs * sizeof(uint32_t) };
}

static void refs_patch(struct work *w, uint32_t base)
{
	for (size_t i = 0; i < w->nrefs; i++) {
		const struct ref *r = &w->ref[i];
		uint32_t to = (r->state == UNKNOWN ? r->target : w->address[r->state]) - base;

		assert(r->state == UNKNOWN || w->address[r->state] != UNKNOWN);
		for (int k = 0; k < 3; k++)
			w->t->code[r->at + k] = (uint8_t)(to >> 8 * k);
	}
}

/* States that speak of each other, in one block. */
static void component_write(struct work *w, const uint32_t *state, uint32_t n, uint32_t component)
{
	struct c_texts *t = w->t;
	uint32_t *known, moved;
	bool is_known;

	w->now = component;
	w->start = t->n;
	w->nrefs = 0;
	for (uint32_t i = 0; i < n && !t->full; i++)
		if (!w->absorbed[state[i]])
			w->address[state[i]] = emit_state(w, state[i]);
	w->now = UNKNOWN;
	if (t->full)
		return;
	refs_patch(w, (uint32_t)w->start);
	known = c_word(t->components, component_key(w), &is_known);
	if (!is_known) {
		*known = (uint32_t)w->start;
		refs_patch(w, 0);
		return;
	}
	moved = (uint32_t)w->start - *known;
	for (uint32_t i = 0; i < n; i++)
		if (!w->absorbed[state[i]])
			w->address[state[i]] -= moved;
	t->n = w->start;
}

uint32_t c_code(struct c_texts *t, struct shape *s, struct arena *a)
{
	struct work w = { .t = t, .a = a, .s = s, .now = UNKNOWN };
	const struct c_order *o = &w.order;

	if (s->start & SHAPE_CLASS)
		return C_CLASS | (s->start & ~SHAPE_CLASS);
	w.address = ARENA_ARRAY(a, uint32_t, s->nstates);
	w.absorbed = ARENA_ARRAY(a, bool, s->nstates);
	memset(w.address, 0xFF, s->nstates * sizeof *w.address);
	c_order_make(&w.order, a, s);
	absorb(&w);
	for (uint32_t k = 0, i = 0; k < o->ncomponents && !t->full; i = o->end[k++]) {
		if (o->cyclic[k])
			component_write(&w, o->state + i, o->end[k] - i, k);
		else if (!w.absorbed[o->state[i]])
			w.address[o->state[i]] = emit_state(&w, o->state[i]);
	}
	if (t->full)
		return C_CLASS;
	return c_needs_enter(s, s->start, SHAPE_DEAD) ? enter(&w, s->start) : w.address[s->start];
}
