/* Lengths of the strings of each class, by walking the automaton with sets of states: one step
 * is one byte, so the last four sets say the next one, and when they come again the rest is
 * periodic (Brent 1980). */
#include "compiler/dd/length.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/dd/apply.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/language.h"
#include "compiler/dd/pair.h"
#include "compiler/dd/witness.h"

enum { WIDEST = 4, MOST_LABEL = 63 };
static const uint64_t most_work = 400000000;       /* arcs followed */
static const size_t most_bits = (size_t)1 << 31;

/* ---- asking a set ---- */

static bool bit_get(const uint64_t *bit, uint64_t i)
{
	return bit[i / 64] >> (i % 64) & 1;
}

static void bit_set(uint64_t *bit, uint64_t i)
{
	bit[i / 64] |= (uint64_t)1 << (i % 64);
}

bool lengths_has(const struct lengths *s, uint64_t length)
{
	if (length > s->max)
		return false;
	if (s->all || length < s->n)
		return s->all || bit_get(s->bit, length);
	return s->period && bit_get(s->bit, s->n - s->period + (length - s->n) % s->period);
}

uint64_t lengths_next(const struct lengths *s, uint64_t lo, uint64_t hi)
{
	uint64_t end;

	if (hi > s->max)
		hi = s->max;
	if (s->all)
		return lo <= hi ? lo : UINT64_MAX;
	end = (lo > s->n ? lo : s->n) + s->period;
	for (uint64_t i = lo; i <= hi && i < end; i++)
		if (lengths_has(s, i))
			return i;
	return UINT64_MAX;
}

bool lengths_meet(const struct var *v, const struct lengths *s, uint64_t lo, uint64_t hi)
{
	return lengths_next(s, lo, hi) != UINT64_MAX || (v->endless && s->more && hi >= v->max);
}

/* ---- walking ---- */

struct step {
	uint32_t to;
	uint8_t width;
};

struct walk {
	struct arena *a;
	uint32_t n;                      /* states */
	uint32_t *first, *class;
	struct step *step;
	size_t words;                    /* of a set of states */
	uint64_t *set[WIDEST + 1];       /* of the last lengths, by length */
	uint64_t *saved[WIDEST];
	uint64_t *row;                   /* classes of each length */
	size_t row_words, nrows, cap_rows;
	uint64_t work;
};

static int number_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

static uint32_t class_of(const struct class_lengths *c, uint32_t out)
{
	const uint32_t *at = c->n ? bsearch(&out, c->out, c->n, sizeof out, number_order) : NULL;

	return at ? (uint32_t)(at - c->out) : NONE;
}

/* Widths that scalars of lo..hi have. */
static unsigned widths(uint32_t lo, uint32_t hi, bool octets)
{
	static const uint32_t last[WIDEST] = { 0x7F, 0x7FF, 0xFFFF, LAST_SCALAR };
	unsigned mask = 0;

	if (octets)
		return 1;
	for (unsigned w = 0; w < WIDEST; w++)
		if (hi > (w ? last[w - 1] : 0) && lo <= last[w])
			mask |= 1u << w;
	return mask;
}

/* The states from `start` on, their steps, and the classes that there are. */
static void walk_begin(struct walk *w, uint32_t start, bool octets, struct class_lengths *c)
{
	struct graph *g = graph_begin();
	size_t nsteps = 0, cap = 0;

	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct state *s = state_at(g->a[i]);

		for (uint32_t j = s->first; j < s->first + s->n; j++)
			if (store.arc[j].to != DEAD)
				graph_state(g, store.arc[j].to, 0);
	}
	w->n = g->n;
	w->first = ARENA_ARRAY(w->a, uint32_t, g->n + 1u);
	w->class = ARENA_ARRAY(w->a, uint32_t, g->n);
	c->out = ARENA_ARRAY(w->a, uint32_t, g->n);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct state *s = state_at(g->a[i]);
		uint32_t lo = 1;

		if (s->out != DD_IMPOSSIBLE)
			c->out[c->n++] = s->out;
		w->first[i] = (uint32_t)nsteps;
		for (uint32_t j = s->first; j < s->first + s->n; j++) {
			unsigned mask = widths(lo, store.arc[j].hi, octets);

			lo = store.arc[j].hi + 1;
			for (unsigned k = 0; k < WIDEST && store.arc[j].to != DEAD; k++) {
				struct step t = { graph_state(g, store.arc[j].to, 0) & ~GRAPH_NEW, (uint8_t)(k + 1) };
				if (mask >> k & 1)
					ARENA_PUSH(w->a, w->step, nsteps, cap, t);
			}
		}
	}
	w->first[g->n] = (uint32_t)nsteps;
	qsort(c->out, c->n, sizeof *c->out, number_order);
	w->row_words = 0;
	for (size_t i = 0; i < c->n; i++)
		if (!w->row_words || c->out[w->row_words - 1] != c->out[i])
			c->out[w->row_words++] = c->out[i];
	c->n = w->row_words;
	w->row_words = (c->n + 63) / 64;
	for (uint32_t i = 0; i < g->n; i++)
		w->class[i] = class_of(c, store.state[g->a[i]].out);
	graph_end(g);
}

/* The set of the next length, and its classes. */
static void walk_step(struct walk *w, uint32_t length)
{
	uint64_t *next = w->set[length % (WIDEST + 1)], *row;

	if ((w->nrows + 1) * w->row_words * 64 > most_bits)
		store_stop("memory");
	w->row = arena_grow(w->a, w->row, (w->nrows + 1) * w->row_words, &w->cap_rows, sizeof *w->row);
	row = w->row + w->nrows++ * w->row_words;
	memset(row, 0, w->row_words * sizeof *row);
	if (length)
		memset(next, 0, w->words * sizeof *next);
	for (unsigned back = 1; back <= WIDEST && back <= length; back++) {
		const uint64_t *set = w->set[(length - back) % (WIDEST + 1)];

		for (size_t k = 0; k < w->words; k++)
			for (uint64_t bits = set[k]; bits; bits &= bits - 1) {
				uint32_t q = (uint32_t)(k * 64) + (uint32_t)__builtin_ctzll(bits);

				w->work += w->first[q + 1] - w->first[q];
				for (uint32_t j = w->first[q]; j < w->first[q + 1]; j++)
					if (w->step[j].width == back)
						bit_set(next, w->step[j].to);
			}
	}
	for (size_t k = 0; k < w->words; k++)
		for (uint64_t bits = next[k]; bits; bits &= bits - 1) {
			uint32_t q = (uint32_t)(k * 64) + (uint32_t)__builtin_ctzll(bits);

			if (w->class[q] != NONE)
				bit_set(row, w->class[q]);
		}
	w->work += w->words;
	if (w->work > most_work)
		store_stop("states");
}

static void walk_save(struct walk *w, uint32_t length)
{
	for (unsigned k = 0; k < WIDEST; k++)
		memcpy(w->saved[k], w->set[(length + WIDEST + 1 - k) % (WIDEST + 1)], w->words * sizeof **w->saved);
}

static bool walk_again(const struct walk *w, uint32_t length)
{
	for (unsigned k = 0; k < WIDEST; k++)
		if (memcmp(w->saved[k], w->set[(length + WIDEST + 1 - k) % (WIDEST + 1)], w->words * sizeof **w->saved) != 0)
			return false;
	return true;
}

static void walk_rooms(struct walk *w)
{
	w->words = (w->n + 63u) / 64;
	for (unsigned k = 0; k <= WIDEST; k++)
		w->set[k] = ARENA_ARRAY(w->a, uint64_t, w->words);
	for (unsigned k = 0; k < WIDEST; k++)
		w->saved[k] = ARENA_ARRAY(w->a, uint64_t, w->words);
	bit_set(w->set[0], 0);
}

/* Classes that something longer than max is in: what leads beyond it, and whatever comes after. */
static void walk_on(struct walk *w, uint32_t max, struct class_lengths *out)
{
	uint32_t *queue = ARENA_ARRAY(w->a, uint32_t, w->n), n = 0;
	uint8_t *seen = ARENA_ARRAY(w->a, uint8_t, w->n);

	for (unsigned back = 0; back < WIDEST && back <= max; back++)
		for (uint32_t q = 0; q < w->n; q++)
			for (uint32_t j = w->first[q]; j < w->first[q + 1]; j++)
				if (w->step[j].width > back && !seen[w->step[j].to] &&
				    bit_get(w->set[(max - back) % (WIDEST + 1)], q)) {
					seen[w->step[j].to] = 1;
					queue[n++] = w->step[j].to;
				}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t q = queue[i];

		if (w->class[q] != NONE)
			out->set[w->class[q]].more = true;
		for (uint32_t j = w->first[q]; j < w->first[q + 1]; j++)
			if (!seen[w->step[j].to]) {
				seen[w->step[j].to] = 1;
				queue[n++] = w->step[j].to;
			}
	}
}

void class_lengths(struct arena *a, uint32_t start, uint32_t max, bool octets, struct class_lengths *out)
{
	struct walk w = { .a = a };
	uint32_t length = 0, saved = 0, period = 0, until = 1;

	*out = (struct class_lengths){ 0 };
	walk_begin(&w, start, octets, out);
	walk_rooms(&w);
	walk_step(&w, 0);
	walk_save(&w, 0);
	while (length < max) {
		walk_step(&w, ++length);
		if (walk_again(&w, length)) {
			period = length - saved;
			break;
		}
		if (length == until) {
			walk_save(&w, length);
			saved = length;
			until *= 2;
		}
	}
	out->set = ARENA_ARRAY(a, struct lengths, out->n);
	for (size_t c = 0; c < out->n; c++) {
		struct lengths *s = &out->set[c];

		s->n = length + 1;
		s->period = period;
		s->max = max;
		s->bit = ARENA_ARRAY(a, uint64_t, s->n / 64 + 1);
		for (uint32_t i = 0; i < s->n; i++)
			if (bit_get(w.row + i * w.row_words, c)) {
				bit_set(s->bit, i);
				/* What repeats comes again beyond max. */
				s->more |= i >= s->n - period;
			}
	}
	if (!period)
		walk_on(&w, max, out);
}

/* ---- one text of a length ---- */

/* Sets of the lengths up to the one asked for, or until they repeat. */
struct sets {
	struct walk w;
	uint64_t *all;                   /* of each length */
	size_t cap;
	uint32_t n, period;
};

static const uint64_t *set_at(const struct sets *s, uint64_t length)
{
	if (length >= s->n)
		length = s->n - s->period + (length - s->n) % s->period;
	return s->all + length * s->w.words;
}

static void set_keep(struct sets *s, uint32_t length)
{
	if ((length + (uint64_t)1) * s->w.words * 64 > most_bits)
		store_stop("memory");
	s->all = arena_grow(s->w.a, s->all, (length + (size_t)1) * s->w.words, &s->cap, sizeof *s->all);
	memcpy(s->all + length * s->w.words, s->w.set[length % (WIDEST + 1)], s->w.words * sizeof *s->all);
	s->n = length + 1;
}

/* A way into a state: from another one, by a letter of so many bytes. */
struct pred {
	uint32_t from, next;
	uint8_t width;
	uint32_t letter;
};

static struct pred *preds_find(const struct walk *w, uint32_t start, bool octets, uint32_t *head)
{
	struct graph *g = graph_begin();
	struct pred *pred = NULL;
	size_t n = 0, cap = 0;

	memset(head, 0xFF, w->n * sizeof *head);
	graph_state(g, start, 0);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct state *s = state_at(g->a[i]);
		uint32_t lo = 1;

		for (uint32_t j = s->first; j < s->first + s->n; j++) {
			struct arc a = store.arc[j];
			unsigned mask = widths(lo, a.hi, octets);
			uint32_t to;

			for (unsigned k = 0; k < WIDEST && a.to != DEAD; k++) {
				if (!(mask >> k & 1))
					continue;
				to = graph_state(g, a.to, 0) & ~GRAPH_NEW;
				ARENA_PUSH(w->a, pred, n, cap, ((struct pred){ i, head[to], (uint8_t)(k + 1),
				           octets ? lo : letter_choose(lo, a.hi, k + 1) }));
				head[to] = (uint32_t)n - 1;
			}
			lo = a.hi + 1;
		}
	}
	graph_end(g);
	return pred;
}

/* Backwards from a state that the length reaches: some state before it is always there. */
static void text_write(const struct sets *s, uint32_t at, uint64_t length, const struct pred *pred,
                       const uint32_t *head, bool octets, char *out)
{
	while (length) {
		uint32_t best = NONE, i;
		char utf8[4];

		for (i = head[at]; i != NONE; i = pred[i].next) {
			const struct pred *p = &pred[i];

			if (p->width > length || !bit_get(set_at(s, length - p->width), p->from))
				continue;
			/* Letters that repeat read best. */
			if (best == NONE || p->width < pred[best].width || (p->width == pred[best].width && p->from == at))
				best = i;
		}
		length -= pred[best].width;
		if (octets)
			out[length] = (char)(pred[best].letter - 1);
		else
			memcpy(out + length, utf8, krux_utf8_put(pred[best].letter, utf8));
		at = pred[best].from;
	}
}

struct krux_str text_of_length(struct arena *a, uint32_t start, uint64_t length, bool octets)
{
	struct class_lengths c = { 0 };
	struct sets s = { .w.a = scratch_open() };
	uint32_t n = 0, saved = 0, until = 1, *head;
	struct pred *pred;
	char *text = NULL;

	if (length > UINT32_MAX / 8) {
		scratch_close();
		return (struct krux_str){ 0 };
	}
	walk_begin(&s.w, start, octets, &c);
	walk_rooms(&s.w);
	walk_step(&s.w, 0);
	walk_save(&s.w, 0);
	set_keep(&s, 0);
	while (n < length && !s.period) {
		walk_step(&s.w, ++n);
		set_keep(&s, n);
		if (walk_again(&s.w, n))
			s.period = n - saved;
		if (n == until) {
			walk_save(&s.w, n);
			saved = n;
			until *= 2;
		}
	}
	head = ARENA_ARRAY(s.w.a, uint32_t, s.w.n);
	pred = preds_find(&s.w, start, octets, head);
	for (uint32_t q = 0; q < s.w.n && !text; q++)
		if (s.w.class[q] != NONE && c.out[s.w.class[q]] == DD_TRUE && bit_get(set_at(&s, length), q)) {
			text = arena_get(a, length + 1);
			text_write(&s, q, length, pred, head, octets, text);
		}
	scratch_close();
	return (struct krux_str){ text, text ? length : 0 };
}

/* ---- cutting sizes ---- */

const struct lengths *var_lengths(struct var *v)
{
	const struct domain *d;
	struct class_lengths c;
	struct lengths *s;

	if (v->lengths)
		return v->lengths;
	if (v->pub.kind == DD_LIST) {
		s = ARENA_NEW(v->m->arena, struct lengths);
		s->max = element_possible(v) ? v->max : 0;
		s->all = true;
		return v->lengths = s;
	}
	d = domain_of(v);
	class_lengths(v->m->arena, d->yes[0], v->max, d->octets, &c);
	if (c.n) {
		s = &c.set[0];
		s->all = s->period <= 1 && lengths_has(s, s->n);
		for (uint32_t i = 0; i < s->n && s->all; i++)
			s->all = bit_get(s->bit, i);
	} else {
		s = ARENA_NEW(v->m->arena, struct lengths);
		s->bit = ARENA_NEW(v->m->arena, uint64_t);
		s->n = 1;
	}
	return v->lengths = s;
}

uint32_t size_restrict(struct var *v, uint32_t node, const struct lengths *set)
{
	struct var *size = var_at(v->size);
	const struct dd_edge *edge;
	krux_u128 lo = size->pub.domain.lo;
	struct dd_edge *cut;
	size_t from = store.nedges;
	uint32_t n, out;

	if (is_terminal(node) || node_var(node) != size)
		return node;
	edge = node_at(node)->edge;
	n = node_at(node)->n;
	STORE_ROOM(store.edge, store.nedges + n, store.cap_edges);
	cut = store.edge + from;
	store.nedges += n;
	for (uint32_t i = 0; i < n; i++) {
		cut[i] = edge[i];
		if (!lengths_meet(v, set, (uint64_t)lo, (uint64_t)edge[i].hi))
			cut[i].to = DD_IMPOSSIBLE;
		lo = edge[i].hi + 1;
	}
	out = node_number(size, store.edge + from, n);
	store.nedges = from;
	return out;
}

uint32_t string_restrict(struct var *v, uint32_t start)
{
	struct class_lengths c;
	struct arena *a;
	uint32_t *to;
	bool same = true;

	var_lengths(v);
	a = scratch_open();
	class_lengths(a, start, v->max, v->octets, &c);
	to = ARENA_ARRAY(a, uint32_t, c.n + 1);
	for (size_t i = 0; i < c.n; i++) {
		to[i] = size_restrict(v, c.out[i], &c.set[i]);
		same &= to[i] == c.out[i];
	}
	if (!same)
		start = state_replace(start, c.out, to, c.n);
	scratch_close();
	return start;
}

/* ---- classes that nothing is in ---- */

struct reach {
	struct arena *a;
	struct graph *g;                 /* states; for hosts, each with the length of the label it is in */
	uint32_t *bytes, *queue;         /* the least bytes to each */
	size_t cap_bytes, cap_queue, nqueue;
	uint32_t max, seen;
};

static void reach_to(struct reach *r, uint32_t q, uint32_t label, uint32_t bytes)
{
	uint32_t i;

	if (bytes > r->max || label > MOST_LABEL || q == DEAD)
		return;
	i = graph_state(r->g, q, label) & ~GRAPH_NEW;
	if (i < r->seen && r->bytes[i] <= bytes)
		return;
	r->bytes = arena_grow(r->a, r->bytes, i, &r->cap_bytes, sizeof *r->bytes);
	r->bytes[i] = bytes;
	if (i == r->seen)
		r->seen++;
	ARENA_PUSH(r->a, r->queue, r->nqueue, r->cap_queue, i);
}

static void reach_all(struct reach *r, bool host, bool octets, uint32_t start)
{
	reach_to(r, start, 0, 0);
	for (size_t head = 0; head < r->nqueue; head++) {
		uint32_t i = r->queue[head], label = r->g->b[i], lo = 1;
		const struct state *s = state_at(r->g->a[i]);

		for (uint32_t j = s->first; j < s->first + s->n; j++) {
			struct arc a = store.arc[j];
			unsigned wide = (unsigned)__builtin_ctz(widths(lo, a.hi, octets)) + 1;

			if (!host)
				reach_to(r, a.to, 0, r->bytes[i] + wide);
			if (host && lo <= '.' && a.hi >= '.')
				reach_to(r, a.to, 0, r->bytes[i] + 1);
			if (host && !(lo == '.' && a.hi == '.'))
				reach_to(r, a.to, label + 1, r->bytes[i] + 1);
			lo = a.hi + 1;
		}
	}
}

/* Outputs of the graph's states from i on; sorted, unique, possible. */
static uint32_t *outs_find(struct arena *a, const struct graph *g, size_t *n)
{
	uint32_t *out = ARENA_ARRAY(a, uint32_t, g->n + 1u);
	size_t k = 0;

	*n = 0;
	for (uint32_t i = 0; i < g->n; i++)
		if (store.state[g->a[i]].out != DD_IMPOSSIBLE)
			out[(*n)++] = store.state[g->a[i]].out;
	qsort(out, *n, sizeof *out, number_order);
	for (size_t i = 0; i < *n; i++)
		if (!k || out[k - 1] != out[i])
			out[k++] = out[i];
	*n = k;
	return out;
}

uint32_t string_inhabit(struct var *v, uint32_t start)
{
	bool host = v->pub.subject.type->kind == KRUX_T_HOST;
	struct reach r = { .max = v->max };
	uint32_t *all, *some, *to;
	size_t nall, nsome, k = 0;

	if (v->endless || store.state[start].far <= (host && v->max > MOST_LABEL ? (uint32_t)MOST_LABEL : v->max))
		return start;
	r.a = scratch_open();
	r.g = graph_begin();
	reach_all(&r, host, v->octets, start);
	some = outs_find(r.a, r.g, &nsome);
	graph_end(r.g);
	r.g = graph_begin();
	graph_state(r.g, start, 0);
	for (uint32_t i = 0; i < r.g->n; i++) {
		const struct state *s = state_at(r.g->a[i]);

		for (uint32_t j = s->first; j < s->first + s->n; j++)
			graph_state(r.g, store.arc[j].to, 0);
	}
	all = outs_find(r.a, r.g, &nall);
	graph_end(r.g);
	for (size_t i = 0; i < nall; i++)
		if (!nsome || !bsearch(&all[i], some, nsome, sizeof *some, number_order))
			all[k++] = all[i];
	to = ARENA_ARRAY(r.a, uint32_t, k + 1);
	if (k)
		start = state_replace(start, all, to, k);
	scratch_close();
	return start;
}
