/* A value as somebody wrote it to the one canonical value of a type, or a refusal that says
 * where and why. What goes in may be JSON, literals of a source file, or the wire form itself:
 * canonical values are their own canonical form. */
#include "capspec/canon_part.h"

#include <stdio.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

static bool value_canon(struct canon *, const struct krux_type *, const struct krux_value *in,
                        struct krux_value *out);

/* ---- containers ---- */

/* One step further in; *place is where. */
static struct canon step_in(const struct canon *c, struct place *place)
{
	struct canon inner = *c;

	place->up = c->place;
	inner.place = place;
	inner.depth++;
	return inner;
}

static bool list_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                       struct krux_value *out)
{
	struct place here = { .kind = ITEM };
	struct canon inner = step_in(c, &here);
	struct krux_value *item;

	if (in->kind != KRUX_V_LIST)
		return canon_kind_refuse(c, "a list", in);
	if (in->list.n > t->max)
		return canon_refuse(c, "has %zu elements, at most %llu are allowed", in->list.n,
		                    (unsigned long long)t->max);
	item = krux_pool_get(c->pool, in->list.n * sizeof *item);
	if (!item)
		return canon_memory_refuse(c);
	for (here.index = 0; here.index < in->list.n; here.index++)
		if (!value_canon(&inner, t->elem, &in->list.item[here.index], &item[here.index]))
			return false;
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, in->list.n } };
	return true;
}

static bool map_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                      struct krux_value *out)
{
	static const struct krux_type key_type = { .kind = KRUX_T_STRING, .max = KRUX_MAX_STRING };
	struct place here = { .kind = ENTRY };
	struct canon inner = step_in(c, &here);
	const struct krux_str *twice;
	struct krux_member *m;

	if (in->kind != KRUX_V_MAP)
		return canon_kind_refuse(c, "a map with text keys", in);
	if (in->map.n > t->max)
		return canon_refuse(c, "has %zu entries, at most %llu are allowed", in->map.n,
		                    (unsigned long long)t->max);
	m = krux_pool_get(c->pool, in->map.n * sizeof *m);
	if (!m)
		return canon_memory_refuse(c);
	for (size_t i = 0; i < in->map.n; i++) {
		here.name = m[i].key = in->map.member[i].key;
		if (!canon_string_check(&inner, &key_type, m[i].key) ||
		    !value_canon(&inner, t->elem, &in->map.member[i].value, &m[i].value))
			return false;
	}
	twice = krux_members_sort(m, in->map.n);
	if (twice) {
		here.name = *twice;
		return canon_refuse(&inner, "is there twice");
	}
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, in->map.n } };
	return true;
}

static bool unknown_refuse(struct canon *c, const struct krux_type *t)
{
	char names[200];
	size_t n = 0;

	for (size_t i = 0; i < t->nfields; i++) {
		if (n + t->field[i].name.n + 8 > sizeof names) {
			n += (size_t)snprintf(names + n, sizeof names - n, ", ...");
			break;
		}
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%.*s", i ? ", " : "",
		                      (int)t->field[i].name.n, t->field[i].name.p);
	}
	if (!n)
		return canon_refuse(c, "no such field, there is none");
	return canon_refuse(c, "no such field, there is %.*s", (int)n, names);
}

/* Sorts the members of `in` to the fields they are for. */
static bool members_assign(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                           const struct krux_value *given[static KRUX_MAX_FIELDS])
{
	struct place here = { .kind = FIELD };
	struct canon inner = step_in(c, &here);

	for (size_t i = 0; i < in->map.n; i++) {
		size_t f = 0;

		here.name = in->map.member[i].key;
		while (f < t->nfields && !krux_str_eq(t->field[f].name, here.name))
			f++;
		if (f == t->nfields)
			return unknown_refuse(&inner, t);
		if (given[f])
			return canon_refuse(&inner, "is there twice");
		given[f] = &in->map.member[i].value;
	}
	return true;
}

/* The value of a field, given or not; *absent when it has none and needs none. */
static bool field_canon(struct canon *c, const struct krux_field *field, const struct krux_value *given,
                        struct krux_value *out, bool *absent)
{
	*absent = false;
	if (given && given->kind == KRUX_V_NULL)
		return canon_refuse(c, field->optional || field->deflt ?
		                    "null is no value: leave the field out" : "null is no value");
	if (given)
		return value_canon(c, field->type, given, out);
	if (field->deflt)
		*out = *field->deflt;
	*absent = !field->deflt;
	return field->deflt || field->optional || canon_refuse(c, "is missing");
}

static bool record_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                         struct krux_value *out)
{
	const struct krux_value *given[KRUX_MAX_FIELDS];
	struct place here = { .kind = FIELD };
	struct canon inner = step_in(c, &here);
	struct krux_member *m;
	size_t n = 0;
	bool absent;

	if (in->kind != KRUX_V_MAP)
		return canon_kind_refuse(c, "a record", in);
	if (t->nfields > KRUX_MAX_FIELDS)
		return canon_refuse(c, "the type has more than 64 fields");
	memset(given, 0, t->nfields * sizeof *given);
	if (!members_assign(c, t, in, given))
		return false;
	m = krux_pool_get(c->pool, t->nfields * sizeof *m);
	if (!m)
		return canon_memory_refuse(c);
	for (size_t f = 0; f < t->nfields; f++) {
		here.name = m[n].key = t->field[f].name;
		if (!field_canon(&inner, &t->field[f], given[f], &m[n].value, &absent))
			return false;
		n += !absent;
	}
	krux_members_sort(m, n);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return true;
}

/* ---- all ---- */

static bool container_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                            struct krux_value *out)
{
	if (c->depth == KRUX_MAX_DEPTH)
		return canon_refuse(c, "nested more than %d deep", KRUX_MAX_DEPTH);
	switch (t->kind) {
	case KRUX_T_LIST:
		return list_canon(c, t, in, out);
	case KRUX_T_MAP:
		return map_canon(c, t, in, out);
	case KRUX_T_URL:
		return canon_url(c, t, in, out);
	default:
		return record_canon(c, t, in, out);
	}
}

static bool value_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                        struct krux_value *out)
{
	switch (t->kind) {
	case KRUX_T_BOOL:
		return canon_bool(c, in, out);
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_DECIMAL:
	case KRUX_T_PORT:
	case KRUX_T_DATETIME:
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		return canon_number(c, t, in, out);
	case KRUX_T_BYTES:
		return canon_bytes(c, t, in, out);
	case KRUX_T_IP:
		return canon_ip(c, in, out);
	case KRUX_T_DIGEST:
		return canon_digest(c, in, out);
	case KRUX_T_STRING:
	case KRUX_T_ENUM:
	case KRUX_T_PATH:
	case KRUX_T_HOST:
	case KRUX_T_CIDR:
	case KRUX_T_SECRET:
		return canon_text(c, t, in, out);
	case KRUX_T_URL:
	case KRUX_T_LIST:
	case KRUX_T_MAP:
	case KRUX_T_RECORD:
		return container_canon(c, t, in, out);
	case KRUX_T_COUNT:
		break;
	}
	return canon_refuse(c, "no such type");
}

bool krux_canon(struct krux_pool *pool, const struct krux_type *type, const struct krux_value *in,
                struct krux_value *out, struct krux_refusal *refusal)
{
	struct compiled *compiled = NULL;
	struct canon c = { .pool = pool, .compiled = &compiled, .refusal = refusal };
	struct krux_value v = { 0 };

	if (!value_canon(&c, type, in, &v))
		return false;
	*out = v;
	return true;
}
