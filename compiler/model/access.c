/* Names of fields to places. */
#include "compiler/model/access.h"

#include <string.h>

#include "capspec/limits.h"
#include "compiler/model/kinds.h"
#include "compiler/model/names.h"

size_t type_parts(const struct krux_type *t, const struct krux_field **out)
{
	*out = t->kind == KRUX_T_URL ? url_part : t->field;
	if (t->kind == KRUX_T_URL)
		return URL_PARTS;
	return t->kind == KRUX_T_RECORD ? t->nfields : 0;
}

int field_find(const struct krux_type *t, struct krux_str name)
{
	const struct krux_field *f;
	size_t n = type_parts(t, &f);

	for (size_t i = 0; i < n; i++)
		if (krux_str_eq(f[i].name, name))
			return (int)i;
	return -1;
}

/* Most places are plain fields: their one step is shared. */
struct access access_field(const struct krux_type *input, unsigned field)
{
	static const uint16_t first[KRUX_MAX_FIELDS] = {
		0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
		32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
		48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63,
	};

	return (struct access){ &first[field], 1, input->field[field].type,
		                input->field[field].name };
}

struct access access_part(struct arena *a, const struct access *from, unsigned part)
{
	const struct krux_field *f;
	uint16_t *step = ARENA_ARRAY(a, uint16_t, from->nsteps + 1);
	struct access out = { step, from->nsteps + 1, NULL, { 0 } };

	type_parts(from->type, &f);
	if (from->nsteps)
		memcpy(step, from->step, from->nsteps * sizeof *step);
	step[from->nsteps] = (uint16_t)part;
	out.type = f[part].type;
	out.text = from->text.n ? arena_printf(a, "%.*s.%.*s", STR_ARG(from->text),
	                                       STR_ARG(f[part].name))
	                        : f[part].name;
	return out;
}

bool access_eq(const struct access *a, const struct access *b)
{
	return a->nsteps == b->nsteps &&
	       (!a->nsteps || !memcmp(a->step, b->step, a->nsteps * sizeof *a->step));
}

enum access_fault access_find(struct arena *a, const struct krux_type *input,
                              const struct operand *o, struct access *out, bool *optional,
                              size_t *at_name, const struct krux_type **in)
{
	const struct krux_field *f;
	int i;

	*optional = false;
	*at_name = 0;
	*in = input;
	if (o->kind != OPERAND_NAME)
		return ACCESS_NO_NAME;
	i = field_find(input, o->name[0]);
	if (i < 0)
		return ACCESS_NO_FIELD;
	*out = access_field(input, (unsigned)i);
	*optional = input->field[i].optional;
	for (size_t k = 1; k < o->nnames; k++) {
		*at_name = k;
		*in = out->type;
		i = field_find(out->type, o->name[k]);
		if (i < 0)
			return ACCESS_NO_PART;
		type_parts(out->type, &f);
		*optional = *optional || f[i].optional;
		*out = access_part(a, out, (unsigned)i);
	}
	return ACCESS_OK;
}

static struct krux_str *names_of(struct arena *a, const struct krux_type *t, size_t *n)
{
	const struct krux_field *f;
	struct krux_str *name;

	*n = type_parts(t, &f);
	name = ARENA_ARRAY(a, struct krux_str, *n);
	for (size_t i = 0; i < *n; i++)
		name[i] = f[i].name;
	return name;
}

static struct krux_str list_words(struct arena *a, const struct krux_str *name, size_t n)
{
	struct krux_str s = { 0 };

	for (size_t i = 0; i < n && i < 12; i++)
		s = arena_printf(a, "%.*s%s%.*s", STR_ARG(s), i ? ", " : "", STR_ARG(name[i]));
	return n > 12 ? arena_printf(a, "%.*s and %zu more", STR_ARG(s), n - 12) : s;
}

void access_complain(struct diags *ds, unsigned code, enum access_fault fault,
                     const struct operand *o, size_t at_name, const struct krux_type *in)
{
	struct arena *a = ds->arena;
	struct krux_str near, *name;
	struct diag *d;
	size_t n;

	if (fault == ACCESS_NO_NAME) {
		diag_error(ds, code, o->at, "only an input field can stand here")->expected =
			KRUX_STR("the name of a field");
		return;
	}
	name = names_of(a, in, &n);
	near = name_near(ds, o->name[at_name], name, n);
	if (fault == ACCESS_NO_FIELD)
		d = diag_error(ds, code, o->at, "there is no input field `%.*s`",
		               STR_ARG(o->name[0]));
	else if (n)
		d = diag_error(ds, code, o->at, "`%.*s` has no part `%.*s`",
		               STR_ARG(o->name[at_name - 1]), STR_ARG(o->name[at_name]));
	else
		d = diag_error(ds, code, o->at, "`%.*s` is %s, which has no parts",
		               STR_ARG(o->name[at_name - 1]), kind_words(in->kind));
	if (n)
		d->expected = arena_printf(a, "one of %.*s", STR_ARG(list_words(a, name, n)));
	if (near.n)
		d->fix = arena_printf(a, "did you mean `%.*s`?", STR_ARG(near));
}

struct krux_str operand_words(struct arena *a, const struct operand *o)
{
	struct krux_str s = { 0 };

	for (size_t i = 0; i < o->nnames; i++)
		s = arena_printf(a, "%.*s%s%.*s", STR_ARG(s), i ? "." : "", STR_ARG(o->name[i]));
	return s;
}
