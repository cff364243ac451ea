/* The terminal that a function gives one request. */
#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "compiler/dd/children.h"
#include "compiler/dd/pair.h"
#include "compiler/model/access.h"

/* Where elements are looked at, what their variables start from. */
struct at {
	struct dd *m;
	const struct dd_request *request;
	const struct krux_value *element;
	const struct place *scope;
};

static uint32_t eval(const struct at *, uint32_t f);

/* The value at a place; NULL where something on the way is absent. */
static const struct krux_value *value_at(const struct at *at, const struct place *p)
{
	const struct krux_value *v;
	const struct krux_field *field;
	struct krux_str name;

	if (p == at->scope)
		return at->element;
	if (!p->parent)
		return at->request->args;
	v = value_at(at, p->parent);
	if (!v || v->kind != KRUX_V_MAP)
		return NULL;
	type_parts(p->parent->type, &field);
	name = field[p->index].name;
	for (size_t i = 0; i < v->map.n; i++)
		if (krux_str_eq(v->map.member[i].key, name))
			return &v->map.member[i].value;
	return NULL;
}

static uint64_t size_of(const struct krux_value *v)
{
	switch (v->kind) {
	case KRUX_V_LIST:
		return v->list.n;
	case KRUX_V_MAP:
		return v->map.n;
	default:
		return v->str.n;
	}
}

/* The fact or field as a number; false where it is absent. */
static bool number_of(const struct at *at, const struct var *v, krux_u128 *out)
{
	const struct krux_value *value;
	uint64_t answer = 0;

	if (v->pub.is_fact) {
		if (at->request->fact_of && !at->request->fact_of(at->request->ctx, v->number, &answer))
			answer = 0;
		*out = answer > v->pub.domain.hi ? v->pub.domain.hi : answer;
		return true;
	}
	value = value_at(at, v->place);
	if (v->pub.subject.kind == SUBJECT_HAS)
		*out = value != NULL;
	else if (value && v->pub.subject.kind == SUBJECT_SIZE)
		*out = size_of(value);
	else if (value)
		*out = number_key(v->pub.subject.type, value);
	return value || v->pub.subject.kind == SUBJECT_HAS;
}

static uint32_t number_eval(const struct node *n, krux_u128 key)
{
	uint32_t lo = 0, hi = n->n - 1;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (n->edge[mid].hi < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return n->edge[lo].to;
}

static uint32_t arc_follow(uint32_t state, uint32_t scalar)
{
	const struct state *s = &store.state[state];
	uint32_t lo = s->first, hi = s->first + s->n - 1;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (store.arc[mid].hi < scalar)
			lo = mid + 1;
		else
			hi = mid;
	}
	return store.arc[lo].to;
}

/* A pair is followed as its boolean state, so that nothing has to be made. */
static uint32_t text_eval(uint32_t state, struct krux_str s, bool octets)
{
	struct two two = { NONE, DD_FALSE, DD_TRUE };
	uint32_t out;

	for (size_t i = 0;;) {
		unsigned len = 1;
		uint32_t c;

		if (store.state[state].boolean != NONE) {
			state_two(state, &two);
			state = two.boolean;
		}
		out = store.state[state].settled;
		if (i >= s.n || (out != NONE && is_terminal(out)))
			break;
		c = octets ? (unsigned char)s.p[i] + 1u : krux_utf8_get(s.p + i, s.n - i, &len);
		state = arc_follow(state, c);
		i += len;
	}
	if (out == NONE)
		out = store.state[state].out;
	if (two.boolean != NONE && out != DD_IMPOSSIBLE)
		out = out == DD_FALSE ? two.lo : two.hi;
	return out;
}

static uint32_t string_eval(const struct at *at, const struct var *v, uint32_t start)
{
	const struct krux_value *value;
	char hex[64];

	if (v->pub.subject.kind == SUBJECT_AGENT)
		return text_eval(start, at->request->agent, false);
	value = value_at(at, v->place);
	if (!value)
		return DD_IMPOSSIBLE;
	if (v->pub.subject.type->kind != KRUX_T_DIGEST || value->kind != KRUX_V_BYTES || value->str.n != 32)
		return text_eval(start, value->str, v->octets);
	krux_hex_write((const uint8_t *)value->str.p, 32, hex);
	return text_eval(start, (struct krux_str){ hex, sizeof hex }, false);
}

static uint32_t list_eval(const struct at *at, const struct var *v, const struct dd_automaton *fa)
{
	const struct krux_value *value = value_at(at, v->place);
	struct at inner = *at;
	uint32_t q = 0;

	if (!value || value->kind != KRUX_V_LIST)
		return DD_IMPOSSIBLE;
	inner.scope = v->place->element;
	for (size_t i = 0; i < value->list.n; i++) {
		uint32_t to;

		inner.element = &value->list.item[i];
		to = eval(&inner, fa->state[q].element);
		if (to < DD_STATE)
			return DD_IMPOSSIBLE;
		q = to - DD_STATE;
	}
	return fa->state[q].out;
}

static uint32_t follow(const struct at *at, uint32_t node)
{
	const struct node *n = node_at(node);
	const struct var *v = var_at(n->var);
	krux_u128 key;

	if (n->kind == DD_STRING)
		return string_eval(at, v, n->n);
	if (n->kind == DD_LIST)
		return list_eval(at, v, n->list);
	return number_of(at, v, &key) ? number_eval(n, key) : (uint32_t)DD_IMPOSSIBLE;
}

static uint32_t eval(const struct at *at, uint32_t f)
{
	while (!is_terminal(f))
		f = follow(at, f);
	return f;
}

uint32_t node_follow(struct dd *m, uint32_t node, const struct krux_value *args)
{
	struct dd_request r = { .args = args };

	return follow(&(struct at){ .m = m, .request = &r }, node);
}

uint32_t dd_eval(struct dd *m, uint32_t f, const struct dd_request *r)
{
	struct at at = { .m = m, .request = r };

	return m->overflow ? (uint32_t)DD_IMPOSSIBLE : eval(&at, f);
}
