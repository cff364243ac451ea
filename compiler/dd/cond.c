/* Conditions to diagrams. Chains of `and` and `or` are folded as balanced trees; nesting is
 * followed on a stack of our own, since defines nest as deep as they like. */
#include "compiler/dd/cond.h"

#include <assert.h>
#include <stdlib.h>

#include "compiler/dd/children.h"
#include "compiler/dd/language.h"

enum { HOIST = OP_OWN - 1 };             /* a key of the memory; no operation */

/* ---- tests ---- */

static void edge_push(krux_u128 hi, uint32_t to)
{
	STORE_ROOM(store.edge, store.nedges + 1, store.cap_edges);
	store.edge[store.nedges++] = (struct dd_edge){ hi, to };
}

static uint32_t number_in(struct var *v, const struct interval *interval, size_t n)
{
	struct interval d = v->pub.domain;
	krux_u128 next = d.lo;
	size_t from = store.nedges;
	bool whole = false;
	uint32_t out;

	for (size_t i = 0; i < n && !whole; i++) {
		struct interval x = interval[i];

		if (x.hi < next || x.lo > d.hi)
			continue;
		if (x.lo > next)
			edge_push(x.lo - 1, DD_FALSE);
		whole = x.hi >= d.hi;
		edge_push(whole ? d.hi : x.hi, DD_TRUE);
		next = x.hi + 1;
	}
	if (!whole)
		edge_push(d.hi, DD_FALSE);
	out = node_number(v, store.edge + from, (uint32_t)(store.nedges - from));
	store.nedges = from;
	return out;
}

uint32_t between(struct var *v, krux_u128 lo, krux_u128 hi)
{
	return number_in(v, &(struct interval){ lo, hi }, 1);
}

static struct var *fact_var(struct dd *m, const struct subject *s)
{
	static const enum krux_fact_kind kind[] = {
		[SUBJECT_TIME] = KRUX_FACT_TIME, [SUBJECT_WEEKDAY] = KRUX_FACT_WEEKDAY, [SUBJECT_LABEL] = KRUX_FACT_LABEL,
		[SUBJECT_CALLS] = KRUX_FACT_CALLS,
	};
	struct dd_var like = { .subject = *s, .fact = kind[s->kind] };

	return var_fact(m, &like);
}

/* The variable that a test looks at; base: what its access starts in. NULL: a field that is
 * always there. */
static struct var *test_var(struct dd *m, struct place *base, const struct subject *s)
{
	switch (s->kind) {
	case SUBJECT_FIELD:
		return place_value(m, place_at(m, base, &s->access));
	case SUBJECT_SIZE:
		return place_size(m, place_at(m, base, &s->access));
	case SUBJECT_HAS:
		return place_has(m, place_at(m, base, &s->access));
	case SUBJECT_AGENT:
		return var_agent(m);
	case SUBJECT_TIME: case SUBJECT_WEEKDAY: case SUBJECT_LABEL: case SUBJECT_CALLS:
		return fact_var(m, s);
	case SUBJECT_CONSTANT:
		break;
	}
	abort();
}

uint32_t set_compile(struct var *v, const struct value_set *set)
{
	if (v->pub.kind == DD_NUMBER)
		return number_in(v, set->interval, set->nintervals);
	if (!set->ntexts)
		return DD_FALSE;
	return node_string(v, language_state(v, set));
}

/* Words for a class are looked for among these, where nothing shorter says it. */
static void asked_add(struct dd *m, struct asked *asked, const struct value_set *set)
{
	for (size_t i = 0; i < asked->n; i++)
		if (asked->set[i] == set || (asked->set[i]->language == set->language && asked->set[i]->text == set->text))
			return;
	if (asked->n <= DD_MOST_ASKED)
		ARENA_PUSH(m->arena, asked->set, asked->n, asked->cap, set);
}

static uint32_t test(struct dd *m, struct place *base, const struct cond *c, bool rule)
{
	struct var *v = test_var(m, base, &c->subject);

	if (!v && c->subject.kind == SUBJECT_HAS)
		return c->set.nintervals && c->set.interval[c->set.nintervals - 1].hi ? DD_TRUE : DD_FALSE;
	if (!v || v->pub.kind == DD_LIST)
		abort();
	if (rule && v->pub.kind == DD_STRING)
		asked_add(m, v->place ? &v->place->asked : &m->agent_asked, &c->set);
	return set_compile(v, &c->set);
}

/* ---- any ---- */

struct any {
	struct var *v;           /* the list, or the path */
	bool tree;
	uint32_t key;
};

/* `any` of a body: outer tests stay above, since it distributes over their cases. */
static uint32_t any_of(const struct any *any, uint32_t body)
{
	uint32_t out, sum = DD_FALSE;
	struct children c;
	struct arena *a;

	if (body == DD_FALSE || body == DD_IMPOSSIBLE)
		return DD_FALSE;
	if (is_terminal(body) || node_var(body)->depth > any->v->depth)
		return any->tree ? tree_any(any->v, body) : list_any(any->v, body);
	out = memo_get(any->key, body, any->v->self);
	if (out != NONE)
		return out;
	if (++store.depth > 2048)
		store_stop("tests in a row");
	a = scratch_open();
	node_children(a, body, &c);
	for (size_t i = 0; i < c.n; i++) {
		uint32_t inner = any_of(any, c.to[i]);

		if (inner != DD_FALSE)
			sum = apply(&op_first, sum, apply(&op_and, node_class(body, c.to[i]), inner));
	}
	scratch_close();
	store.depth--;
	memo_put(any->key, body, any->v->self, sum);
	return sum;
}

/* any over everything at or below a constant path: is there one. */
static uint32_t any_constant(struct dd *m, struct krux_str path, struct place *it, uint32_t body)
{
	struct value_set under = { .language = LANG_UNDER_PATH, .text = &path, .ntexts = 1 };
	struct var *v = place_value(m, it);
	uint32_t out, sum = DD_FALSE;
	struct children c;
	struct arena *a;

	if (body == DD_FALSE || body == DD_IMPOSSIBLE || body == DD_TRUE)
		return body == DD_TRUE ? DD_TRUE : DD_FALSE;
	if (node_var(body)->depth >= v->depth) {
		out = apply(&op_and, body, node_string(v, language_state(v, &under)));
		return out != DD_FALSE && out != DD_IMPOSSIBLE ? DD_TRUE : DD_FALSE;
	}
	if (++store.depth > 2048)
		store_stop("tests in a row");
	a = scratch_open();
	node_children(a, body, &c);
	for (size_t i = 0; i < c.n; i++) {
		uint32_t inner = any_constant(m, path, it, c.to[i]);

		if (inner != DD_FALSE)
			sum = apply(&op_first, sum, apply(&op_and, node_class(body, c.to[i]), inner));
	}
	scratch_close();
	store.depth--;
	return sum;
}

/* ---- nesting ---- */

struct frame {
	const struct cond *c;
	struct place *it;            /* ANY: the element its body sees */
	size_t from, n, next;        /* AND, OR: its parts among the items, and the next one */
};

struct compile {
	struct dd *m;
	bool rule;                   /* it lives as long as m, which keeps its tests */
	struct arena *a;
	struct frame *frame;
	const struct cond **item;
	uint32_t *value;             /* results that frames wait for */
	struct place **it;           /* of the enclosing any, innermost last */
	size_t nframes, nitems, nvalues, nits, cap_frames, cap_items, cap_values, cap_its;
	struct known { const struct cond *c; const struct place *it; uint32_t value; } *known;
	size_t nknown, cap_known;    /* open addressing */
};

static struct place *base_of(const struct compile *w, const struct subject *s)
{
	assert(!s->depth || w->it);
	return s->depth ? w->it[w->nits - s->depth] : w->m->input;
}

static void value_push(struct compile *w, uint32_t value)
{
	ARENA_PUSH(w->a, w->value, w->nvalues, w->cap_values, value);
}

/* What a condition gave before under the same `it`; defines are shared. */
static struct known *known_at(struct compile *w, const struct cond *c)
{
	const struct place *it = w->nits ? w->it[w->nits - 1] : NULL;

	if (w->nknown * 2 >= w->cap_known) {
		struct known *old = w->known;
		size_t n = w->cap_known;

		w->cap_known = n ? n * 2 : 64;
		w->known = ARENA_ARRAY(w->a, struct known, w->cap_known);
		for (size_t i = 0; i < n; i++)
			if (old[i].c)
				for (uint64_t h = mix((uintptr_t)old[i].c, (uintptr_t)old[i].it);; h++)
					if (!w->known[h & (w->cap_known - 1)].c) {
						w->known[h & (w->cap_known - 1)] = old[i];
						break;
					}
	}
	for (uint64_t h = mix((uintptr_t)c, (uintptr_t)it);; h++) {
		struct known *k = &w->known[h & (w->cap_known - 1)];

		if (!k->c || (k->c == c && k->it == it))
			return k;
	}
}

static void frame_push(struct compile *w, const struct cond *c)
{
	struct frame f = { .c = c };

	if (c->kind == COND_AND || c->kind == COND_OR) {
		const struct cond **stack = NULL;
		size_t n = 0, cap = 0;

		/* The chain in order, its parts as items. */
		f.from = w->nitems;
		ARENA_PUSH(w->a, stack, n, cap, c);
		while (n) {
			const struct cond *x = stack[--n];

			if (x->kind == c->kind) {
				ARENA_PUSH(w->a, stack, n, cap, x->b);
				ARENA_PUSH(w->a, stack, n, cap, x->a);
			} else {
				ARENA_PUSH(w->a, w->item, w->nitems, w->cap_items, x);
			}
		}
		f.n = w->nitems - f.from;
	} else if (c->kind == COND_ANY || c->kind == COND_ANY_TREE) {
		if (c->list.kind == SUBJECT_CONSTANT)
			f.it = place_anywhere(w->m);
		else
			f.it = place_element(w->m, place_at(w->m, base_of(w, &c->list), &c->list.access));
		ARENA_PUSH(w->a, w->it, w->nits, w->cap_its, f.it);
	}
	ARENA_PUSH(w->a, w->frame, w->nframes, w->cap_frames, f);
}

/* A condition's value, or a frame that will find it. */
static void cond_start(struct compile *w, const struct cond *c)
{
	struct known *k;

	switch (c->kind) {
	case COND_TRUE:
		value_push(w, DD_TRUE);
		return;
	case COND_FALSE:
		value_push(w, DD_FALSE);
		return;
	case COND_TEST:
		value_push(w, test(w->m, base_of(w, &c->subject), c, w->rule));
		return;
	default:
		break;
	}
	k = known_at(w, c);
	if (k->c)
		value_push(w, k->value);
	else
		frame_push(w, c);
}

static uint32_t chain_fold(const struct op *op, const uint32_t *value, size_t n)
{
	return n == 1 ? value[0] : apply(op, chain_fold(op, value, n / 2), chain_fold(op, value + n / 2, n - n / 2));
}

static uint32_t any_finish(struct compile *w, const struct frame *f, uint32_t body)
{
	struct any any;

	w->nits--;
	if (f->c->list.kind == SUBJECT_CONSTANT)
		return any_constant(w->m, f->c->list.name, f->it, body);
	any.v = place_value(w->m, place_at(w->m, base_of(w, &f->c->list), &f->c->list.access));
	any.tree = f->c->kind == COND_ANY_TREE;
	any.key = (HOIST << 2) | any.tree;
	return any_of(&any, body);
}

/* All parts of the top frame have their values. */
static void frame_finish(struct compile *w)
{
	struct frame f = w->frame[--w->nframes];
	struct known *k;
	uint32_t out;

	if (f.c->kind == COND_AND || f.c->kind == COND_OR) {
		w->nvalues -= f.n;
		out = chain_fold(f.c->kind == COND_AND ? &op_and : &op_first, w->value + w->nvalues, f.n);
		w->nitems = f.from;
	} else {
		uint32_t body = w->value[--w->nvalues];

		out = f.c->kind == COND_NOT ? apply(&op_not, body, DD_TRUE) : any_finish(w, &f, body);
	}
	value_push(w, out);
	k = known_at(w, f.c);
	if (!k->c)
		w->nknown++;
	*k = (struct known){ f.c, w->nits ? w->it[w->nits - 1] : NULL, out };
}

uint32_t cond_compile(struct dd *m, const struct cond *c, bool rule)
{
	struct compile w = { .m = m, .rule = rule };
	uint32_t out;

	if (c->kind == COND_TEST)
		return test(m, m->input, c, rule);
	w.a = scratch_open();
	cond_start(&w, c);
	while (w.nframes) {
		struct frame *f = &w.frame[w.nframes - 1];

		if (f->c->kind == COND_AND || f->c->kind == COND_OR) {
			if (f->next < f->n)
				cond_start(&w, w.item[f->from + f->next++]);
			else
				frame_finish(&w);
		} else if (!f->next) {
			f->next = 1;
			cond_start(&w, f->c->a);
		} else {
			frame_finish(&w);
		}
	}
	out = w.value[0];
	scratch_close();
	return out;
}

uint32_t agents_compile(struct dd *m, const struct krux_str *pattern, size_t n, bool rule)
{
	struct value_set *s = ARENA_NEW(m->arena, struct value_set);
	struct var *v = var_agent(m);

	*s = (struct value_set){ .language = LANG_AGENT_GLOB, .text = pattern, .ntexts = n };
	if (rule)
		asked_add(m, &m->agent_asked, s);
	return set_compile(v, s);
}
