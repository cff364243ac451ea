/* Sets of texts to canonical states. A pattern is compiled once for all capabilities: what it
 * gave is kept by its text and domain. */
#include "compiler/dd/language.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"

struct language {
	uint32_t domain, state;
	enum language_kind kind;
	const char *key;             /* texts one after the other, each behind its length */
	size_t nkey;
};

static struct raw raw;
static char *key;
static size_t nkey, cap_key;

/* ---- raw automata ---- */

void raw_begin(struct raw *r)
{
	r->n = r->narcs = r->start = 0;
}

uint32_t raw_state(struct raw *r, bool accept)
{
	STORE_ROOM(r->accept, r->n + 1u, r->cap_accept);
	STORE_ROOM(r->first, r->n + 2u, r->cap_first);
	r->accept[r->n] = accept;
	r->first[r->n] = r->first[r->n + 1] = r->narcs;
	return r->n++;
}

void raw_arc(struct raw *r, uint32_t hi, uint32_t to)
{
	if (r->narcs > r->first[r->n - 1] && r->arc[r->narcs - 1].to == to) {
		r->arc[r->narcs - 1].hi = hi;
		return;
	}
	STORE_ROOM(r->arc, r->narcs + 1u, r->cap_arcs);
	r->arc[r->narcs++] = (struct arc){ hi, to };
	r->first[r->n] = r->narcs;
}

void raw_free(struct raw *r)
{
	ROOM_FREE(r->accept, r->cap_accept);
	ROOM_FREE(r->first, r->cap_first);
	ROOM_FREE(r->arc, r->cap_arcs);
}

/* ---- tries ---- */

struct trie {
	uint32_t scalar, child, next;
	bool accept;
};
static struct trie *trie;
static size_t ntries, cap_tries;

enum tail { TAIL_NONE, TAIL_ANY, TAIL_BELOW };     /* what may follow a text */

static uint32_t trie_new(uint32_t scalar, uint32_t next)
{
	STORE_ROOM(trie, ntries + 1, cap_tries);
	trie[ntries] = (struct trie){ scalar, NONE, next, false };
	return (uint32_t)ntries++;
}

static uint32_t trie_child(uint32_t at, uint32_t scalar)
{
	uint32_t before = NONE, i = trie[at].child, made;

	while (i != NONE && trie[i].scalar < scalar) {
		before = i;
		i = trie[i].next;
	}
	if (i != NONE && trie[i].scalar == scalar)
		return i;
	made = trie_new(scalar, i);
	if (before == NONE)
		trie[at].child = made;
	else
		trie[before].next = made;
	return made;
}

static uint32_t scalar_next(struct krux_str s, size_t *i, bool octets)
{
	unsigned len = 1;
	uint32_t c = octets ? (unsigned char)s.p[*i] + 1u : krux_utf8_get(s.p + *i, s.n - *i, &len);

	*i += len;
	return c;
}

static void raw_arcs_trie(const struct trie *t, enum tail tail)
{
	uint32_t lo = 1;

	for (uint32_t i = t->child; i != NONE; i = trie[i].next) {
		uint32_t c = trie[i].scalar;

		if (c > lo)
			raw_arc(&raw, c - 1, RAW_NONE);
		raw_arc(&raw, c, trie[i].accept && tail == TAIL_ANY ? RAW_ALL : i);
		lo = c + 1;
	}
	if (t->accept && tail == TAIL_BELOW) {
		raw_arc(&raw, '/' - 1, RAW_NONE);
		raw_arc(&raw, '/', RAW_ALL);
	}
	if (lo <= LAST_SCALAR)
		raw_arc(&raw, LAST_SCALAR, RAW_NONE);
}

/* Equal to one of the texts. With a tail: one text alone. */
static void raw_literals(const struct krux_str *text, size_t n, enum tail tail, bool octets)
{
	ntries = 0;
	trie_new(0, NONE);
	for (size_t k = 0; k < n; k++) {
		uint32_t at = 0;

		for (size_t i = 0; i < text[k].n;)
			at = trie_child(at, scalar_next(text[k], &i, octets));
		trie[at].accept = true;
	}
	raw_begin(&raw);
	if (trie[0].accept && tail == TAIL_ANY)
		raw.start = RAW_ALL;
	for (size_t i = 0; i < ntries; i++) {
		raw_state(&raw, trie[i].accept);
		raw_arcs_trie(&trie[i], tail);
	}
}

/* ---- a text at the end, or anywhere (Knuth, Morris, Pratt 1977) ---- */

/* The arcs of state `like`, but scalar leads to `to`. */
static void raw_arcs_like(uint32_t like, uint32_t scalar, uint32_t to)
{
	uint32_t lo = 1, from = raw.first[like], end = raw.first[like + 1];

	for (uint32_t i = from; i < end; i++) {
		struct arc a = raw.arc[i];

		if (lo <= scalar && scalar <= a.hi) {
			if (scalar > lo)
				raw_arc(&raw, scalar - 1, a.to);
			raw_arc(&raw, scalar, to);
		}
		if (scalar != a.hi)
			raw_arc(&raw, a.hi, a.to);
		lo = a.hi + 1;
	}
}

static uint32_t raw_target(uint32_t state, uint32_t scalar)
{
	uint32_t i = raw.first[state];

	while (raw.arc[i].hi < scalar)
		i++;
	return raw.arc[i].to;
}

static void raw_find(struct krux_str text, bool anywhere)
{
	uint32_t fail = 0;

	raw_begin(&raw);
	if (!text.n) {
		raw.start = RAW_ALL;
		return;
	}
	for (size_t i = 0; i < text.n;) {
		uint32_t c = scalar_next(text, &i, false), s, to;

		to = i == text.n && anywhere ? RAW_ALL : raw.n + 1;
		s = raw_state(&raw, false);
		if (!s) {
			if (c > 1)
				raw_arc(&raw, c - 1, 0);
			raw_arc(&raw, c, to);
			if (c < LAST_SCALAR)
				raw_arc(&raw, LAST_SCALAR, 0);
			continue;
		}
		raw_arcs_like(fail, c, to);
		fail = raw_target(fail, c);
	}
	if (!anywhere) {
		uint32_t s = raw_state(&raw, true);

		/* A scalar that no arc leads on with: the arcs of the failure state as they are. */
		for (uint32_t i = raw.first[fail], end = raw.first[fail + 1]; i < end && s; i++)
			raw_arc(&raw, raw.arc[i].hi, raw.arc[i].to);
	}
}

/* ---- over a domain ---- */

static uint32_t raw_over(const struct domain *d)
{
	struct graph *g;
	uint32_t out;

	if (raw.start == RAW_ALL)
		return d->yes[0];
	if (raw.start == RAW_NONE)
		return d->no[0];
	g = graph_begin();
	graph_state(g, 0, 0);
	for (uint32_t k = 0; k < g->n; k++) {
		uint32_t q = g->a[k], r = g->b[k], i = d->first[q], j = raw.first[r];

		graph_out(g, k, !d->possible[q] ? DD_IMPOSSIBLE : raw.accept[r] ? DD_TRUE : DD_FALSE);
		for (;;) {
			struct arc a = d->arc[i], b = raw.arc[j];
			uint32_t hi = a.hi < b.hi ? a.hi : b.hi;

			graph_arc(g, hi, a.to == RAW_NONE ? (uint32_t)DEAD : b.to == RAW_NONE ? d->no[a.to]
			                 : b.to == RAW_ALL ? d->yes[a.to] : graph_state(g, a.to, b.to));
			if (hi == LAST_SCALAR)
				break;
			i += a.hi == hi;
			j += b.hi == hi;
		}
	}
	graph_finish(g);
	out = g->canon[0];
	graph_end(g);
	return out;
}

/* ---- what was compiled before ---- */

static void key_make(const struct krux_str *text, size_t n)
{
	nkey = 0;
	for (size_t i = 0; i < n; i++) {
		STORE_ROOM(key, nkey + sizeof text[i].n + text[i].n, cap_key);
		memcpy(key + nkey, &text[i].n, sizeof text[i].n);
		nkey += sizeof text[i].n;
		if (text[i].n)
			memcpy(key + nkey, text[i].p, text[i].n);
		nkey += text[i].n;
	}
}

static uint32_t key_hash(uint32_t domain, enum language_kind kind)
{
	uint64_t h = mix(mix(domain, kind), nkey), word;
	size_t i = 0;

	for (; i + sizeof word <= nkey; i += sizeof word) {
		memcpy(&word, key + i, sizeof word);
		h = mix(h, word);
	}
	for (; i < nkey; i++)
		h = mix(h, (unsigned char)key[i]);
	return (uint32_t)(h >> 16);
}

static void raw_make(const struct value_set *s, bool octets)
{
	struct arena *a;
	const char *why;
	size_t at;

	switch (s->language) {
	case LANG_LITERALS:
		raw_literals(s->text, s->ntexts, TAIL_NONE, octets);
		return;
	case LANG_UNDER_PATH:
		if (s->text[0].n == 1)
			raw_literals(&(struct krux_str){ "", 0 }, 1, TAIL_ANY, false);
		else
			raw_literals(s->text, 1, TAIL_BELOW, false);
		return;
	case LANG_PREFIX:
		raw_literals(s->text, 1, TAIL_ANY, false);
		return;
	case LANG_SUFFIX:
	case LANG_SUBSTRING:
		raw_find(s->text[0], s->language == LANG_SUBSTRING);
		return;
	case LANG_UNDER_HOST:
		raw_under_host(&raw, s->text[0]);
		return;
	case LANG_AGENT_GLOB:
		raw_agents(&raw, s->text, s->ntexts);
		return;
	case LANG_GLOB:
	case LANG_REGEX:
		break;
	}
	a = scratch_open();
	if (s->language == LANG_GLOB)
		raw_glob(&raw, glob_parse(a, s->text[0], &why, &at));
	else
		raw_regex(&raw, regex_parse(a, s->text[0], &why, &at));
	scratch_close();
}

static uint32_t language_find(const struct domain *d, uint32_t domain, const struct value_set *s)
{
	struct probe probe = { 0 };
	uint32_t id;
	struct language *l;
	char *kept;

	key_make(s->text, s->ntexts);
	probe.hash = probe.near = key_hash(domain, s->language);
	while ((id = table_next(&store.languages, &probe)) != NONE) {
		l = &store.language[id];
		if (l->domain == domain && l->kind == s->language && l->nkey == nkey && !memcmp(l->key, key, nkey))
			return l->state;
	}
	kept = store_get(nkey);
	memcpy(kept, key, nkey);
	STORE_ROOM(store.language, store.nlanguages + 1, store.cap_languages);
	raw_make(s, d->octets);
	id = raw_over(d);
	l = &store.language[store.nlanguages];
	*l = (struct language){ domain, id, s->language, kept, nkey };
	table_add(&store.languages, probe.hash, probe.near, (uint32_t)store.nlanguages++);
	return id;
}

uint32_t language_state(struct var *v, const struct value_set *s)
{
	const struct domain *d = domain_of(v);

	return language_find(d, v->domain, s);
}

void languages_cut(uint32_t n)
{
	table_cut(&store.languages, n);
	store.nlanguages = n;
	raw_free(&raw);
	nfa_free();
	ROOM_FREE(trie, cap_tries);
	ROOM_FREE(key, cap_key);
}
