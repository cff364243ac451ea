/* A function of requests with one field of the input taken as given: a value, or nothing. What is left
 * asks for that field no more. */
#include "compiler/dd/children.h"

#include "compiler/dd/cond.h"

struct substitute {
	struct dd *m;
	struct arena *a;
	const struct place *field;
	struct krux_value args;            /* the field alone */
	struct known { uint32_t node, result; } *slot;
	size_t cap, used;
};

static struct known *known_find(struct known *slot, size_t cap, uint32_t node)
{
	uint64_t h = mix(0, node);

	while (slot[h & (cap - 1)].node && slot[h & (cap - 1)].node != node)
		h++;
	return &slot[h & (cap - 1)];
}

static void known_add(struct substitute *s, uint32_t node, uint32_t result)
{
	if (s->used * 2 >= s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct known *slot = ARENA_ARRAY(s->a, struct known, cap);

		for (size_t i = 0; i < s->cap; i++)
			if (s->slot[i].node)
				*known_find(slot, cap, s->slot[i].node) = s->slot[i];
		s->slot = slot;
		s->cap = cap;
	}
	*known_find(s->slot, s->cap, node) = (struct known){ node, result };
	s->used++;
}

static bool is_given(const struct substitute *s, const struct var *v)
{
	for (const struct place *p = v->place; p; p = p->parent)
		if (p == s->field)
			return true;
	return false;
}

static uint32_t substitute(struct substitute *s, uint32_t node)
{
	struct children c = { 0 };
	uint32_t *to, result;

	if (is_terminal(node))
		return node;
	if (s->cap && known_find(s->slot, s->cap, node)->node)
		return known_find(s->slot, s->cap, node)->result;
	if (is_given(s, node_var(node))) {
		result = substitute(s, node_follow(s->m, node, &s->args));
	} else {
		node_children(s->a, node, &c);
		to = ARENA_ARRAY(s->a, uint32_t, c.n);
		for (size_t i = 0; i < c.n; i++)
			to[i] = substitute(s, c.to[i]);
		result = node_replace(s->a, node, &c, to);
	}
	known_add(s, node, result);
	return result;
}

uint32_t diagram_substitute(struct dd *m, struct arena *a, uint32_t f, uint32_t field, const struct krux_value *value)
{
	struct krux_member *member = ARENA_NEW(a, struct krux_member);
	struct substitute s = { .m = m, .a = a, .field = place_part(m, m->input, field) };

	s.args = (struct krux_value){ .kind = KRUX_V_MAP };
	if (value) {
		*member = (struct krux_member){ m->cap->input->field[field].name, *value };
		s.args.map.member = member;
		s.args.map.n = 1;
	}
	return substitute(&s, f);
}

uint32_t field_given(struct dd *m, uint32_t field)
{
	struct var *has = place_has(m, place_part(m, m->input, field));

	return has ? between(has, 1, 1) : (uint32_t)DD_TRUE;
}
