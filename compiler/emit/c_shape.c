/* From a minimal automaton to what its C needs to know: for every state the few scalars that
 * matter, seen against one other state that does the rest.
 *
 * Texts have been validated, so what leads to no class is free: it is filled so that states
 * become equal to those they lead to (in a path, what may follow a dot). Where a single class
 * is left, nothing more is read. */
#include "compiler/emit/c_text.h"

#include <string.h>

enum { MANY = UINT32_MAX - 1 };     /* C_ANY: no class is reached; MANY: several */

struct work {
	struct arena *a;
	const struct dd_automaton *fa;
	const uint32_t *class;
	uint32_t n;
	uint32_t *reached;           /* per state: C_ANY, a class, or MANY */
	uint32_t *to;                /* per range: rewritten target */
	uint32_t *alias;             /* per state: itself, or the LOOP state that it equals */
	uint32_t *major;             /* per state: the target of most scalars */
	uint64_t *weight;            /* per state and class, 0 between uses */
	struct shape *shape;
	size_t nexceptions, cap_exceptions;
};

/* ---- which classes can be reached ---- */

static uint32_t join(uint32_t a, uint32_t b)
{
	return a == C_ANY || a == b ? b : b == C_ANY ? a : MANY;
}

/* Predecessors of every state, as one array: pred[from[q]..from[q + 1]). */
static uint32_t *predecessors(struct work *w, uint32_t **from)
{
	const struct dd_automaton *fa = w->fa;
	uint32_t *at = ARENA_ARRAY(w->a, uint32_t, w->n + 2), *pred = ARENA_ARRAY(w->a, uint32_t, fa->nranges + 1);

	for (uint32_t i = 0; i < fa->nranges; i++)
		at[fa->range[i].to + 2]++;
	for (uint32_t q = 2; q < w->n + 2; q++)
		at[q] += at[q - 1];
	for (uint32_t q = 0; q < w->n; q++)
		for (uint32_t i = 0; i < fa->state[q].n; i++)
			pred[at[fa->range[fa->state[q].first + i].to + 1]++] = q;
	*from = at;
	return pred;
}

static void reach(struct work *w)
{
	uint32_t *from, *pred = predecessors(w, &from);
	uint32_t *todo = ARENA_ARRAY(w->a, uint32_t, 2 * (size_t)w->n + 1), ntodo = 0;

	w->reached = ARENA_ARRAY(w->a, uint32_t, w->n);
	for (uint32_t q = 0; q < w->n; q++) {
		w->reached[q] = w->class[q];
		if (w->class[q] != C_ANY)
			todo[ntodo++] = q;
	}
	/* A state changes at most twice, and todo holds it once for each change. */
	for (uint32_t i = 0; i < ntodo; i++) {
		uint32_t q = todo[i];

		for (uint32_t k = from[q]; k < from[q + 1]; k++) {
			uint32_t now = join(w->reached[pred[k]], w->reached[q]);

			if (now == w->reached[pred[k]])
				continue;
			w->reached[pred[k]] = now;
			todo[ntodo++] = pred[k];
		}
	}
}

static uint32_t target(const struct work *w, uint32_t q)
{
	uint32_t r = w->reached[q];

	return r == C_ANY ? (uint32_t)SHAPE_DEAD : r == MANY ? w->alias[q] : SHAPE_CLASS | r;
}

static void retarget(struct work *w)
{
	for (uint32_t i = 0; i < w->fa->nranges; i++)
		w->to[i] = target(w, w->fa->range[i].to);
}

/* ---- the most frequent target ---- */

static uint64_t *weight_of(struct work *w, uint32_t to)
{
	return &w->weight[to & SHAPE_CLASS ? w->n + (to & ~SHAPE_CLASS) : to];
}

static uint32_t majority(struct work *w, uint32_t q)
{
	const struct dd_state *s = &w->fa->state[q];
	uint32_t best = SHAPE_DEAD;
	uint64_t most = 0;

	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		uint64_t *sum;

		if (w->to[i] == SHAPE_DEAD)
			continue;
		sum = weight_of(w, w->to[i]);
		*sum += w->fa->range[i].hi - w->fa->range[i].lo + 1;
		if (*sum > most || (*sum == most && w->to[i] < best)) {
			most = *sum;
			best = w->to[i];
		}
	}
	for (uint32_t i = s->first; i < s->first + s->n; i++)
		if (w->to[i] != SHAPE_DEAD)
			*weight_of(w, w->to[i]) = 0;
	return best;
}

static bool is_loop(const struct work *w, uint32_t q)
{
	return !(q & SHAPE_CLASS) && w->major[q] == q;
}

/* ---- exceptions ---- */

static void exception_add(struct work *w, uint32_t first, uint32_t lo, uint32_t hi, uint32_t to)
{
	struct shape *s = w->shape;

	if (w->nexceptions > first) {
		struct shape_range *last = &s->exception[w->nexceptions - 1];

		if (last->to == to && (last->hi + 1 == lo || (last->hi == 0xD7FF && lo == 0xE000))) {
			last->hi = hi;
			return;
		}
	}
	ARENA_PUSH(w->a, s->exception, w->nexceptions, w->cap_exceptions, ((struct shape_range){ lo, hi, to }));
}

/* Scalars for which q does not go to `other`. */
static uint32_t against_target(struct work *w, uint32_t q, uint32_t other)
{
	const struct dd_state *s = &w->fa->state[q];
	uint32_t first = (uint32_t)w->nexceptions;

	for (uint32_t i = s->first; i < s->first + s->n; i++)
		if (w->to[i] != other && w->to[i] != SHAPE_DEAD)
			exception_add(w, first, w->fa->range[i].lo, w->fa->range[i].hi, w->to[i]);
	return (uint32_t)w->nexceptions - first;
}

/* Scalars for which q does something else than the LOOP state `loop`. */
static uint32_t against_loop(struct work *w, uint32_t q, uint32_t loop)
{
	const struct dd_state *s = &w->fa->state[q], *l = &w->fa->state[loop];
	const struct dd_range *range = w->fa->range;
	uint32_t first = (uint32_t)w->nexceptions, k = l->first;

	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		uint32_t lo = range[i].lo;

		if (w->to[i] == SHAPE_DEAD)
			continue;
		while (lo <= range[i].hi) {
			uint32_t hi, there;

			while (k < l->first + l->n && range[k].hi < lo)
				k++;
			if (k == l->first + l->n)
				break;
			hi = range[k].hi < range[i].hi ? range[k].hi : range[i].hi;
			there = w->to[k] == SHAPE_DEAD ? loop : w->to[k];
			if (w->to[i] != there)
				exception_add(w, first, lo, hi, w->to[i]);
			lo = hi + 1;
		}
	}
	return (uint32_t)w->nexceptions - first;
}

/* Can texts that end in q be classed as those that end in `other`. */
static bool same_end(const struct work *w, uint32_t q, uint32_t other)
{
	uint32_t there = other & SHAPE_CLASS ? other & ~SHAPE_CLASS : w->class[other];

	return w->class[q] == C_ANY || w->class[q] == there;
}

/* States that equal the LOOP state that they lead to, as far as valid texts go. */
static bool find_aliases(struct work *w)
{
	bool found = false;

	for (uint32_t q = 0; q < w->n; q++)
		if (w->reached[q] == MANY && w->alias[q] == q)
			w->major[q] = majority(w, q);
	for (uint32_t q = 0; q < w->n; q++) {
		uint32_t d = w->major[q];

		if (w->reached[q] != MANY || w->alias[q] != q || d == q || !is_loop(w, d) || !same_end(w, q, d))
			continue;
		if (!against_loop(w, q, d)) {
			w->alias[q] = d;
			found = true;
		}
		w->nexceptions = 0;
	}
	return found;
}

/* ---- the states ---- */

static void state_make(struct work *w, uint32_t q)
{
	struct shape_state *s = &w->shape->state[q];
	uint32_t d = w->major[q], plain, against;

	s->out = w->class[q];
	s->first = (uint32_t)w->nexceptions;
	s->region = SHAPE_DEAD;
	s->other = d;
	if (d == q) {
		s->mode = SHAPE_LOOP;
		s->region = q;
		if (s->out == C_ANY)
			s->out = 0;
		s->n = against_target(w, q, q);
		return;
	}
	s->n = plain = against_target(w, q, d);
	s->mode = d & SHAPE_CLASS ? SHAPE_FALLBACK : SHAPE_STEP;
	if (!is_loop(w, d))
		return;
	s->region = d;
	w->nexceptions = s->first;
	against = against_loop(w, q, d);
	if (against <= plain) {
		s->mode = SHAPE_FALLBACK;
		s->n = against;
		return;
	}
	w->nexceptions = s->first;
	s->n = against_target(w, q, d);
}

/* A state that only one scalar leads on from, and that no text ends in, can do anything for the
 * rest: as the state behind it does, both can be one run. */
static void forced_join(struct work *w)
{
	struct shape *s = w->shape;

	for (uint32_t q = s->nstates; q-- > 0;) {
		const struct dd_state *from = &w->fa->state[q];
		struct shape_state *one = &s->state[q];
		const struct shape_state *next;
		uint32_t lo = 0, scalars = 0;

		if (one->mode != SHAPE_STEP || one->n || one->out != C_ANY)
			continue;
		for (uint32_t i = from->first; i < from->first + from->n; i++)
			if (w->to[i] != SHAPE_DEAD) {
				lo = w->fa->range[i].lo;
				scalars += w->fa->range[i].hi - lo + 1;
			}
		next = &s->state[one->other];
		if (scalars != 1 || next->mode != SHAPE_FALLBACK || !(next->other & SHAPE_CLASS))
			continue;
		one->first = (uint32_t)w->nexceptions;
		one->n = 1;
		exception_add(w, one->first, lo, lo, one->other);
		one->mode = SHAPE_FALLBACK;
		one->other = next->other;
	}
}

/* A state that steps to another is in its region. */
static void regions_spread(struct shape *s)
{
	enum { FAR = 64 };

	for (uint32_t q = 0; q < s->nstates; q++) {
		uint32_t at = q;

		for (int i = 0; i < FAR && s->state[at].mode == SHAPE_STEP && s->state[at].region == SHAPE_DEAD; i++)
			at = s->state[at].other;
		if (s->state[q].mode == SHAPE_STEP && s->state[q].region == SHAPE_DEAD)
			s->state[q].region = s->state[at].region;
	}
}

uint32_t shape_next(const struct shape *s, uint32_t from, uint32_t c)
{
	const struct shape_state *q;

	if (from & SHAPE_CLASS)
		return from;
	q = &s->state[from];
	for (uint32_t i = q->first; i < q->first + q->n; i++)
		if (c >= s->exception[i].lo && c <= s->exception[i].hi)
			return s->exception[i].to;
	return from;
}

void shape_make(struct shape *out, struct arena *a, const struct dd_automaton *fa, const uint32_t *class)
{
	struct work w = { .a = a, .fa = fa, .class = class, .n = fa->nstates, .shape = out };
	uint32_t classes = 0;

	*out = (struct shape){ .nstates = fa->nstates };
	out->state = ARENA_ARRAY(a, struct shape_state, fa->nstates);
	out->exception = arena_grow(a, NULL, 0, &w.cap_exceptions, sizeof *out->exception);
	for (uint32_t q = 0; q < fa->nstates; q++)
		if (class[q] != C_ANY && class[q] >= classes)
			classes = class[q] + 1;
	w.to = ARENA_ARRAY(a, uint32_t, fa->nranges + 1);
	w.alias = ARENA_ARRAY(a, uint32_t, fa->nstates);
	w.major = ARENA_ARRAY(a, uint32_t, fa->nstates);
	w.weight = ARENA_ARRAY(a, uint64_t, (size_t)fa->nstates + classes);
	for (uint32_t q = 0; q < fa->nstates; q++)
		w.alias[q] = q;
	reach(&w);
	retarget(&w);
	for (int pass = 0; find_aliases(&w) && pass < 4; pass++)
		retarget(&w);
	retarget(&w);
	for (uint32_t q = 0; q < w.n; q++)
		if (w.reached[q] == MANY && w.alias[q] == q)
			w.major[q] = majority(&w, q);
	w.nexceptions = 0;
	for (uint32_t q = 0; q < w.n; q++)
		if (w.reached[q] == MANY && w.alias[q] == q)
			state_make(&w, q);
	forced_join(&w);
	regions_spread(out);
	out->start = w.reached[0] == C_ANY ? SHAPE_CLASS : target(&w, 0);
}
