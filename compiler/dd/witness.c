/* Requests out of diagrams: a way to the terminal, then a value for each place of the request,
 * simple where nothing is asked of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/dd/cond.h"
#include "compiler/dd/graph.h"
#include "compiler/dd/language.h"
#include "compiler/dd/length.h"
#include "compiler/dd/witness.h"
#include "compiler/model/access.h"
#include "compiler/model/kinds.h"

/* ---- ways ---- */

const struct demand *demand_on(const struct demands *d, const struct var *v)
{
	for (size_t i = 0; v && i < d->n; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): n of them are there */
		if (node_at(d->demand[i].node)->var == v->self)
			return &d->demand[i];
	return NULL;
}

bool way_find(struct arena *a, uint32_t f, uint32_t terminal, struct demands *out)
{
	struct frame { uint32_t node; struct children c; size_t next; } *stack = NULL;
	struct demand *way = NULL;
	struct graph *seen = graph_begin();
	size_t n = 0, cap = 0, room = 0;
	bool found = f == terminal;

	if (!is_terminal(f)) {
		ARENA_PUSH(a, stack, n, cap, ((struct frame){ .node = f }));
		node_children(a, f, &stack[0].c);
	}
	while (n && !found) {
		struct frame *at = &stack[n - 1];
		uint32_t to, before = seen->n;

		if (at->next == at->c.n) {
			n--;
			continue;
		}
		to = at->c.to[at->next++];
		way = arena_grow(a, way, n, &room, sizeof *way);
		way[n - 1] = (struct demand){ at->node, to };
		found = to == terminal;
		if (found || is_terminal(to))
			continue;
		graph_state(seen, to, 0);
		if (seen->n == before)
			continue;
		ARENA_PUSH(a, stack, n, cap, ((struct frame){ .node = to }));
		node_children(a, to, &stack[n - 1].c);
	}
	graph_end(seen);
	*out = (struct demands){ way, n };
	return found;
}

/* ---- numbers ---- */

/* Of the values that lead to `to`, the one of an even temper: the default, else nearest to 0. */
static krux_u128 number_choose(const struct var *v, const struct demand *d, krux_u128 zero)
{
	krux_u128 lo = v->pub.domain.lo, best = lo, distance = ~(krux_u128)0;
	const struct node *n;

	if (!d)
		return zero < lo ? lo : zero > v->pub.domain.hi ? v->pub.domain.hi : zero;
	n = node_at(d->node);
	for (uint32_t i = 0; i < n->n; i++) {
		krux_u128 hi = n->edge[i].hi, x = zero < lo ? lo : zero > hi ? hi : zero;
		krux_u128 far = x > zero ? x - zero : zero - x;

		if (n->edge[i].to == d->to && far < distance) {
			best = x;
			distance = far;
		}
		lo = hi + 1;
	}
	return best;
}

static struct krux_value text_value(struct krux_str s)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = s };
}

/* A key of number_key back to its wire form. */
static struct krux_value number_value(struct arena *a, const struct krux_type *t, krux_u128 key)
{
	const krux_u128 bias = (krux_u128)1 << 63;
	struct krux_value v = { .kind = KRUX_V_UINT };
	char *ip;

	switch (t->kind) {
	case KRUX_T_BOOL:
		return (struct krux_value){ .kind = KRUX_V_BOOL, .b = key != 0 };
	case KRUX_T_ENUM:
		return text_value(t->name[key]);
	case KRUX_T_IP:
		ip = arena_get(a, 16);
		for (int i = 0; i < 16; i++)
			ip[i] = (char)(uint8_t)(key >> (120 - 8 * i));
		v = (struct krux_value){ .kind = KRUX_V_BYTES, .str = { ip, 16 } };
		if (key >> 32 == 0xFFFF)
			v.str = (struct krux_str){ ip + 12, 4 };
		return v;
	case KRUX_T_INT: case KRUX_T_DECIMAL: case KRUX_T_DATETIME:
		if (key < bias) {
			v.kind = KRUX_V_NINT;
			v.u = (uint64_t)(bias - 1 - key);
		} else {
			v.u = (uint64_t)(key - bias);
		}
		return v;
	default:
		v.u = (uint64_t)key;
		return v;
	}
}

/* What a number is when nothing is asked: 0 where that is a value, 10.0.0.1. */
static krux_u128 number_zero(const struct krux_type *t, const struct krux_value *deflt)
{
	if (deflt)
		return number_key(t, deflt);
	switch (t->kind) {
	case KRUX_T_INT: case KRUX_T_DECIMAL: case KRUX_T_DATETIME:
		return (krux_u128)1 << 63;
	case KRUX_T_IP:
		return (krux_u128)0xFFFF0A000001;
	default:
		return 0;
	}
}

/* ---- values ---- */

struct make {
	struct dd *m;
	struct arena *a;
	struct demands demands;
};

static bool value_make(struct make *, struct place *, const struct krux_value *deflt, struct krux_value *out);

static bool string_make(struct make *w, struct var *v, const struct krux_value *deflt, struct krux_value *out)
{
	const struct demand *d = demand_on(&w->demands, v);
	const struct demand *size = v->size == NONE ? NULL : demand_on(&w->demands, var_at(v->size));
	bool digest = v->pub.subject.type->kind == KRUX_T_DIGEST;
	struct krux_str s;

	if (!d && !size && deflt) {
		*out = *deflt;
		return true;
	}
	s = text_choose(w->a, v, d ? state_class(node_at(d->node)->n, d->to) : domain_of(v)->yes[0], size);
	if (!s.p)
		return false;
	*out = (struct krux_value){ .kind = v->octets || digest ? KRUX_V_BYTES : KRUX_V_TEXT, .str = s };
	if (digest) {
		uint8_t *octets = arena_get(w->a, 32);

		if (s.n != 64 || !krux_hex_read(s, octets, 32))
			return false;
		out->str = (struct krux_str){ (char *)octets, 32 };
	}
	return true;
}

/* An element that leads from one state of a list to another. */
static bool element_make(struct make *w, struct place *list, uint32_t element, uint32_t to, struct krux_value *out)
{
	struct make inner = { w->m, w->a, { 0 } };

	return way_find(w->a, element, DD_STATE + to, &inner.demands) &&
	       value_make(&inner, place_element(w->m, list), NULL, out);
}

struct list_way {
	const struct dd_automaton *fa;
	uint32_t *from, *distance;       /* breadth-first */
	bool loops;                      /* at the first state */
};

static void list_search(struct make *w, struct list_way *l)
{
	uint32_t *queue = ARENA_ARRAY(w->a, uint32_t, l->fa->nstates), head = 0, tail = 0;

	l->from = ARENA_ARRAY(w->a, uint32_t, l->fa->nstates);
	l->distance = ARENA_ARRAY(w->a, uint32_t, l->fa->nstates);
	memset(l->distance, 0xFF, l->fa->nstates * sizeof *l->distance);
	l->distance[0] = 0;
	queue[tail++] = 0;
	while (head < tail) {
		uint32_t q = queue[head++];

		for (uint32_t t = 0; t < l->fa->nstates; t++) {
			struct demands unused;

			if (l->distance[t] != NONE && (q || t))
				continue;
			if (!way_find(w->a, l->fa->state[q].element, DD_STATE + t, &unused))
				continue;
			if (!q && !t) {
				l->loops = true;
				continue;
			}
			l->from[t] = q;
			l->distance[t] = l->distance[q] + 1;
			queue[tail++] = t;
		}
	}
}

/* The least length of a list that ends in the state, within the demanded sizes. */
static uint64_t list_length(const struct list_way *l, uint32_t q, const struct demand *size, uint32_t max)
{
	struct lengths set = { .max = max, .all = true };
	const struct node *n;
	krux_u128 lo;

	if (!size)
		return l->distance[q];
	n = node_at(size->node);
	lo = var_at(n->var)->pub.domain.lo;
	for (uint32_t i = 0; i < n->n; i++) {
		uint64_t from = lo > l->distance[q] ? (uint64_t)lo : l->distance[q];

		if (n->edge[i].to == size->to && lengths_next(&set, from, (uint64_t)n->edge[i].hi) != UINT64_MAX &&
		    (q || l->loops || !from))
			return from;
		lo = n->edge[i].hi + 1;
	}
	return UINT64_MAX;
}

static bool list_fill(struct make *w, struct place *p, const struct list_way *l, uint32_t q, uint64_t n,
                      struct krux_value *out)
{
	struct krux_value *item = ARENA_ARRAY(w->a, struct krux_value, n + 1);
	uint32_t at = q;

	for (uint32_t k = l->distance[q]; k-- > 0; at = l->from[at])
		if (!element_make(w, p, l->fa->state[l->from[at]].element, at, &item[k]))
			return false;
	if (n > l->distance[q] && !q && !element_make(w, p, l->fa->state[0].element, 0, &item[0]))
		return false;
	/* What was read once more changes nothing. */
	for (uint64_t k = q ? l->distance[q] : 1; k < n; k++)
		item[k] = item[k - 1];
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } };
	return true;
}

static bool list_make(struct make *w, struct place *p, const struct krux_value *deflt, struct krux_value *out)
{
	struct var *v = p->value == NONE ? NULL : var_at(p->value);
	const struct demand *d = demand_on(&w->demands, v), *size = v ? demand_on(&w->demands, var_at(v->size)) : NULL;
	struct dd_state all = { .out = DD_TRUE, .element = DD_STATE };
	struct dd_automaton anything = { .nstates = 1, .state = &all };
	struct list_way l = { .fa = d ? node_at(d->node)->list : &anything };
	uint64_t least = UINT64_MAX;
	uint32_t best = NONE;

	if (!d && !size) {
		*out = deflt ? *deflt : (struct krux_value){ .kind = KRUX_V_LIST };
		return true;
	}
	assert(v);                       /* what has a demand or a size is tested */
	list_search(w, &l);
	if (!d)
		l.loops = true;
	for (uint32_t q = 0; q < l.fa->nstates; q++) {
		uint64_t n;

		if ((d && l.fa->state[q].out != d->to) || l.distance[q] == NONE)
			continue;
		n = list_length(&l, q, size, v->max);
		if (n < least) {
			least = n;
			best = q;
		}
	}
	return best != NONE && list_fill(w, p, &l, best, least, out);
}

static bool map_make(struct make *w, struct place *p, const struct krux_value *deflt, struct krux_value *out)
{
	const struct demand *size = p->size == NONE ? NULL : demand_on(&w->demands, var_at(p->size));
	struct krux_member *member;
	uint64_t n;

	*out = deflt ? *deflt : (struct krux_value){ .kind = KRUX_V_MAP };
	if (!size)
		return true;
	n = (uint64_t)number_choose(var_at(p->size), size, 0);
	member = ARENA_ARRAY(w->a, struct krux_member, n + 1);
	for (uint64_t i = 0; i < n; i++) {
		struct make inner = { w->m, w->a, { 0 } };

		member[i].key = arena_printf(w->a, "k%llu", (unsigned long long)i);
		if (i)
			member[i].value = member[0].value;
		else if (!value_make(&inner, place_element(w->m, p), NULL, &member[0].value))
			return false;
	}
	krux_members_sort(member, n);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, n } };
	return true;
}

/* Is anything asked of a place or its parts. */
static bool asked(const struct make *w, const struct place *p)
{
	for (size_t i = 0; i < w->demands.n; i++)
		for (const struct place *q = node_var(w->demands.demand[i].node)->place; q; q = q->parent)
			if (q == p)
				return true;
	return false;
}

static bool record_make(struct make *w, struct place *p, struct krux_value *out)
{
	const struct krux_field *field;
	size_t nparts = type_parts(p->type, &field), n = 0;
	struct krux_member *member = ARENA_ARRAY(w->a, struct krux_member, nparts + 1);

	for (uint32_t i = 0; i < nparts; i++) {
		struct place *part = place_part(w->m, p, i);
		const struct demand *has = part->has == NONE ? NULL : demand_on(&w->demands, var_at(part->has));

		if (part->optional && !(has && number_choose(var_at(part->has), has, 1)))
			continue;
		member[n].key = field[i].name;
		if (!value_make(w, part, field[i].deflt, &member[n++].value))
			return false;
	}
	krux_members_sort(member, n);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, n } };
	return true;
}

/* https://example.com/ but for what is asked; the port goes with the scheme. */
static bool url_make(struct make *w, struct place *p, struct krux_value *out)
{
	static const struct krux_str https = { "https", 5 };
	struct krux_member *member = ARENA_ARRAY(w->a, struct krux_member, URL_PARTS);
	bool secure = true;

	for (uint32_t i = 0; i < URL_PARTS; i++) {
		struct place *part = place_part(w->m, p, i);
		const struct krux_value simple[URL_PARTS] = {
			[URL_SCHEME] = text_value(https), [URL_HOST] = text_value(KRUX_STR("example.com")),
			[URL_PORT] = { .kind = KRUX_V_UINT, .u = secure ? 443 : 80 }, [URL_PATH] = text_value(KRUX_STR("/")),
			[URL_QUERY] = text_value(KRUX_STR("")),
		};

		member[i].key = url_part[i].name;
		if (!value_make(w, part, &simple[i], &member[i].value))
			return false;
		if (i == URL_SCHEME)
			secure = member[i].value.str.n == 5;
	}
	krux_members_sort(member, URL_PARTS);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { member, URL_PARTS } };
	return true;
}

static bool value_make(struct make *w, struct place *p, const struct krux_value *deflt, struct krux_value *out)
{
	struct var *v;

	if (deflt && !asked(w, p)) {
		*out = *deflt;
		return true;
	}
	switch (p->type->kind) {
	case KRUX_T_RECORD:
		return record_make(w, p, out);
	case KRUX_T_URL:
		return url_make(w, p, out);
	case KRUX_T_LIST:
		return list_make(w, p, deflt, out);
	case KRUX_T_MAP:
		return map_make(w, p, deflt, out);
	default:
		break;
	}
	v = place_value(w->m, p);
	if (v->pub.kind == DD_STRING)
		return string_make(w, v, deflt, out);
	*out = number_value(w->a, p->type, number_choose(v, demand_on(&w->demands, v), number_zero(p->type, deflt)));
	return true;
}

/* ---- requests ---- */

static bool request_make(struct make *w, struct dd_witness *out)
{
	struct var *agent = var_agent(w->m);
	const struct demand *d = demand_on(&w->demands, agent);
	size_t cap = 0;

	*out = (struct dd_witness){ 0 };
	out->agent = text_choose(w->a, agent, d ? state_class(node_at(d->node)->n, d->to) : domain_of(agent)->yes[0],
	                         NULL);
	if (!out->agent.p || !record_make(w, w->m->input, &out->args))
		return false;
	for (size_t i = 0; i < w->demands.n; i++) {
		const struct var *v = node_var(w->demands.demand[i].node);
		struct dd_fact_value f = { v->number, 0 };

		if (!v->pub.is_fact)
			continue;
		f.value = (uint64_t)number_choose(v, &w->demands.demand[i], 0);
		if (f.value)
			ARENA_PUSH(w->a, out->fact, out->nfacts, cap, f);
	}
	return true;
}

struct ask {
	struct arena *a;
	uint32_t f, value;
	const struct dd_region *region;
	struct dd_witness *out;
};

static uint32_t ask(struct dd *m, void *args)
{
	struct ask *x = args;
	struct make w = { m, x->a, { 0 } };
	struct demand *demand;

	if (!request_possible(m))
		return 0;
	if (x->region) {
		demand = ARENA_ARRAY(x->a, struct demand, x->region->nsteps + 1);
		for (size_t i = 0; i < x->region->nsteps; i++)
			demand[i] = (struct demand){ x->region->step[i].node, *x->region->step[i].to };
		w.demands = (struct demands){ demand, x->region->nsteps };
	} else if (!way_find(x->a, x->f, x->value, &w.demands)) {
		return 0;
	}
	return request_make(&w, x->out);
}

bool dd_witness(struct dd *m, struct arena *a, uint32_t f, uint32_t value, struct dd_witness *out)
{
	return value != DD_IMPOSSIBLE && store_guard(m, ask, &(struct ask){ a, f, value, NULL, out });
}

bool dd_region_witness(struct dd *m, struct arena *a, const struct dd_region *r, struct dd_witness *out)
{
	return store_guard(m, ask, &(struct ask){ .a = a, .region = r, .out = out });
}
