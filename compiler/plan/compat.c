/* Two versions of a capability: can the callers of the old one go on with the new one. */
#include "compiler/plan/diff.h"

#include <string.h>

static const struct krux_field *field_find(const struct krux_type *t, struct krux_str name)
{
	for (size_t i = 0; i < t->nfields; i++)
		if (krux_str_eq(t->field[i].name, name))
			return &t->field[i];
	return NULL;
}

static bool has_name(const struct krux_type *t, struct krux_str name)
{
	for (size_t i = 0; i < t->nnames; i++)
		if (krux_str_eq(t->name[i], name))
			return true;
	return false;
}

/* Is every value of `a` a value of `b`, with the same encoding. *why names the place. */
static bool type_within(struct arena *arena, const struct krux_type *a, const struct krux_type *b,
                        struct krux_str place, bool input, struct krux_str *why);

static bool say(struct arena *arena, struct krux_str *why, struct krux_str place, const char *what)
{
	*why = arena_printf(arena, "%.*s %s", STR_ARG(place), what);
	return false;
}

static bool fields_within(struct arena *arena, const struct krux_type *a, const struct krux_type *b,
                          struct krux_str place, bool input, struct krux_str *why)
{
	for (size_t i = 0; i < a->nfields; i++) {
		const struct krux_field *f = &a->field[i], *g = field_find(b, f->name);
		struct krux_str here = place.n ? arena_printf(arena, "%.*s.%.*s", STR_ARG(place), STR_ARG(f->name))
		                               : f->name;

		if (!g)
			return say(arena, why, here, input ? "is gone" : "is new");
		if ((f->optional || f->deflt) && !g->optional && !g->deflt)
			return say(arena, why, here, "may no longer be left out");
		if (!type_within(arena, f->type, g->type, here, input, why))
			return false;
	}
	for (size_t i = 0; i < b->nfields; i++) {
		const struct krux_field *g = &b->field[i];

		if (!field_find(a, g->name) && !g->optional && !g->deflt)
			return say(arena, why, g->name, input ? "is new and required" : "is gone");
	}
	return true;
}

static bool type_within(struct arena *arena, const struct krux_type *a, const struct krux_type *b,
                        struct krux_str place, bool input, struct krux_str *why)
{
	if (a->kind != b->kind || a->scale != b->scale)
		return say(arena, why, place, "has another type");
	if (a->lo < b->lo || a->hi > b->hi)
		return say(arena, why, place, "has a narrower range");
	if (a->max > b->max)
		return say(arena, why, place, "has a lower max");
	if (b->pattern.n && !krux_str_eq(a->pattern, b->pattern))
		return say(arena, why, place, "has another pattern");
	for (size_t i = 0; i < a->nnames; i++)
		if (!has_name(b, a->name[i]))
			return say(arena, why, place, "no longer takes one of its names");
	if (a->elem && !type_within(arena, a->elem, b->elem, place, input, why))
		return false;
	return a->kind != KRUX_T_RECORD || fields_within(arena, a, b, place, input, why);
}

static bool rights_within(struct arena *arena, const struct capability *old, const struct capability *new,
                          struct krux_str *why)
{
	for (size_t i = 0; i < new->neffects; i++) {
		bool found = false;

		for (size_t k = 0; k < old->neffects; k++)
			found |= old->effect[k].kind == new->effect[i].kind;
		if (!found && new->effect[i].kind != EFFECT_NONE) {
			*why = arena_printf(arena, "it now %s", effect_word(new->effect[i].kind));
			return false;
		}
	}
	return true;
}

bool capability_compatible(struct arena *arena, const struct capability *old, const struct capability *new,
                           struct krux_str *why)
{
	struct krux_str inner;

	if (!type_within(arena, old->input, new->input, KRUX_STR(""), true, &inner)) {
		*why = arena_printf(arena, "input %.*s", STR_ARG(inner));
		return false;
	}
	/* Answers flow the other way: what the new one says, old readers must understand; more
	 * fields do not hurt them. */
	for (size_t i = 0; i < old->output->nfields; i++) {
		const struct krux_field *f = &old->output->field[i], *g = field_find(new->output, f->name);

		if (!g || (g->optional && !f->optional)) {
			*why = arena_printf(arena, "output %.*s %s", STR_ARG(f->name), g ? "may be absent" : "is gone");
			return false;
		}
		if (!type_within(arena, g->type, f->type, f->name, false, &inner)) {
			*why = arena_printf(arena, "output %.*s", STR_ARG(inner));
			return false;
		}
	}
	return rights_within(arena, old, new, why);
}

bool type_same(const struct krux_type *a, const struct krux_type *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->scale != b->scale || a->lo != b->lo || a->hi != b->hi || a->max != b->max ||
	    !krux_str_eq(a->pattern, b->pattern) || a->nnames != b->nnames || a->nfields != b->nfields ||
	    !a->elem != !b->elem)
		return false;
	for (size_t i = 0; i < a->nnames; i++)
		if (!krux_str_eq(a->name[i], b->name[i]))
			return false;
	for (size_t i = 0; i < a->nfields; i++)
		if (!krux_str_eq(a->field[i].name, b->field[i].name) || a->field[i].optional != b->field[i].optional ||
		    !type_same(a->field[i].type, b->field[i].type))
			return false;
	return !a->elem || type_same(a->elem, b->elem);
}

static bool arg_same(const struct effect_arg *a, const struct effect_arg *b)
{
	return a->tree == b->tree && a->prunes == b->prunes && a->is_constant == b->is_constant &&
	       (a->is_constant ? krux_str_eq(a->constant, b->constant)
	                       : krux_str_eq(a->access.text, b->access.text));
}

bool value_same(const struct krux_value *a, const struct krux_value *b)
{
	return a && b ? krux_value_eq(a, b) : a == b;
}

bool effects_same(const struct capability *a, const struct capability *b)
{
	if (a->neffects != b->neffects)
		return false;
	for (size_t i = 0; i < a->neffects; i++) {
		if (a->effect[i].kind != b->effect[i].kind || a->effect[i].nargs != b->effect[i].nargs)
			return false;
		for (size_t k = 0; k < a->effect[i].nargs; k++)
			if (!arg_same(&a->effect[i].arg[k], &b->effect[i].arg[k]))
				return false;
	}
	return true;
}

bool capability_same_input(const struct capability *a, const struct capability *b)
{
	if (!type_same(a->input, b->input) || !effects_same(a, b))
		return false;
	for (size_t i = 0; i < a->input->nfields; i++)
		if (!value_same(a->input->field[i].deflt, b->input->field[i].deflt))
			return false;
	return true;
}
