/* The calls that two versions of a capability take: their fields in common order, each to be left out
 * where both let it be. What a call leaves out means the version's own default, or nothing. */
#include "compiler/plan/joint.h"

#include "compiler/base/buf.h"
#include "compiler/plan/call.h"
#include "compiler/plan/diff.h"

/* ---- what was changed ---- */

static struct krux_str text_take(struct arena *a, struct buf *b)
{
	struct krux_str s = arena_str(a, (struct krux_str){ b->p, b->n });

	buf_free(b);
	return s;
}

static void absence_print(struct buf *b, const struct krux_field *f)
{
	if (f->deflt) {
		buf_puts(b, "= ");
		value_print(b, f->type, f->deflt, 64);
	} else {
		buf_puts(b, f->optional ? "optional" : "required");
	}
}

static void effects_print(struct buf *b, const struct capability *cap)
{
	for (size_t i = 0; i < cap->neffects; i++) {
		buf_puts(b, i ? ", " : "");
		effect_print(b, &cap->effect[i]);
	}
}

static const struct krux_field *field_at(const struct capability *cap, size_t i)
{
	return i < cap->input->nfields ? &cap->input->field[i] : NULL;
}

static bool may_lack(const struct krux_field *f)
{
	return f->optional || f->deflt;
}

static void field_what(struct buf *b, const struct krux_field *f, const struct krux_field *g)
{
	if (f && g && krux_str_eq(f->name, g->name) && f->optional == g->optional && value_same(f->deflt, g->deflt) &&
	    type_same(f->type, g->type))
		return;
	buf_puts(b, b->n ? "; " : "");
	if (f && g && krux_str_eq(f->name, g->name) && type_same(f->type, g->type)) {
		buf_str(b, f->name);
		buf_puts(b, " was ");
		absence_print(b, f);
		buf_puts(b, ", is ");
		absence_print(b, g);
	} else if (f && g) {
		buf_str(b, f->name);
		buf_puts(b, krux_str_eq(f->name, g->name) ? " has another type" : " has moved or is gone");
	} else {
		buf_str(b, f ? f->name : g->name);
		buf_puts(b, f ? " is gone, was " : " is new, ");
		absence_print(b, f ? f : g);
	}
}

static struct krux_str changes_say(struct arena *a, const struct capability *old, const struct capability *new)
{
	struct buf b = { 0 };

	for (size_t i = 0; field_at(old, i) || field_at(new, i); i++)
		field_what(&b, field_at(old, i), field_at(new, i));
	if (!effects_same(old, new)) {
		buf_puts(&b, b.n ? "; its effects were " : "its effects were ");
		effects_print(&b, old);
		buf_puts(&b, ", are ");
		effects_print(&b, new);
	}
	return text_take(a, &b);
}

/* ---- calls of both ---- */

/* Does a budget of the capability's rules add up the field, or a part of it. */
static bool is_summed(const struct build *b, const struct capability *cap, size_t field)
{
	for (size_t i = 0; i < b->npolicies; i++) {
		const struct meet *meet;
		size_t n = policy_meets(&b->policy[i], cap, &meet);

		for (size_t k = 0; k < n; k++)
			if (meet[k].rule->budget.given && meet[k].rc->budget.access.nsteps &&
			    meet[k].rc->budget.access.step[0] == field)
				return true;
	}
	return false;
}

static bool differs(struct joint *j, struct arena *a, struct krux_str field, const char *how)
{
	j->unequal = arena_printf(a, "%.*s %s", STR_ARG(field), how);
	j->widens = true;
	return false;
}

/* A field that one of the two has; no call of both gives it. */
static bool field_alone(struct joint *j, struct arena *a, const struct krux_field *f, bool is_new,
                        struct krux_field *out)
{
	*out = *f;
	if (!may_lack(f))
		return differs(j, a, f->name, "is required by one of the two, so no call is right for both");
	j->widens |= is_new;
	out->optional = true;
	out->deflt = NULL;
	return true;
}

static bool field_join(struct joint *j, struct arena *a, const struct krux_field *f, const struct krux_field *g,
                       struct krux_field *out)
{
	*out = *g;
	if (!krux_str_eq(f->name, g->name))
		return differs(j, a, g->name, "stands where another field stood");
	if (!type_same(f->type, g->type))
		return differs(j, a, g->name, "takes other values");
	/* Who lets a field be left out takes calls that were refused. */
	j->widens |= may_lack(g) && !may_lack(f);
	if (value_same(f->deflt, g->deflt) && f->optional == g->optional)
		return true;
	out->optional = may_lack(f) && may_lack(g);
	out->deflt = NULL;
	return true;
}

static void fields_join(struct joint *j, struct arena *a, const struct build *b, const struct capability *old,
                        const struct build *c, const struct capability *new)
{
	size_t n = old->input->nfields > new->input->nfields ? old->input->nfields : new->input->nfields;
	struct krux_field *field = ARENA_ARRAY(a, struct krux_field, n + 1);
	struct krux_type *input = ARENA_NEW(a, struct krux_type);

	for (size_t i = 0; i < n; i++) {
		const struct krux_field *f = field_at(old, i), *g = field_at(new, i);

		if (!(f && g ? field_join(j, a, f, g, &field[i]) : field_alone(j, a, f ? f : g, !f, &field[i])))
			return;
		if (f && g && value_same(f->deflt, g->deflt))
			continue;
		if ((f && is_summed(b, old, i)) || (g && is_summed(c, new, i))) {
			differs(j, a, field[i].name, "is added up by a budget, with what it is when left out");
			return;
		}
	}
	*input = *new->input;
	input->field = field;
	input->nfields = n;
	j->call.input = input;
}

void joint_make(struct joint *j, struct arena *a, const struct build *b, const struct capability *old,
                const struct build *c, const struct capability *new)
{
	*j = (struct joint){ .call = *new, .asked = true };
	j->ncommon = old->input->nfields < new->input->nfields ? old->input->nfields : new->input->nfields;
	j->what = changes_say(a, old, new);
	/* What a call may do is not what decides it. */
	j->widens = !effects_same(old, new);
	fields_join(j, a, b, old, c, new);
}

/* ---- decisions ---- */

uint32_t joint_decision(const struct joint *j, struct arena *a, struct dd *m, const struct capability *cap, uint32_t f)
{
	if (!j->asked)
		return f;
	for (uint32_t i = 0; i < cap->input->nfields; i++) {
		const struct krux_field *own = &cap->input->field[i], *call = &j->call.input->field[i];

		if (i >= j->ncommon)
			f = dd_substitute(m, a, f, i, own->deflt);
		else if (own->deflt && call->optional)
			f = dd_ite(m, dd_given(m, i), f, dd_substitute(m, a, f, i, own->deflt));
	}
	return f;
}
