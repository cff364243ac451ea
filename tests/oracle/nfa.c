/* Regular expressions of LANG.md 5.4: parsed to a tree, the tree to a machine with splits, the
 * machine walked with sets of states. */
#include "tests/oracle/nfa.h"

#include <stdlib.h>
#include <string.h>

#define ANY_COUNT UINT32_MAX

struct tree {
	enum { X_EMPTY, X_SET, X_CAT, X_ALT, X_REPEAT } kind;
	struct tree *a, *b;
	uint32_t min, max;
	uint32_t *range;
	size_t nranges, cap;
	bool negated;
};

struct parser {
	struct arena *a;
	struct krux_str s;
	size_t at;
	bool bad;
};

static struct tree *make(struct parser *p, int kind, struct tree *a, struct tree *b)
{
	struct tree *t = ARENA_NEW(p->a, struct tree);

	t->kind = kind;
	t->a = a;
	t->b = b;
	return t;
}

static void add(struct parser *p, struct tree *t, uint32_t lo, uint32_t hi)
{
	ARENA_PUSH(p->a, t->range, t->nranges, t->cap, lo);
	ARENA_PUSH(p->a, t->range, t->nranges, t->cap, hi);
}

/* What stands behind a backslash; 0: it was a class and has been added. */
static uint32_t escape(struct parser *p, struct tree *t)
{
	char c = p->at < p->s.n ? p->s.p[p->at++] : 0;

	switch (c) {
	case 'n': return '\n';
	case 't': return '\t';
	case 'd':
		add(p, t, '0', '9');
		return 0;
	case 'w':
		add(p, t, 'A', 'Z'); add(p, t, 'a', 'z'); add(p, t, '0', '9'); add(p, t, '_', '_');
		return 0;
	case 's':
		add(p, t, '\t', '\r'); add(p, t, ' ', ' ');
		return 0;
	default:
		if (!c || !strchr(".[](){}|*+?\\^$-/\"", c))
			p->bad = true;
		return (uint32_t)(unsigned char)c;
	}
}

static struct tree *set(struct parser *p)
{
	struct tree *t = make(p, X_SET, NULL, NULL);

	p->at++;
	if (p->at < p->s.n && p->s.p[p->at] == '^') {
		t->negated = true;
		p->at++;
	}
	while (p->at < p->s.n && p->s.p[p->at] != ']') {
		uint32_t lo = o_scalar(p->s, &p->at), hi;
		if (lo == '\\') {
			lo = escape(p, t);
			if (!lo)
				continue;
		}
		hi = lo;
		if (p->at + 1 < p->s.n && p->s.p[p->at] == '-' && p->s.p[p->at + 1] != ']') {
			p->at++;
			hi = o_scalar(p->s, &p->at);
			if (hi == '\\')
				hi = escape(p, t);
		}
		add(p, t, lo, hi);
	}
	if (p->at++ >= p->s.n)
		p->bad = true;
	return t;
}

static struct tree *alternatives(struct parser *p);

static struct tree *one(struct parser *p)
{
	struct tree *t;
	uint32_t c;

	if (p->s.p[p->at] == '[')
		return set(p);
	if (p->s.p[p->at] == '(') {
		p->at++;
		t = alternatives(p);
		if (p->at >= p->s.n || p->s.p[p->at++] != ')')
			p->bad = true;
		return t;
	}
	t = make(p, X_SET, NULL, NULL);
	c = o_scalar(p->s, &p->at);
	if (c == '.') {
		t->negated = true;
	} else if (c == '\\') {
		c = escape(p, t);
		if (c)
			add(p, t, c, c);
	} else {
		if (c < 128 && strchr("*+?{}]^$", (int)c))
			p->bad = true;
		add(p, t, c, c);
	}
	return t;
}

static uint32_t count(struct parser *p)
{
	uint32_t n = 0;

	while (p->at < p->s.n && p->s.p[p->at] >= '0' && p->s.p[p->at] <= '9' && n < 1000)
		n = n * 10 + (uint32_t)(p->s.p[p->at++] - '0');
	return n;
}

static struct tree *repeated(struct parser *p)
{
	struct tree *t = one(p);

	while (p->at < p->s.n && strchr("*+?{", p->s.p[p->at])) {
		char c = p->s.p[p->at++];
		t = make(p, X_REPEAT, t, NULL);
		t->min = c == '+';
		t->max = c == '?' ? 1 : ANY_COUNT;
		if (c == '{') {
			t->min = t->max = count(p);
			if (p->at < p->s.n && p->s.p[p->at] == ',') {
				p->at++;
				t->max = p->at < p->s.n && p->s.p[p->at] == '}' ? ANY_COUNT : count(p);
			}
			if (p->at >= p->s.n || p->s.p[p->at++] != '}' || t->min > 256 || (t->max > 256 && t->max != ANY_COUNT))
				p->bad = true;
		}
	}
	return t;
}

static struct tree *alternatives(struct parser *p)
{
	struct tree *all = NULL;

	for (;;) {
		struct tree *t = make(p, X_EMPTY, NULL, NULL);
		while (!p->bad && p->at < p->s.n && p->s.p[p->at] != '|' && p->s.p[p->at] != ')')
			t = make(p, X_CAT, t, repeated(p));
		all = all ? make(p, X_ALT, all, t) : t;
		if (p->at >= p->s.n || p->s.p[p->at] != '|')
			return all;
		p->at++;
	}
}

static uint32_t node(struct arena *a, struct o_nfa *f, struct o_node n)
{
	ARENA_PUSH(a, f->node, f->n, f->cap, n);
	return (uint32_t)f->n - 1;
}

/* The machine for t that goes on to `next`. */
static uint32_t build(struct arena *a, struct o_nfa *f, const struct tree *t, uint32_t next)
{
	uint32_t loop;

	switch (t->kind) {
	case X_EMPTY:
		return next;
	case X_SET:
		return node(a, f, (struct o_node){ N_SET, next, 0, t->range, t->nranges / 2, t->negated });
	case X_CAT:
		return build(a, f, t->a, build(a, f, t->b, next));
	case X_ALT:
		loop = build(a, f, t->a, next);
		return node(a, f, (struct o_node){ .kind = N_SPLIT, .a = loop, .b = build(a, f, t->b, next) });
	default:
		break;
	}
	if (t->max == ANY_COUNT) {
		loop = node(a, f, (struct o_node){ .kind = N_SPLIT, .b = next });
		uint32_t body = build(a, f, t->a, loop);
		f->node[loop].a = body;
		next = loop;
	} else {
		uint32_t end = next;
		for (uint32_t i = t->min; i < t->max; i++)
			next = node(a, f, (struct o_node){ .kind = N_SPLIT, .a = build(a, f, t->a, next), .b = end });
	}
	for (uint32_t i = 0; i < t->min; i++)
		next = build(a, f, t->a, next);
	return next;
}

struct o_nfa *o_nfa_regex(struct arena *a, struct krux_str s)
{
	struct parser p = { .a = a, .s = s };
	struct tree *t = alternatives(&p);
	struct o_nfa *f = ARENA_NEW(a, struct o_nfa);

	if (p.bad || p.at < s.n)
		return NULL;
	f->start = build(a, f, t, node(a, f, (struct o_node){ .kind = N_END }));
	return f;
}

static bool accepts(const struct o_node *n, uint32_t c)
{
	bool in = false;

	for (size_t i = 0; i < n->nranges; i++)
		in = in || (c >= n->range[2 * i] && c <= n->range[2 * i + 1]);
	return in != n->negated;
}

struct work { const struct o_nfa *f; uint8_t *seen; uint32_t *stack, *out; size_t n, nout; };

static void reach(struct work *w, uint32_t from)
{
	w->n = 0;
	if (!w->seen[from]) {
		w->seen[from] = 1;
		w->stack[w->n++] = from;
	}
	while (w->n) {
		uint32_t at = w->stack[--w->n];
		const struct o_node *n = &w->f->node[at];
		if (n->kind != N_SPLIT) {
			w->out[w->nout++] = at;
			continue;
		}
		for (int side = 0; side < 2; side++) {
			uint32_t to = side ? n->b : n->a;
			if (!w->seen[to]) {
				w->seen[to] = 1;
				w->stack[w->n++] = to;
			}
		}
	}
}

static int by_number(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

static void finish(struct work *w, struct o_states *out)
{
	qsort(w->out, w->nout, sizeof *w->out, by_number);
	*out = (struct o_states){ w->out, w->nout, w->seen[0] };   /* node 0 is the end */
}

static struct work begin(struct arena *a, const struct o_nfa *f)
{
	return (struct work){ .f = f, .seen = arena_get(a, f->n), .stack = ARENA_ARRAY(a, uint32_t, f->n),
	                      .out = ARENA_ARRAY(a, uint32_t, f->n) };
}

void o_nfa_start(struct arena *a, const struct o_nfa *f, struct o_states *out)
{
	struct work w = begin(a, f);

	reach(&w, f->start);
	finish(&w, out);
}

void o_nfa_step(struct arena *a, const struct o_nfa *f, const struct o_states *from, uint32_t c, struct o_states *out)
{
	struct work w = begin(a, f);

	for (size_t i = 0; i < from->n; i++) {
		const struct o_node *n = &f->node[from->at[i]];
		if (n->kind == N_SET && accepts(n, c))
			reach(&w, n->a);
	}
	finish(&w, out);
}

bool o_nfa_match(const struct o_nfa *f, struct krux_str s)
{
	uint8_t *seen = malloc(f->n);
	uint32_t *room = malloc(3 * f->n * sizeof *room), *now = room, *then = room + f->n;
	struct work w = { .f = f, .seen = seen, .stack = room + 2 * f->n, .out = now };
	bool yes;

	memset(seen, 0, f->n);
	reach(&w, f->start);
	for (size_t at = 0; at < s.n && w.nout;) {
		uint32_t c = o_scalar(s, &at);
		size_t n = w.nout;
		memset(seen, 0, f->n);
		w.out = then;
		w.nout = 0;
		for (size_t i = 0; i < n; i++)
			if (f->node[now[i]].kind == N_SET && accepts(&f->node[now[i]], c))
				reach(&w, f->node[now[i]].a);
		then = now;
		now = w.out;
	}
	yes = w.nout && seen[0];
	free(seen);
	free(room);
	return yes;
}

struct krux_str o_nfa_sample(struct arena *a, const struct o_nfa *f, uint64_t (*rand)(void *), void *ctx)
{
	static const uint32_t likely[] = { 'a', 'b', '/', '.', '0', 'x', 0xE9, '-', '\n', 0x1F600, 'Z', ' ' };
	char *p = arena_get(a, 4100);
	size_t n = 0;

	for (uint32_t at = f->start; f->node[at].kind != N_END && n < 4000;) {
		const struct o_node *d = &f->node[at];
		uint32_t c = 'a';
		if (d->kind == N_SPLIT) {
			at = rand(ctx) % 2 ? d->a : d->b;
			continue;
		}
		for (int tries = 0; tries < 40; tries++) {
			c = likely[rand(ctx) % (sizeof likely / sizeof *likely)];
			if (!d->negated && d->nranges) {
				size_t k = rand(ctx) % d->nranges;
				c = d->range[2 * k] + (uint32_t)(rand(ctx) % (d->range[2 * k + 1] - d->range[2 * k] + 1));
				if (rand(ctx) % 3 == 0)
					c = d->range[2 * k + rand(ctx) % 2];
			}
			if (accepts(d, c))
				break;
		}
		if (c < 0x80) {
			p[n++] = (char)c;
		} else if (c < 0x800) {
			p[n++] = (char)(0xC0 | c >> 6);
			p[n++] = (char)(0x80 | (c & 63));
		} else if (c < 0x10000) {
			p[n++] = (char)(0xE0 | c >> 12);
			p[n++] = (char)(0x80 | (c >> 6 & 63));
			p[n++] = (char)(0x80 | (c & 63));
		} else {
			p[n++] = (char)(0xF0 | c >> 18);
			p[n++] = (char)(0x80 | (c >> 12 & 63));
			p[n++] = (char)(0x80 | (c >> 6 & 63));
			p[n++] = (char)(0x80 | (c & 63));
		}
		at = d->a;
	}
	return (struct krux_str){ p, n };
}
