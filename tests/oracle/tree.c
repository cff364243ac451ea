/* Everything below a path, as far as a build can tell one path from another.
 *
 * All tests of paths that the rules of one capability make are put side by side as machines and
 * walked together, scalar by scalar, from the root of the tree on; each combination of states that
 * is reached at the end of a path stands for all paths that reach it. Of those that agree in all
 * tests, and in what can be found below them, one is kept. */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/nfa.h"

enum { MOST_STATES = 3000, MOST_TESTS = 120 };

struct state {
	struct o_states *at;         /* by test */
	unsigned inside;             /* 0 after '/', 1 after ".", 2 after "..", 3 in a component, 4 nowhere */
	uint64_t length;             /* as far as sizes matter */
	uint32_t *next;              /* by letter; UINT32_MAX: not known yet */
	uint64_t truth[2];           /* which tests hold here, when this is the end of a path */
	struct o_paths *below;       /* of what follows, relative; NULL: not known yet */
};

struct machine {
	struct arena *a;
	const struct o_cap *cap;
	struct o_nfa *test[MOST_TESTS];
	size_t ntests;
	uint32_t *letter;
	size_t nletters, cap_letters;
	uint64_t longest;            /* 0: sizes do not matter */
	struct state *state;
	size_t n, room;
	uint32_t hash[16384];
	bool overflow;
};

static struct machine *machines[64];
static size_t nmachines;
static const struct o_build *of_build;

static void letter(struct machine *m, uint32_t c)
{
	size_t i = 0;

	if (!c || c > 0x10FFFF)
		return;
	if (c >= 0xD800 && c < 0xE000)
		c = 0xE000;
	while (i < m->nletters && m->letter[i] < c)
		i++;
	if (i < m->nletters && m->letter[i] == c)
		return;
	ARENA_PUSH(m->a, m->letter, m->nletters, m->cap_letters, 0);
	memmove(m->letter + i + 1, m->letter + i, (m->nletters - 1 - i) * sizeof *m->letter);
	m->letter[i] = c;
}

static void test_add(struct machine *m, struct o_nfa *f)
{
	if (m->ntests == MOST_TESTS || !f) {
		m->overflow = true;
		return;
	}
	m->test[m->ntests++] = f;
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < f->node[i].nranges; k++) {
			letter(m, f->node[i].range[2 * k]);
			letter(m, f->node[i].range[2 * k + 1] + 1);
		}
}

struct regex { char p[20000]; size_t n; };

static void put(struct regex *r, const char *s)
{
	while (*s && r->n < sizeof r->p)
		r->p[r->n++] = *s++;
}

static void put_plain(struct regex *r, struct krux_str s)
{
	for (size_t i = 0; i < s.n && r->n + 2 < sizeof r->p; i++) {
		if (strchr(".[](){}|*+?\\^$-/\"", s.p[i]))
			r->p[r->n++] = '\\';
		r->p[r->n++] = s.p[i];
	}
}

static void put_glob(struct regex *r, struct krux_str g)
{
	bool all = true;

	for (size_t i = g.p[0] == '/'; i < g.n;) {
		size_t from = i;
		struct krux_str part;
		while (i < g.n && g.p[i] != '/')
			i++;
		part = (struct krux_str){ g.p + from, i++ - from };
		if (o_is(part, "**")) {
			put(r, "(\\/[^/]+)*");
			continue;
		}
		all = false;
		put(r, "\\/");
		for (size_t k = 0; k < part.n; k++) {
			if (part.p[k] == '*')
				put(r, "[^/]*");
			else if (part.p[k] == '?')
				put(r, "[^/]");
			else
				put_plain(r, (struct krux_str){ part.p + k, 1 });
		}
	}
	if (all)
		put(r, "|\\/");
}

static void atom(struct machine *m, const struct o_bound *b, const struct o_const *c)
{
	struct regex *r = arena_get(m->a, sizeof *r);

	switch (b->op) {
	case W_LIKE:
		test_add(m, c->nfa);
		return;
	case W_MATCHES: put_glob(r, c->val.s); break;
	case W_UNDER:
		if (c->val.s.n > 1)
			put_plain(r, c->val.s);
		put(r, c->val.s.n > 1 ? "(\\/.*)?" : "\\/.*");
		break;
	case W_STARTS: put_plain(r, c->val.s); put(r, ".*"); break;
	case W_ENDS: put(r, ".*"); put_plain(r, c->val.s); break;
	case W_CONTAINS:
		if (b->place.type->kind == O_PATH)
			put(r, ".*");
		put_plain(r, c->val.s);
		if (b->place.type->kind == O_PATH)
			put(r, ".*");
		break;
	default: put_plain(r, c->val.s); break;
	}
	test_add(m, o_nfa_regex(m->a, (struct krux_str){ r->p, r->n }));
}

static void collect(struct machine *m, const struct o_bound *b)
{
	const struct o_type *t = b->place.type;

	if (b->a)
		collect(m, b->a);
	if (b->b)
		collect(m, b->b);
	if (b->kind != C_TEST)
		return;
	if (t->kind == O_LIST && b->op == W_CONTAINS)
		t = t->elem;
	if (t->kind != O_PATH)
		return;
	for (size_t i = 0; i < b->ncons; i++) {
		if (!b->place.size)
			atom(m, b, &b->con[i]);
		else if (b->con[i].hi > 100)
			m->overflow = true;
		else if ((uint64_t)b->con[i].hi + 2 > m->longest)
			m->longest = (uint64_t)b->con[i].hi + 2;
	}
}

static bool same(const struct machine *m, const struct state *x, const struct state *y)
{
	if (x->inside != y->inside || x->length != y->length)
		return false;
	for (size_t i = 0; i < m->ntests; i++)
		if (x->at[i].n != y->at[i].n || memcmp(x->at[i].at, y->at[i].at, x->at[i].n * sizeof *x->at[i].at))
			return false;
	return true;
}

static uint32_t intern(struct machine *m, struct state *s)
{
	uint64_t h = s->inside * 31 + s->length * 1000003;
	uint32_t slot;

	for (size_t i = 0; i < m->ntests; i++)
		for (size_t k = 0; k < s->at[i].n; k++)
			h = (h ^ (s->at[i].at[k] + i * 977)) * 0x9E3779B97F4A7C15u;
	for (slot = (uint32_t)(h >> 40) % 16384; m->hash[slot]; slot = (slot + 1) % 16384)
		if (same(m, &m->state[m->hash[slot] - 1], s))
			return m->hash[slot] - 1;
	if (m->n == MOST_STATES) {
		m->overflow = true;
		return 0;
	}
	s->next = ARENA_ARRAY(m->a, uint32_t, m->nletters);
	memset(s->next, 0xFF, m->nletters * sizeof *s->next);
	for (size_t i = 0; i < m->ntests; i++)
		s->truth[i / 64] |= (uint64_t)s->at[i].accepts << i % 64;
	ARENA_PUSH(m->a, m->state, m->n, m->room, *s);
	m->hash[slot] = (uint32_t)m->n;
	return (uint32_t)m->n - 1;
}

static unsigned width(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

static uint32_t step(struct machine *m, uint32_t from, uint32_t c)
{
	const struct state *f = &m->state[from];
	struct state s = { .at = ARENA_ARRAY(m->a, struct o_states, m->ntests) };

	for (size_t i = 0; i < m->ntests; i++)
		o_nfa_step(m->a, m->test[i], &f->at[i], c, &s.at[i]);
	if (c == '/')
		s.inside = f->inside == 3 ? 0 : 4;
	else if (c == '.')
		s.inside = f->inside < 2 ? f->inside + 1 : f->inside == 2 ? 3 : f->inside;
	else
		s.inside = f->inside == 4 ? 4 : 3;
	if (m->longest) {
		s.length = f->length + width(c);
		if (s.length > m->longest)
			s.length = m->longest;
	}
	return intern(m, &s);
}

/* By the k-th letter. */
static uint32_t follow(struct machine *m, uint32_t from, size_t k)
{
	uint32_t to = m->state[from].next[k];

	if (to == UINT32_MAX) {
		to = step(m, from, m->letter[k]);
		m->state[from].next[k] = to;
	}
	return to;
}

/* By the letter that stands for c. */
static uint32_t advance(struct machine *m, uint32_t from, uint32_t c)
{
	size_t k = m->nletters - 1;

	while (m->letter[k] > c)
		k--;
	return follow(m, from, k);
}

static struct machine *machine(const struct o_build *b, const struct o_cap *cap)
{
	struct machine *m;

	if (of_build != b)
		o_tree_forget();
	of_build = b;
	for (size_t i = 0; i < nmachines; i++)
		if (machines[i]->cap == cap)
			return machines[i];
	m = calloc(1, sizeof *m);
	m->a = arena_new();
	m->cap = cap;
	if (nmachines < 64)
		machines[nmachines++] = m;
	for (size_t p = 0; p < b->npolicies; p++)
		for (size_t r = 0; r < b->policy[p].nrules; r++)
			if (b->policy[p].rule[r].bound[cap - b->caps.cap])
				collect(m, b->policy[p].rule[r].bound[cap - b->caps.cap]);
	letter(m, 1);
	letter(m, '.');
	letter(m, '.' + 1);
	letter(m, '/');
	letter(m, '/' + 1);
	letter(m, 0x80);
	letter(m, 0x800);
	letter(m, 0x10000);
	struct state start = { .at = ARENA_ARRAY(m->a, struct o_states, m->ntests), .inside = 3 };
	for (size_t i = 0; i < m->ntests; i++)
		o_nfa_start(m->a, m->test[i], &start.at[i]);
	intern(m, &start);
	return m;
}

void o_tree_forget(void)
{
	for (size_t i = 0; i < nmachines; i++) {
		arena_free(machines[i]->a);
		free(machines[i]);
	}
	nmachines = 0;
	of_build = NULL;
}

/* Breadth first from a state: those reached, how, and the bytes of it. */
struct visit { uint32_t state, from; uint32_t c; };

static size_t explore(struct machine *m, uint32_t start, struct visit *seen, uint8_t *mark)
{
	size_t n = 1;

	seen[0] = (struct visit){ start, 0, 0 };
	mark[start] = 1;
	for (size_t i = 0; i < n && !m->overflow; i++)
		for (size_t k = 0; k < m->nletters && !m->overflow; k++) {
			uint32_t to = follow(m, seen[i].state, k);
			if (m->overflow || mark[to] || m->state[to].inside == 4)
				continue;
			mark[to] = 1;
			seen[n++] = (struct visit){ to, (uint32_t)i, m->letter[k] };
		}
	return n;
}

static struct krux_str spell(struct arena *a, const struct visit *seen, size_t at)
{
	uint32_t c[512];
	size_t n = 0, len = 0;
	char *p;

	for (; at && n < 512; at = seen[at].from)
		c[n++] = seen[at].c;
	p = arena_get(a, n * 4 + 1);
	while (n--) {
		uint32_t v = c[n];
		if (v < 0x80) {
			p[len++] = (char)v;
			continue;
		}
		unsigned w = width(v);
		p[len++] = (char)((0xF00 >> w & 0xFF) | v >> 6 * (w - 1));
		for (unsigned k = w - 1; k--;)
			p[len++] = (char)(0x80 | (v >> 6 * k & 63));
	}
	return (struct krux_str){ p, len };
}

static uint64_t truth_key(const struct state *s)
{
	return s->truth[0] ^ s->truth[1] * 0xD6E8FEB86659FD93u;
}

/* What can be seen below a state that ends a path: a number for each distinct set. */
static uint64_t view(struct machine *m, uint32_t at, struct visit *seen, uint8_t *mark)
{
	uint64_t h = 0;
	uint32_t from = advance(m, at, '/');
	size_t n;
	uint64_t *truths = calloc(MOST_STATES, sizeof *truths);
	size_t nt = 0;

	memset(mark, 0, MOST_STATES);
	n = m->overflow ? 0 : explore(m, from, seen, mark);
	for (size_t i = 0; i < n; i++) {
		const struct state *s = &m->state[seen[i].state];
		uint64_t key = (truth_key(s) * 131 + s->length) * 0x9E3779B97F4A7C15u;
		size_t k = 0;
		if (s->inside < 2 || (s->inside == 2))
			continue;
		while (k < nt && truths[k] != key)
			k++;
		if (k == nt) {
			truths[nt++] = key;
			h += key * (key >> 17 | 1);
		}
	}
	free(truths);
	return h ^ (truth_key(&m->state[at]) + m->state[at].length * 7919) * 0xC2B2AE3D27D4EB4Fu;
}

static struct o_paths *below(struct machine *m, uint32_t at, bool root)
{
	struct o_paths *out = ARENA_NEW(m->a, struct o_paths);
	struct visit *seen = calloc(2 * MOST_STATES, sizeof *seen);
	uint8_t *mark = calloc(2, MOST_STATES);
	uint64_t *known = calloc(MOST_STATES, sizeof *known);
	uint32_t from = root ? at : advance(m, at, '/');
	size_t n = m->overflow ? 0 : explore(m, from, seen, mark), cap = 0, nknown = 0;
	struct krux_str none = { "", 0 };

	ARENA_PUSH(m->a, out->path, out->n, cap, none);
	for (size_t i = 0; i < n && !m->overflow; i++) {
		uint64_t key;
		struct krux_str s;
		size_t k = 0;
		if (m->state[seen[i].state].inside != 3)
			continue;
		key = view(m, seen[i].state, seen + MOST_STATES, mark + MOST_STATES);
		while (k < nknown && known[k] != key)
			k++;
		if (k < nknown)
			continue;
		known[nknown++] = key;
		s = spell(m->a, seen, i);
		s = arena_printf(m->a, "%s%.*s", root ? "" : "/", (int)s.n, s.p);
		ARENA_PUSH(m->a, out->path, out->n, cap, s);
	}
	free(seen);
	free(mark);
	free(known);
	return out;
}

const struct o_paths *o_tree_below(struct arena *a, const struct o_build *b, const struct o_cap *cap, struct krux_str root)
{
	struct machine *m = machine(b, cap);
	struct o_paths *out = ARENA_NEW(a, struct o_paths);
	uint32_t at = 0;
	const struct o_paths *rest;

	for (size_t i = 0; i < root.n && !m->overflow;)
		at = advance(m, at, o_scalar(root, &i));
	if (!m->overflow && !m->state[at].below) {
		struct o_paths *found = below(m, at, root.n == 1);
		m->state[at].below = found;
	}
	out->path = ARENA_ARRAY(a, struct krux_str, 1);
	out->path[0] = root;
	out->n = 1;
	out->overflow = m->overflow;
	rest = m->overflow ? NULL : m->state[at].below;
	if (!rest)
		return out;
	out->path = ARENA_ARRAY(a, struct krux_str, rest->n);
	out->path[0] = root;
	for (size_t i = 1; i < rest->n; i++) {
		char *p = arena_get(a, root.n + rest->path[i].n);
		memcpy(p, root.p, root.n);
		memcpy(p + root.n, rest->path[i].p, rest->path[i].n);
		out->path[i] = (struct krux_str){ p, root.n + rest->path[i].n };
	}
	out->n = rest->n;
	return out;
}
