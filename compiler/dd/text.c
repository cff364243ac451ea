/* Readable texts of a class: something people know where it is in the class, else a shortest
 * one, else one of the length that is asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/language.h"
#include "compiler/dd/length.h"
#include "compiler/dd/pair.h"
#include "compiler/dd/witness.h"

enum { MOST_LABEL = 63 };

/* ---- letters ---- */

static unsigned width(uint32_t c)
{
	return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

uint32_t letter_choose(uint32_t lo, uint32_t hi, unsigned wide)
{
	static const struct { uint32_t lo, hi; } taste[] = {
		{ 'a', 'z' }, { 'A', 'Z' }, { '0', '9' }, { '!', '~' }, { 0xE0, 0xF6 }, { 0x4E00, 0x9FFF }, { 0x1F600, 0x1F64F },
	};
	static const uint32_t first[] = { 0, 1, 0x80, 0x800, 0x10000 };

	if (wide && lo < first[wide])
		lo = first[wide];
	for (size_t i = 0; i < sizeof taste / sizeof *taste; i++) {
		uint32_t c = lo > taste[i].lo ? lo : taste[i].lo;

		if (c <= taste[i].hi && c <= hi && (width(c) == wide || (!wide && width(c) == width(lo))))
			return c;
	}
	return lo >= 0xD800 && lo <= 0xDFFF ? 0xE000 : lo;
}

/* Which letters are tried first. */
static unsigned rank(uint32_t c)
{
	return c >= 'a' && c <= 'z' ? 0 : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? 1
	       : c == '/' || c == '.' || c == '-' ? 2 : c > ' ' && c < 0x7F ? 3 : c < 0x80 ? 5 : 4;
}

/* ---- asking the automaton ---- */

static uint32_t follow(uint32_t state, struct krux_str s, bool octets)
{
	for (size_t i = 0; i < s.n;) {
		unsigned len = 1;
		uint32_t c = octets ? (unsigned char)s.p[i] + 1u : krux_utf8_get(s.p + i, s.n - i, &len);
		uint32_t j = state_at(state)->first;

		while (store.arc[j].hi < c)
			j++;
		state = store.arc[j].to;
		i += len;
	}
	return state;
}

static bool size_allowed(const struct demand *size, uint64_t length)
{
	const struct node *n;
	uint32_t i = 0;

	if (!size)
		return true;
	n = node_at(size->node);
	while (n->edge[i].hi < length)
		i++;
	return n->edge[i].to == size->to;
}

static bool will_do(struct var *v, uint32_t start, const struct demand *size, struct krux_str s)
{
	return s.n <= v->max && size_allowed(size, s.n) && store.state[follow(start, s, v->octets)].out == DD_TRUE;
}

/* ---- a shortest one: bytes to each state, for hosts with the length of the label ---- */

struct search {
	struct arena *a;
	struct graph *g;
	struct step { uint32_t bytes, from, letter; } *step;
	uint32_t *queue;
	size_t cap_steps, cap_queue, nqueue;
	uint32_t max, seen, best;
};

static void search_to(struct search *r, uint32_t q, uint32_t label, struct step step)
{
	uint32_t i;

	if (q == DEAD || step.bytes > r->max || label > MOST_LABEL || (r->best != NONE && step.bytes >= r->step[r->best].bytes))
		return;
	i = graph_state(r->g, q, label) & ~GRAPH_NEW;
	if (i < r->seen && r->step[i].bytes <= step.bytes)
		return;
	r->step = arena_grow(r->a, r->step, i, &r->cap_steps, sizeof *r->step);
	r->step[i] = step;
	if (i == r->seen)
		r->seen++;
	if (store.state[q].out == DD_TRUE)
		r->best = i;
	ARENA_PUSH(r->a, r->queue, r->nqueue, r->cap_queue, i);
}

static void search_from(struct search *r, uint32_t i, bool host, bool octets)
{
	const struct state *s = state_at(r->g->a[i]);
	uint32_t label = r->g->b[i];

	for (unsigned k = 0; k <= 5; k++) {
		uint32_t lo = 1;

		for (uint32_t j = s->first; j < s->first + s->n; j++) {
			struct arc a = store.arc[j];
			uint32_t c = octets ? lo : letter_choose(lo, a.hi, 0), other = c;
			uint32_t bytes = r->step[i].bytes + (octets ? 1 : width(c));

			if (host && lo <= '.' && a.hi >= '.' && rank('.') == k)
				search_to(r, a.to, 0, (struct step){ bytes, i, '.' });
			if (host && c == '.')
				other = a.hi > c ? letter_choose(c + 1, a.hi, 0) : 0;
			if (other && rank(other) == k)
				search_to(r, a.to, host ? label + 1 : 0, (struct step){ bytes, i, other });
			lo = a.hi + 1;
		}
	}
}

static struct krux_str text_shortest(struct arena *a, struct var *v, uint32_t start)
{
	bool host = v->pub.subject.type->kind == KRUX_T_HOST;
	struct search r = { .a = a, .g = graph_begin(), .max = v->max, .best = NONE };
	struct krux_str out = { 0 };
	char *p;

	search_to(&r, start, 0, (struct step){ 0, NONE, 0 });
	for (size_t head = 0; head < r.nqueue; head++)
		search_from(&r, r.queue[head], host, v->octets);
	if (r.best != NONE) {
		out.n = r.step[r.best].bytes;
		p = arena_get(a, out.n + 1);
		out.p = p;
		for (uint32_t i = r.best, at = (uint32_t)out.n; r.step[i].from != NONE; i = r.step[i].from) {
			char utf8[4];
			unsigned n = 1;

			if (v->octets)
				utf8[0] = (char)(r.step[i].letter - 1);
			else
				n = krux_utf8_put(r.step[i].letter, utf8);
			at -= n;
			memcpy(p + at, utf8, n);
		}
	}
	graph_end(r.g);
	return out;
}

/* ---- what people know ---- */

static const char *const *known_texts(const struct var *v)
{
	static const char *const paths[] = { "/workspace/a", "/workspace/b", "/workspace/a/b", "/workspace", "/a", "/a/b", NULL };
	static const char *const hosts[] = { "example.com", "www.example.com", "example.org", "a.example", "10.0.0.1", NULL };
	static const char *const agents[] = { "agent", "a", "b", NULL };
	static const char *const names[] = { "x", "a", "b", "xx", "hello", "", NULL };
	static const char *const secrets[] = { "token", "a", NULL };
	static const char *const digests[] = {
		"0000000000000000000000000000000000000000000000000000000000000000", NULL
	};
	static const char *const none[] = { NULL };

	if (v->pub.subject.kind == SUBJECT_AGENT)
		return agents;
	switch (v->pub.subject.type->kind) {
	case KRUX_T_PATH:
		return paths;
	case KRUX_T_HOST:
		return hosts;
	case KRUX_T_STRING:
		return names;
	case KRUX_T_SECRET:
		return secrets;
	case KRUX_T_DIGEST:
		return digests;
	default:
		return none;
	}
}

/* The automaton of blocks knows more texts than there are blocks. */
static struct krux_str block_choose(struct arena *a, struct var *v, uint32_t start)
{
	struct krux_str s = KRUX_STR("10.0.0.0/8"), shortest = text_shortest(a, v, start);
	char text[64];
	uint8_t ip[16];
	unsigned prefix;
	const char *why;

	if (will_do(v, start, NULL, s))
		return s;
	if (krux_canon_cidr(shortest, ip, &prefix, text, sizeof text, &why) &&
	    krux_str_eq(shortest, (struct krux_str){ text, strlen(text) }))
		return shortest;
	for (uint32_t i = 0; i < 1u << 24; i++) {
		int n = snprintf(text, sizeof text, "10.%u.%u.%u/32", i >> 16 & 255, i >> 8 & 255, i & 255);

		s = (struct krux_str){ text, (size_t)n };
		if (will_do(v, start, NULL, s))
			return arena_str(a, s);
	}
	return (struct krux_str){ 0 };
}

uint64_t size_choose(const struct demand *size, const struct lengths *set)
{
	const struct node *n;
	krux_u128 lo;

	if (!size)
		return lengths_next(set, 0, set->max);
	n = node_at(size->node);
	lo = var_at(n->var)->pub.domain.lo;
	for (uint32_t i = 0; i < n->n; i++) {
		uint64_t length = n->edge[i].to == size->to ? lengths_next(set, (uint64_t)lo, (uint64_t)n->edge[i].hi)
		                                            : UINT64_MAX;

		if (length != UINT64_MAX)
			return length;
		lo = n->edge[i].hi + 1;
	}
	return UINT64_MAX;
}

struct krux_str text_choose(struct arena *a, struct var *v, uint32_t start, const struct demand *size)
{
	struct class_lengths c;
	struct krux_str s;

	for (const char *const *p = known_texts(v); *p; p++) {
		s = (struct krux_str){ *p, strlen(*p) };
		if (will_do(v, start, size, s))
			return s;
	}
	if (v->pub.subject.type->kind == KRUX_T_CIDR)
		return block_choose(a, v, start);
	s = text_shortest(a, v, start);
	if (!s.p || size_allowed(size, s.n))
		return s;
	class_lengths(a, start, v->max, v->octets, &c);
	for (size_t i = 0; i < c.n; i++)
		if (c.out[i] == DD_TRUE)
			return text_of_length(a, start, size_choose(size, &c.set[i]), v->octets);
	return (struct krux_str){ 0 };
}
