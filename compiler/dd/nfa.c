/* Patterns to deterministic automata: a nondeterministic one by the shape of the pattern
 * (Thompson 1968), then its sets of states. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/language.h"

/* Places looked at while making sets: a second or so. */
static const uint64_t most_work = 100000000;

enum nkind {
	N_SET,           /* one scalar of range[], then to */
	N_SPLIT,         /* to and also, without a scalar */
	N_ACCEPT,
	N_ALL,           /* whatever follows is accepted */
};

struct nstate {
	enum nkind kind;
	uint32_t to, also;
	const struct scalar_range *range;
	uint32_t nranges;
	struct scalar_range one;         /* what range is when it is NULL */
};

struct item {                        /* a way out of a set */
	uint32_t lo, hi, to;
};

struct nfa {
	struct nstate *state;
	uint32_t n;
	uint32_t *mark, generation;      /* states seen */
	uint32_t *stack;
	/* Sets, one after the other: set i is at member[first[i]] to [first[i + 1]]. */
	uint32_t *first, *member, *hash;
	uint32_t nsets, nmembers;
	uint32_t *slot, nslots;
	struct item *item;
	uint32_t nitems, *active;
	uint32_t *edge;
	size_t cap_state, cap_mark, cap_stack, cap_first, cap_member, cap_hash, cap_slot, cap_item, cap_active,
		cap_edge;
	uint64_t work;
};

static struct nfa nfa;

void nfa_free(void)
{
	ROOM_FREE(nfa.state, nfa.cap_state);
	ROOM_FREE(nfa.mark, nfa.cap_mark);
	ROOM_FREE(nfa.stack, nfa.cap_stack);
	ROOM_FREE(nfa.first, nfa.cap_first);
	ROOM_FREE(nfa.member, nfa.cap_member);
	ROOM_FREE(nfa.hash, nfa.cap_hash);
	ROOM_FREE(nfa.slot, nfa.cap_slot);
	ROOM_FREE(nfa.item, nfa.cap_item);
	ROOM_FREE(nfa.active, nfa.cap_active);
	ROOM_FREE(nfa.edge, nfa.cap_edge);
	nfa = (struct nfa){ 0 };
}

/* ---- building; every part is given the state that comes after it ---- */

static uint32_t state_new(enum nkind kind, uint32_t to, uint32_t also)
{
	if (nfa.n >= KRUX_MAX_STATES)
		store_stop("states");
	STORE_ROOM(nfa.state, nfa.n + 1u, nfa.cap_state);
	nfa.state[nfa.n] = (struct nstate){ .kind = kind, .to = to, .also = also };
	return nfa.n++;
}

static uint32_t one_new(uint32_t lo, uint32_t hi, uint32_t to)
{
	uint32_t s = state_new(N_SET, to, 0);

	nfa.state[s].one = (struct scalar_range){ lo, hi };
	nfa.state[s].nranges = 1;
	return s;
}

/* Ranges that outlive the automaton. */
static uint32_t set_new(const struct scalar_range *range, size_t n, uint32_t to)
{
	uint32_t s = state_new(N_SET, to, 0);

	nfa.state[s].range = range;
	nfa.state[s].nranges = (uint32_t)n;
	return s;
}

static const struct scalar_range any_scalar[] = { { 1, LAST_SCALAR } };
static const struct scalar_range in_component[] = { { 1, '/' - 1 }, { '/' + 1, LAST_SCALAR } };

/* The set any number of times, then `to`. */
static uint32_t star_new(const struct scalar_range *range, size_t n, uint32_t to)
{
	uint32_t split = state_new(N_SPLIT, 0, to), set = set_new(range, n, split);

	nfa.state[split].to = set;
	return split;
}

static uint32_t text_new(struct krux_str s, uint32_t to)
{
	for (size_t i = s.n; i > 0;) {
		unsigned len;
		uint32_t c;

		do
			i--;
		while (i > 0 && ((unsigned char)s.p[i] & 0xC0) == 0x80);
		c = krux_utf8_get(s.p + i, s.n - i, &len);
		to = one_new(c, c, to);
	}
	return to;
}

static uint32_t regex_new(const struct regex *r, uint32_t to);

static uint32_t repeat_new(const struct regex *r, uint32_t to)
{
	uint32_t min = r->min, loop, body;

	if (r->max == REGEX_UNBOUNDED) {
		loop = state_new(N_SPLIT, 0, to);
		body = regex_new(r->item[0], loop);
		nfa.state[loop].to = body;
		to = loop;
	} else {
		uint32_t end = to;

		for (uint32_t i = r->min; i < r->max; i++)
			to = state_new(N_SPLIT, regex_new(r->item[0], to), end);
	}
	while (min--)
		to = regex_new(r->item[0], to);
	return to;
}

/* Nested as deep as the parser allows. */
static uint32_t regex_new(const struct regex *r, uint32_t to)
{
	uint32_t at = to;

	switch (r->kind) {
	case REGEX_SET:
		return set_new(r->range, r->nranges, to);
	case REGEX_CAT:
		for (size_t i = r->nitems; i-- > 0;)
			at = regex_new(r->item[i], at);
		return at;
	case REGEX_ALT:
		at = regex_new(r->item[r->nitems - 1], to);
		for (size_t i = r->nitems - 1; i-- > 0;)
			at = state_new(N_SPLIT, regex_new(r->item[i], to), at);
		return at;
	case REGEX_REPEAT:
		return repeat_new(r, to);
	}
	abort();
}

/* ---- sets ---- */

static int number_order(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

static void numbers_sort(uint32_t *v, uint32_t n)
{
	if (n > 32) {
		qsort(v, n, sizeof *v, number_order);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		uint32_t x = v[i], j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static void work_add(uint64_t n)
{
	nfa.work += n;
	steps_add(n);
	if (nfa.work > most_work)
		store_stop("states");
}

/* Adds what is reached from s without a scalar to the set being made. */
static void set_add(uint32_t s)
{
	uint32_t n = 0;

	STORE_ROOM(nfa.stack, 1, nfa.cap_stack);
	nfa.stack[n++] = s;
	while (n) {
		const struct nstate *x;

		s = nfa.stack[--n];
		if (nfa.mark[s] == nfa.generation)
			continue;
		nfa.mark[s] = nfa.generation;
		work_add(1);
		x = &nfa.state[s];
		if (x->kind == N_SPLIT) {
			STORE_ROOM(nfa.stack, n + 2u, nfa.cap_stack);
			nfa.stack[n++] = x->also;
			nfa.stack[n++] = x->to;
			continue;
		}
		STORE_ROOM(nfa.member, nfa.nmembers + 1u, nfa.cap_member);
		nfa.member[nfa.nmembers++] = s;
	}
}

static void sets_rehash(void)
{
	uint32_t n = nfa.nslots ? nfa.nslots * 2 : 64;

	STORE_ROOM(nfa.slot, n, nfa.cap_slot);
	nfa.nslots = n;
	memset(nfa.slot, 0xFF, n * sizeof *nfa.slot);
	for (uint32_t i = 0; i < nfa.nsets; i++) {
		uint32_t h = nfa.hash[i];

		while (nfa.slot[h & (n - 1)] != NONE)
			h++;
		nfa.slot[h & (n - 1)] = i;
	}
}

/* The set that has been made of members from `from` on: its number. */
static uint32_t set_close(uint32_t from)
{
	uint32_t n = nfa.nmembers - from, h, i;
	uint64_t hash = n;

	if (!n)
		return RAW_NONE;
	numbers_sort(nfa.member + from, n);
	for (i = from; i < nfa.nmembers; i++) {
		if (nfa.state[nfa.member[i]].kind == N_ALL) {
			nfa.nmembers = from;
			return RAW_ALL;
		}
		hash = mix(hash, nfa.member[i]);
	}
	if (nfa.nsets * 2 >= nfa.nslots)
		sets_rehash();
	for (h = (uint32_t)hash;; h++) {
		i = nfa.slot[h & (nfa.nslots - 1)];
		if (i == NONE)
			break;
		if (nfa.hash[i] == (uint32_t)hash && nfa.first[i + 1] - nfa.first[i] == n &&
		    !memcmp(nfa.member + nfa.first[i], nfa.member + from, n * sizeof *nfa.member)) {
			nfa.nmembers = from;
			return i;
		}
	}
	if (nfa.nsets >= KRUX_MAX_STATES)
		store_stop("states");
	STORE_ROOM(nfa.first, nfa.nsets + 2u, nfa.cap_first);
	STORE_ROOM(nfa.hash, nfa.nsets + 1u, nfa.cap_hash);
	nfa.slot[h & (nfa.nslots - 1)] = nfa.nsets;
	nfa.first[nfa.nsets] = from;
	nfa.first[nfa.nsets + 1] = nfa.nmembers;
	nfa.hash[nfa.nsets] = (uint32_t)hash;
	return nfa.nsets++;
}

static int item_order(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* Ways out of set i, by their first scalar, and all scalars where something begins or ends. */
static uint32_t items_find(uint32_t set)
{
	uint32_t nedges = 0, k = 0;

	nfa.nitems = 0;
	for (uint32_t i = nfa.first[set]; i < nfa.first[set + 1]; i++) {
		const struct nstate *s = &nfa.state[nfa.member[i]];

		if (s->kind != N_SET)
			continue;
		STORE_ROOM(nfa.item, nfa.nitems + s->nranges, nfa.cap_item);
		for (uint32_t j = 0; j < s->nranges; j++) {
			struct scalar_range r = s->range ? s->range[j] : s->one;

			nfa.item[nfa.nitems++] = (struct item){ r.lo, r.hi, s->to };
		}
	}
	STORE_ROOM(nfa.edge, 2u * nfa.nitems + 1u, nfa.cap_edge);
	STORE_ROOM(nfa.active, nfa.nitems + 1u, nfa.cap_active);
	for (uint32_t i = 0; i < nfa.nitems; i++) {
		nfa.edge[nedges++] = nfa.item[i].lo;
		nfa.edge[nedges++] = nfa.item[i].hi + 1;
	}
	nfa.edge[nedges++] = 1;
	numbers_sort(nfa.edge, nedges);
	for (uint32_t i = 0; i < nedges; i++)
		if (!k || nfa.edge[k - 1] != nfa.edge[i])
			nfa.edge[k++] = nfa.edge[i];
	if (nfa.nitems > 16) {
		qsort(nfa.item, nfa.nitems, sizeof *nfa.item, item_order);
		return k;
	}
	for (uint32_t i = 1; i < nfa.nitems; i++) {
		struct item x = nfa.item[i];
		uint32_t j = i;

		for (; j > 0 && nfa.item[j - 1].lo > x.lo; j--)
			nfa.item[j] = nfa.item[j - 1];
		nfa.item[j] = x;
	}
	return k;
}

static void set_arcs(struct raw *raw, uint32_t set)
{
	uint32_t nedges = items_find(set), next = 0, nactive = 0;

	for (uint32_t e = 0; e < nedges && nfa.edge[e] <= LAST_SCALAR; e++) {
		uint32_t lo = nfa.edge[e], from = nfa.nmembers, kept = 0;

		while (next < nfa.nitems && nfa.item[next].lo == lo)
			nfa.active[nactive++] = next++;
		nfa.generation++;
		work_add(nactive + 1);
		for (uint32_t i = 0; i < nactive; i++) {
			const struct item *x = &nfa.item[nfa.active[i]];

			if (x->hi < lo)
				continue;
			nfa.active[kept++] = nfa.active[i];
			set_add(x->to);
		}
		nactive = kept;
		raw_arc(raw, e + 1 < nedges && nfa.edge[e + 1] <= LAST_SCALAR ? nfa.edge[e + 1] - 1 : LAST_SCALAR,
		        set_close(from));
	}
}

static void nfa_begin(void)
{
	nfa.n = nfa.nsets = nfa.nmembers = 0;
	nfa.nslots = 0;
	nfa.work = 0;
}

static void determinise(struct raw *raw, uint32_t start)
{
	raw_begin(raw);
	STORE_ROOM(nfa.mark, nfa.n, nfa.cap_mark);
	memset(nfa.mark, 0, nfa.n * sizeof *nfa.mark);
	nfa.generation = 1;
	set_add(start);
	raw->start = set_close(0);
	for (uint32_t i = 0; i < nfa.nsets; i++) {
		bool accept = false;

		for (uint32_t j = nfa.first[i]; j < nfa.first[i + 1]; j++)
			accept |= nfa.state[nfa.member[j]].kind == N_ACCEPT;
		raw_state(raw, accept);
		set_arcs(raw, i);
	}
}

/* ---- patterns ---- */

void raw_regex(struct raw *raw, const struct regex *r)
{
	nfa_begin();
	determinise(raw, regex_new(r, state_new(N_ACCEPT, 0, 0)));
}

static uint32_t component_new(const struct glob_component *c, uint32_t to)
{
	bool runs = true;

	for (size_t i = 0; i < c->nparts; i++)
		runs &= c->part[i].kind == GLOB_RUN;
	/* No component is empty, and `/` has none. */
	if (runs)
		return one_new('/', '/', set_new(in_component, 2, star_new(in_component, 2, to)));
	for (size_t i = c->nparts; i-- > 0;) {
		const struct glob_part *p = &c->part[i];

		if (p->kind == GLOB_TEXT)
			to = text_new(p->text, to);
		else if (p->kind == GLOB_RUN)
			to = star_new(in_component, 2, to);
		else
			to = set_new(in_component, 2, to);
	}
	return one_new('/', '/', to);
}

/* What is no canonical path does not matter: the domain is cut out afterwards. */
void raw_glob(struct raw *raw, const struct glob *g)
{
	uint32_t at;
	size_t i = g->n;

	nfa_begin();
	at = state_new(N_ACCEPT, 0, 0);
	if (g->component[i - 1].any_depth) {
		/* The end, or a slash and anything. */
		at = state_new(N_SPLIT, at, one_new('/', '/', state_new(N_ALL, 0, 0)));
		for (i--; i > 0 && g->component[i - 1].any_depth;)
			i--;
		if (!i)
			at = state_new(N_ALL, 0, 0);
	}
	while (i-- > 0) {
		if (g->component[i].any_depth) {
			/* Any number of slashes with something behind. */
			uint32_t split = state_new(N_SPLIT, 0, at), run = star_new(in_component, 2, split);
			uint32_t slash = one_new('/', '/', run);

			nfa.state[split].to = slash;
			at = split;
		} else {
			at = component_new(&g->component[i], at);
		}
	}
	determinise(raw, at);
}

void raw_agents(struct raw *raw, const struct krux_str *pattern, size_t n)
{
	uint32_t end, start = NONE;

	nfa_begin();
	end = state_new(N_ACCEPT, 0, 0);
	for (size_t k = 0; k < n; k++) {
		uint32_t at = end;

		for (size_t i = pattern[k].n; i-- > 0;) {
			unsigned char c = (unsigned char)pattern[k].p[i];

			at = c == '*' ? star_new(any_scalar, 1, at) : one_new(c, c, at);
		}
		start = start == NONE ? at : state_new(N_SPLIT, start, at);
	}
	if (start == NONE) {
		raw_begin(raw);
		raw->start = RAW_NONE;
		return;
	}
	determinise(raw, start);
}

void raw_under_host(struct raw *raw, struct krux_str name)
{
	uint32_t at;

	nfa_begin();
	at = text_new(name, state_new(N_ACCEPT, 0, 0));
	determinise(raw, state_new(N_SPLIT, at, star_new(any_scalar, 1, one_new('.', '.', at))));
}
