/* From shapes of automata to instructions of the engine (prelude/engine.h). Equal instructions
 * with equal targets are stored once. States that fall back to a LOOP state speak of it as
 * HOLD, so that parts which differ only in what lies around them are equal too. */
#include "compiler/emit/c_text.h"

#include <assert.h>
#include <string.h>

#include "capspec/canon.h"

enum { RUN_MAX = 255, SKIP_MAX = 4, PICK_MAX = 8, UNKNOWN = UINT32_MAX };

/* One automaton's work. */
struct work {
	struct c_texts *t;
	struct arena *a;
	const struct shape *s;
	uint32_t *address;           /* per state: target, or UNKNOWN */
	bool *absorbed;              /* per state: inside a run that is its only use */
	struct fixup { uint32_t at, state; } *fixup;
	size_t nfixups, cap_fixups;
	bool open;                   /* the instruction at hand has a fixup */
	size_t from;                 /* where it starts */
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
	if (!w->open)
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
	w->open = false;
}

/* A target as one says it where `region` is held. Entered states have been given theirs before:
 * see enter(). */
static uint32_t say(struct work *w, uint32_t to, uint32_t region)
{
	if (to & SHAPE_CLASS) {
		uint32_t class = to & ~SHAPE_CLASS;

		return region != SHAPE_DEAD && w->s->state[region].out == class ? (uint32_t)C_HOLD_END : C_CLASS | class;
	}
	return to == region ? (uint32_t)C_HOLD : w->address[to];
}

static void put_state(struct work *w, uint32_t to, uint32_t region);

/* An instruction that holds the region of `to` and goes there. */
static uint32_t enter(struct work *w, uint32_t to)
{
	size_t from = w->from;
	bool open = w->open;
	uint32_t at;

	instruction_begin(w);
	put(w, OP_ENTER);
	put(w, 0);
	put_state(w, to, w->s->state[to].region);
	put_state(w, w->s->state[to].region, SHAPE_DEAD);
	at = instruction_end(w);
	w->from = from;
	w->open = open;
	return at;
}

/* Does going from where `region` is held to this state need ENTER. */
static bool needs_enter(const struct work *w, uint32_t to, uint32_t region)
{
	const struct shape_state *s;

	if (to & SHAPE_CLASS)
		return false;
	s = &w->s->state[to];
	return s->region != SHAPE_DEAD && s->region != to && s->region != region;
}

static void put_state(struct work *w, uint32_t to, uint32_t region)
{
	uint32_t target = say(w, to, region);

	if (target == UNKNOWN) {
		ARENA_PUSH(w->a, w->fixup, w->nfixups, w->cap_fixups, ((struct fixup){ (uint32_t)w->t->n, to }));
		w->open = true;
		target = 0;
	}
	put_target(w, target);
}

/* Targets of an instruction, made before it so that ENTER instructions stand in front. */
struct arrow {
	uint32_t to;                 /* a state or a class, or a ready target */
	bool ready;
};

static struct arrow arrow(struct work *w, uint32_t to, uint32_t region)
{
	if (needs_enter(w, to, region))
		return (struct arrow){ enter(w, to), true };
	return (struct arrow){ to, false };
}

static void put_arrow(struct work *w, struct arrow a, uint32_t region)
{
	if (a.ready)
		put_target(w, a.to);
	else
		put_state(w, a.to, region);
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

static bool is_ascii(const struct work *w, const struct shape_state *s)
{
	return !s->n || w->s->exception[s->first + s->n - 1].hi < 0x80;
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
	put(w, s->mode == SHAPE_FALLBACK ? OP_PICK : OP_STEP);
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
	put(w, s->mode == SHAPE_FALLBACK ? OP_SPAN : OP_STRIDE);
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

	if (n > PICK_MAX)
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
	put(w, OP_WIDE);
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

/* The one scalar that leads on from a state which else does as `other` says, its end included;
 * 0 where the state is not so. */
static uint32_t single(const struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	const struct shape_range *r = &w->s->exception[s->first];

	if (s->mode != SHAPE_FALLBACK || s->n != 1 || r->lo != r->hi)
		return 0;
	if (s->out != C_ANY && (SHAPE_CLASS | s->out) !=
	    (s->other & SHAPE_CLASS ? s->other : SHAPE_CLASS | w->s->state[s->other].out))
		return 0;
	return r->lo;
}

/* Can the scalar of q be followed by more in one run: what a run has read, its `other` must have
 * read without moving. */
static bool run_goes_on(const struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];

	return shape_next(w->s, s->other, single(w, q)) == s->other;
}

/* The state behind q in the same run, or SHAPE_DEAD. */
static uint32_t run_next(const struct work *w, uint32_t q)
{
	uint32_t to = w->s->exception[w->s->state[q].first].to;

	if (to & SHAPE_CLASS || !single(w, to) || w->s->state[to].uses != 1 ||
	    w->s->state[to].other != w->s->state[q].other || !run_goes_on(w, q))
		return SHAPE_DEAD;
	return to;
}

static uint32_t emit_run(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint8_t byte[RUN_MAX + 4];
	uint32_t n = 0, last = q;
	struct arrow to;

	for (uint32_t at = q; at != SHAPE_DEAD && n + 4 <= RUN_MAX; at = run_next(w, at)) {
		n += krux_utf8_put(single(w, at), (char *)byte + n);
		last = at;
	}
	to = arrow(w, w->s->exception[w->s->state[last].first].to, s->region);
	instruction_begin(w);
	put(w, OP_RUN);
	put(w, n);
	put_arrow(w, to, s->region);
	put_state(w, s->other, s->region);
	for (uint32_t i = 0; i < n; i++)
		put(w, byte[i]);
	return instruction_end(w);
}

/* ---- loops ---- */

/* The state behind the one stop byte of loop q, where the loop goes on at it but for one or two
 * bytes: then both are skipped to at once. SHAPE_DEAD where it is not so. */
static uint32_t pair_second(const struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q], *next;
	const struct shape_range *e = &w->s->exception[s->first];
	uint32_t to, bytes = 0;

	if (s->n != 1 || e->lo != e->hi || e->lo >= 0x80 || e->to & SHAPE_CLASS)
		return SHAPE_DEAD;
	to = e->to;
	next = &w->s->state[to];
	if (next->mode != SHAPE_FALLBACK || next->other != q || (next->out != C_ANY && next->out != s->out) ||
	    !next->n || !is_ascii(w, next))
		return SHAPE_DEAD;
	for (uint32_t i = next->first; i < next->first + next->n; i++)
		bytes += w->s->exception[i].hi - w->s->exception[i].lo + 1;
	return bytes <= 2 ? to : (uint32_t)SHAPE_DEAD;
}

static uint32_t emit_pair(struct work *w, uint32_t q, uint32_t second)
{
	const struct shape_state *s = &w->s->state[q];
	uint8_t byte[128];
	uint32_t to[128], n = ascii_list(w, &w->s->state[second], byte, to);
	struct arrow a = arrow(w, to[0], q), b = arrow(w, to[n - 1], q);

	instruction_begin(w);
	put(w, OP_PAIR);
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
	struct arrow target[SKIP_MAX];

	for (uint32_t i = 0; i < n; i++)
		target[i] = arrow(w, to[i], q);
	instruction_begin(w);
	put(w, n == 1 ? OP_FIND : OP_SKIP);
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
	if (!is_ascii(w, &step))
		body = emit_wide(w, &step, body);
	instruction_begin(w);
	put(w, OP_HERE);
	put(w, 0);
	put_target(w, body);
	put_state(w, SHAPE_CLASS | step.out, SHAPE_DEAD);
	return instruction_end(w);
}

static uint32_t emit_loop(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint32_t second = pair_second(w, q), stops = 0;

	if (second != SHAPE_DEAD)
		return emit_pair(w, q, second);
	if (!is_ascii(w, s))
		return emit_here(w, q);
	for (uint32_t i = s->first; i < s->first + s->n; i++)
		stops += w->s->exception[i].hi - w->s->exception[i].lo + 1;
	return stops <= SKIP_MAX ? emit_skip(w, q) : emit_here(w, q);
}

static uint32_t emit_state(struct work *w, uint32_t q)
{
	const struct shape_state *s = &w->s->state[q];
	uint32_t ascii;

	if (s->mode == SHAPE_LOOP)
		return emit_loop(w, q);
	if (single(w, q))
		return emit_run(w, q);
	ascii = emit_ascii(w, s);
	return is_ascii(w, s) ? ascii : emit_wide(w, s, ascii);
}

/* ---- order ---- */

/* Does the instruction of a fallback state spell out what its loop does: SPAN and WIDE. */
static bool spells_out(const struct work *w, const struct shape_state *s)
{
	uint32_t bytes = 0;

	if (s->mode != SHAPE_FALLBACK || s->other & SHAPE_CLASS)
		return false;
	for (uint32_t i = s->first; i < s->first + s->n; i++)
		bytes += w->s->exception[i].hi - w->s->exception[i].lo + 1;
	return bytes > PICK_MAX || !is_ascii(w, s);
}

/* The i-th state or class that q's instruction may speak of; false behind the last. */
static bool follow(const struct work *w, uint32_t q, uint32_t i, uint32_t *to)
{
	const struct shape_state *s = &w->s->state[q], *loop;
	uint32_t second = s->mode == SHAPE_LOOP ? pair_second(w, q) : (uint32_t)SHAPE_DEAD;

	if (second != SHAPE_DEAD)
		s = &w->s->state[second];
	if (i < s->n)
		*to = w->s->exception[s->first + i].to;
	else if (i == s->n)
		*to = s->mode == SHAPE_LOOP || second != SHAPE_DEAD ? (uint32_t)SHAPE_CLASS : s->other;
	else if (i == s->n + 1)
		*to = s->region;
	else if (second != SHAPE_DEAD || !spells_out(w, s))
		return false;
	else {
		loop = &w->s->state[s->other];
		if (i - s->n - 2 >= loop->n)
			return false;
		*to = w->s->exception[loop->first + i - s->n - 2].to;
	}
	return true;
}

/* States reached from the start, each after those that it speaks of where there is no cycle;
 * counts uses. */
static uint32_t *order(struct work *w, struct shape *s, uint32_t *n)
{
	uint32_t *list = ARENA_ARRAY(w->a, uint32_t, s->nstates + 1), depth = 0;
	struct frame { uint32_t q, i; } *stack = ARENA_ARRAY(w->a, struct frame, s->nstates + 1);

	*n = 0;
	s->state[s->start].uses = 1;
	stack[depth++] = (struct frame){ s->start, 0 };
	while (depth) {
		struct frame *f = &stack[depth - 1];
		uint32_t to;

		if (!follow(w, f->q, f->i++, &to)) {
			list[(*n)++] = f->q;
			depth--;
			continue;
		}
		if (to & SHAPE_CLASS)
			continue;
		if (!s->state[to].uses++)
			stack[depth++] = (struct frame){ to, 0 };
	}
	return list;
}

/* States that are written as part of the one state that uses them, in a run. */
static void absorb(struct work *w, const uint32_t *list, uint32_t n)
{
	bool *inside = ARENA_ARRAY(w->a, bool, w->s->nstates);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t to = single(w, list[i]) ? run_next(w, list[i]) : (uint32_t)SHAPE_DEAD;

		if (to != SHAPE_DEAD)
			inside[to] = true;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t length = 0;

		if (inside[list[i]] || !single(w, list[i]))
			continue;
		for (uint32_t at = list[i]; at != SHAPE_DEAD; at = run_next(w, at)) {
			char buf[4];

			w->absorbed[at] |= length != 0;
			length += krux_utf8_put(single(w, at), buf);
			if (length + 4 > RUN_MAX)
				length = 0;
		}
	}
}

uint32_t c_code(struct c_texts *t, struct shape *s, struct arena *a)
{
	struct work w = { .t = t, .a = a, .s = s };
	uint32_t n, *list;

	if (s->start & SHAPE_CLASS)
		return C_CLASS | (s->start & ~SHAPE_CLASS);
	w.address = ARENA_ARRAY(a, uint32_t, s->nstates);
	w.absorbed = ARENA_ARRAY(a, bool, s->nstates);
	memset(w.address, 0xFF, s->nstates * sizeof *w.address);
	list = order(&w, s, &n);
	absorb(&w, list, n);
	for (uint32_t i = 0; i < n && !t->full; i++)
		if (!w.absorbed[list[i]])
			w.address[list[i]] = emit_state(&w, list[i]);
	for (size_t i = 0; i < w.nfixups && !t->full; i++) {
		uint32_t to = w.address[w.fixup[i].state];

		assert(to != UNKNOWN);
		for (int k = 0; k < 3; k++)
			t->code[w.fixup[i].at + k] = (uint8_t)(to >> 8 * k);
	}
	/* A start inside a region begins by holding it. */
	if (!t->full && needs_enter(&w, s->start, SHAPE_DEAD))
		return enter(&w, s->start);
	return t->full ? (uint32_t)C_CLASS : w.address[s->start];
}

