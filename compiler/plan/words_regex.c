/* An automaton as a regular expression: Brzozowski and McCluskey's elimination of states, the
 * cheapest state first. Exact for any language; used where nothing that reads better fits. */
#include "compiler/plan/words.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/base/buf.h"
#include "compiler/model/pattern.h"

/* Edges of the generalised automaton: text[from * n + to], p NULL where there is none. State
 * 0 is a new start, 1 a new end, 2.. the automaton's own. */
struct grid {
	struct arena *arena;
	struct edge { struct krux_str text; bool alternatives; } *edge;
	size_t n;
	bool *gone;
};

static struct edge *edge_at(struct grid *g, size_t from, size_t to)
{
	return &g->edge[from * g->n + to];
}

/* ---- letters ---- */

static void scalar_put(struct buf *b, uint32_t c, bool in_class)
{
	char utf8[4];

	if (c == '\n') {
		buf_puts(b, "\\n");
		return;
	}
	if (c == '\t') {
		buf_puts(b, "\\t");
		return;
	}
	if (c < 0x80 && c > 0 && strchr(in_class ? "]\\^-[" : ".[](){}|*+?\\^$", (int)c))
		buf_putc(b, '\\');
	buf_put(b, utf8, krux_utf8_put(c, utf8));
}

enum { LAST = 0x10FFFF };

/* All ranges of state s that go to `to`, as one character class. */
static struct krux_str letters(struct arena *a, const struct dd_automaton *fa, const struct dd_state *s,
                               uint32_t to)
{
	struct buf in = { 0 }, out = { 0 };
	const struct dd_range *r = fa->range + s->first;
	size_t nin = 0, nout = 0;
	uint32_t single = 0;
	struct krux_str text;

	for (uint32_t i = 0; i < s->n; i++) {
		struct buf *b = r[i].to == to ? &in : &out;

		nin += r[i].to == to;
		nout += r[i].to != to;
		scalar_put(b, r[i].lo, true);
		single = r[i].to == to ? r[i].lo : single;
		if (r[i].hi > r[i].lo) {
			if (r[i].hi > r[i].lo + 1)
				buf_putc(b, '-');
			scalar_put(b, r[i].hi, true);
			single = r[i].to == to ? 0 : single;
		}
	}
	/* A class that holds the last scalar is shorter, and clearer, by what it leaves out. */
	if (nin && !nout)
		text = KRUX_STR(".");
	else if (nin && r[s->n - 1].to == to)
		text = arena_printf(a, "[^%.*s]", (int)out.n, out.p);
	else if (nin == 1 && single) {
		struct buf b = { 0 };

		scalar_put(&b, single, false);
		text = arena_str(a, (struct krux_str){ b.p, b.n });
		buf_free(&b);
	} else
		text = nin ? arena_printf(a, "[%.*s]", (int)in.n, in.p) : (struct krux_str){ 0 };
	buf_free(&in);
	buf_free(&out);
	return text;
}

/* ---- joining ---- */

static void edge_or(struct grid *g, struct edge *e, struct krux_str text, bool alternatives)
{
	if (!e->text.p) {
		*e = (struct edge){ text, alternatives };
		return;
	}
	if (krux_str_eq(e->text, text))
		return;
	e->text = arena_printf(g->arena, "%.*s|%.*s", STR_ARG(e->text), STR_ARG(text));
	e->alternatives = true;
}

/* One scalar, one escape or one class: what a star can follow without parentheses. */
static bool is_atom(struct krux_str s)
{
	if (!s.n)
		return false;
	if (s.p[0] == '[')
		return s.p[s.n - 1] == ']' && !memchr(s.p + 1, '[', s.n - 1) && memchr(s.p, ']', s.n) == s.p + s.n - 1;
	if (s.p[0] == '\\')
		return s.n == 2;
	for (size_t i = 1; i < s.n; i++)
		if (((unsigned char)s.p[i] & 0xC0) != 0x80)
			return false;
	return true;
}

static struct krux_str star(struct arena *a, const struct edge *loop)
{
	if (!loop->text.p || !loop->text.n)
		return KRUX_STR("");
	if (is_atom(loop->text))
		return arena_printf(a, "%.*s*", STR_ARG(loop->text));
	return arena_printf(a, "(%.*s)*", STR_ARG(loop->text));
}

static struct krux_str grouped(struct arena *a, const struct edge *e)
{
	return e->alternatives ? arena_printf(a, "(%.*s)", STR_ARG(e->text)) : e->text;
}

static void eliminate(struct grid *g, size_t s)
{
	struct krux_str loop = star(g->arena, edge_at(g, s, s));

	for (size_t i = 0; i < g->n; i++) {
		struct edge *in = edge_at(g, i, s);

		if (i == s || g->gone[i] || !in->text.p)
			continue;
		for (size_t k = 0; k < g->n; k++) {
			struct edge *out = edge_at(g, s, k);
			struct krux_str x, y;

			if (k == s || g->gone[k] || !out->text.p)
				continue;
			x = grouped(g->arena, in);
			y = grouped(g->arena, out);
			edge_or(g, edge_at(g, i, k),
			        arena_printf(g->arena, "%.*s%.*s%.*s", STR_ARG(x), STR_ARG(loop), STR_ARG(y)), false);
		}
	}
	g->gone[s] = true;
}

/* What eliminating s would write: the usual measure (Delgado and Morais). */
static size_t weight(struct grid *g, size_t s)
{
	size_t in = 0, out = 0, nin = 0, nout = 0, loop = edge_at(g, s, s)->text.n;

	for (size_t i = 0; i < g->n; i++) {
		if (i == s || g->gone[i])
			continue;
		if (edge_at(g, i, s)->text.p) {
			nin++;
			in += edge_at(g, i, s)->text.n;
		}
		if (edge_at(g, s, i)->text.p) {
			nout++;
			out += edge_at(g, s, i)->text.n;
		}
	}
	return in * nout + out * nin + loop * nin * nout;
}

struct krux_str words_regex(struct arena *a, const struct dd_automaton *fa)
{
	struct grid g = { .arena = a, .n = fa->nstates + 2 };
	struct krux_str none = KRUX_STR(""), whole;
	const char *why;
	size_t at;

	/* The grid is square: beyond this nobody would read the expression anyway. */
	if (fa->nstates > 600)
		return (struct krux_str){ 0 };
	g.edge = ARENA_ARRAY(a, struct edge, g.n * g.n);
	g.gone = ARENA_ARRAY(a, bool, g.n);
	edge_or(&g, edge_at(&g, 0, 2), none, false);
	for (uint32_t s = 0; s < fa->nstates; s++) {
		const struct dd_state *st = &fa->state[s];

		if (st->out == DD_TRUE)
			edge_or(&g, edge_at(&g, s + 2, 1), none, false);
		for (uint32_t i = 0; i < st->n; i++) {
			struct edge *e = edge_at(&g, s + 2, fa->range[st->first + i].to + 2);

			if (!e->text.p)
				*e = (struct edge){ letters(a, fa, st, fa->range[st->first + i].to), false };
		}
	}
	for (size_t left = fa->nstates; left; left--) {
		size_t best = 0, least = SIZE_MAX;

		for (size_t s = 2; s < g.n; s++) {
			size_t w = g.gone[s] ? SIZE_MAX : weight(&g, s);

			if (w < least) {
				least = w;
				best = s;
			}
		}
		if (least > 1 << 17)
			return (struct krux_str){ 0 };
		eliminate(&g, best);
	}
	whole = edge_at(&g, 0, 1)->text;
	if (!whole.p)
		return KRUX_STR("[^\\w\\W]");
	/* What nobody could write in a condition says nothing: nested too deep, too long. */
	return whole.n <= KRUX_MAX_LITERAL_BYTES && regex_parse(a, whole, &why, &at) ? whole : (struct krux_str){ 0 };
}
