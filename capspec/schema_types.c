/* The table of types of a schema: each holds only types before it, so none holds itself. */
#include "capspec/schema_part.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

bool schema_type_ref(struct reader *r, const struct krux_value *map, const char *key,
                     const struct krux_type **out, unsigned *depth)
{
	uint64_t i;

	if (!schema_uint(r, map, key, UINT32_MAX, &i))
		return false;
	if (i >= r->ntypes)
		return schema_refuse(r, "names a type that is not before it");
	*out = &r->type[i];
	if (r->depth[i] + 1u > *depth)
		*depth = r->depth[i] + 1u;
	return true;
}

static bool range_read(struct reader *r, const struct krux_value *map, struct krux_type *t, krux_i128 lo,
                       krux_i128 hi)
{
	krux_i128 *const bound[] = { &t->lo, &t->hi };
	static const char *const keys[] = { "lo", "hi" };

	for (int i = 0; i < 2; i++) {
		const struct krux_value *v = krux_value_get(map, keys[i]);

		r->key = keys[i];
		if (!v || (v->kind != KRUX_V_UINT && v->kind != KRUX_V_NINT))
			return schema_refuse(r, "is a number");
		*bound[i] = v->kind == KRUX_V_UINT ? (krux_i128)v->u : -1 - (krux_i128)v->u;
		if (*bound[i] < lo || *bound[i] > hi)
			return schema_refuse(r, "is beyond the type");
	}
	return t->lo <= t->hi || schema_refuse(r, "is below lo");
}

static bool names_read(struct reader *r, const struct krux_value *map, struct krux_type *t)
{
	const struct krux_value *v = schema_get(r, map, "names", KRUX_V_LIST);
	struct krux_str *name;

	if (!v)
		return false;
	if (v->list.n < 1 || v->list.n > KRUX_MAX_ENUM)
		return schema_refuse(r, "an enum has 1 to 256 names");
	name = krux_pool_get(r->pool, v->list.n * sizeof *name);
	if (!name)
		return schema_memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		const struct krux_value *item = &v->list.item[i];

		if (item->kind != KRUX_V_TEXT || item->str.n < 1 || item->str.n > KRUX_MAX_NAME)
			return schema_refuse(r, "a name has 1 to 63 bytes");
		name[i] = item->str;
		for (size_t k = 0; k < i; k++)
			if (krux_str_eq(name[i], name[k]))
				return schema_refuse(r, "a name is there twice");
	}
	t->name = name;
	t->nnames = v->list.n;
	t->lo = 0;
	t->hi = (krux_i128)v->list.n - 1;
	return true;
}

static bool default_read(struct reader *r, const struct krux_value *map, struct krux_field *f)
{
	const struct krux_value *v = krux_value_get(map, "default");
	struct krux_value canonical;

	if (!v)
		return true;
	r->key = "default";
	if (!krux_canon(r->pool, f->type, v, &canonical, NULL) || !krux_value_eq(v, &canonical))
		return schema_refuse(r, "is no canonical value of its type");
	f->deflt = v;
	return !f->optional || schema_refuse(r, "belongs to a field that is not optional");
}

static bool field_read(struct reader *r, const struct krux_value *map, struct krux_field *f, unsigned *depth)
{
	if (map->kind != KRUX_V_MAP)
		return schema_refuse(r, "a field is a map");
	if (!schema_text(r, map, "name", &f->name))
		return false;
	if (!schema_word_valid(f->name))
		return schema_refuse(r, "is no name of a field");
	return schema_text(r, map, "doc", &f->doc) && schema_type_ref(r, map, "type", &f->type, depth) &&
	       schema_flag(r, map, "optional", &f->optional) && default_read(r, map, f);
}

static bool fields_read(struct reader *r, const struct krux_value *map, struct krux_type *t, unsigned *depth)
{
	const struct krux_value *v = schema_get(r, map, "fields", KRUX_V_LIST);
	struct krux_field *field;

	if (!v)
		return false;
	if (v->list.n > KRUX_MAX_FIELDS)
		return schema_refuse(r, "a record has at most 64 fields");
	field = krux_pool_get(r->pool, v->list.n * sizeof *field);
	if (!field)
		return schema_memory_refuse(r);
	for (size_t i = 0; i < v->list.n; i++) {
		if (!field_read(r, &v->list.item[i], &field[i], depth))
			return false;
		for (size_t k = 0; k < i; k++)
			if (krux_str_eq(field[i].name, field[k].name))
				return schema_refuse(r, "a field is there twice");
	}
	t->field = field;
	t->nfields = v->list.n;
	return true;
}

static bool kind_read(struct reader *r, const struct krux_value *map, enum krux_tkind *kind)
{
	struct krux_str word;

	if (!schema_text(r, map, "kind", &word))
		return false;
	for (*kind = 0; *kind < KRUX_T_COUNT; ++*kind) {
		const char *w = krux_type_word(*kind);

		if (krux_str_eq(word, (struct krux_str){ w, strlen(w) }))
			return true;
	}
	return schema_refuse(r, "is no kind of type");
}

static bool pattern_read(struct reader *r, const struct krux_value *map, struct krux_type *t)
{
	const char *why;

	if (!krux_value_get(map, "pattern"))
		return true;
	if (!schema_text(r, map, "pattern", &t->pattern))
		return false;
	if (!t->pattern.n)
		return schema_refuse(r, "is left out when it is empty");
	return krux_pattern_compile(r->pool, t->pattern, &why) || schema_refuse(r, why);
}

/* Bounds and parts that belong to the kind. */
static bool details_read(struct reader *r, const struct krux_value *map, struct krux_type *t, unsigned *depth)
{
	uint64_t scale;

	switch (t->kind) {
	case KRUX_T_BOOL:
		t->hi = 1;
		return true;
	case KRUX_T_UINT:
		return range_read(r, map, t, 0, UINT64_MAX);
	case KRUX_T_DECIMAL:
		if (!schema_uint(r, map, "scale", KRUX_MAX_SCALE, &scale))
			return false;
		t->scale = (uint8_t)scale;
		/* fallthrough */
	case KRUX_T_INT:
	case KRUX_T_DATETIME:
		return range_read(r, map, t, INT64_MIN, INT64_MAX);
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		return range_read(r, map, t, 0, INT64_MAX);
	case KRUX_T_PORT:
		return range_read(r, map, t, 1, 65535);
	case KRUX_T_STRING:
		return schema_uint(r, map, "max", UINT32_MAX, &t->max) && pattern_read(r, map, t);
	case KRUX_T_BYTES:
		return schema_uint(r, map, "max", UINT32_MAX, &t->max);
	case KRUX_T_PATH:
		return schema_uint(r, map, "max", KRUX_MAX_PATH, &t->max);
	case KRUX_T_URL:
		return schema_uint(r, map, "max", KRUX_MAX_URL, &t->max);
	case KRUX_T_HOST:
		return schema_uint(r, map, "max", KRUX_MAX_HOST, &t->max);
	case KRUX_T_IP:
	case KRUX_T_CIDR:
	case KRUX_T_DIGEST:
	case KRUX_T_SECRET:
		t->max = t->kind == KRUX_T_IP ? 16 : t->kind == KRUX_T_CIDR ? KRUX_MAX_CIDR : 64;
		return true;
	case KRUX_T_ENUM:
		return names_read(r, map, t);
	case KRUX_T_LIST:
	case KRUX_T_MAP:
		return schema_type_ref(r, map, "elem", &t->elem, depth) &&
		       schema_uint(r, map, "max", KRUX_MAX_ELEMENTS, &t->max);
	case KRUX_T_RECORD:
		return fields_read(r, map, t, depth);
	case KRUX_T_COUNT:
		break;
	}
	return schema_refuse(r, "is no kind of type");
}

static bool type_read(struct reader *r, const struct krux_value *map, struct krux_type *t)
{
	unsigned depth = 0;

	r->key = NULL;
	if (map->kind != KRUX_V_MAP)
		return schema_refuse(r, "a type is a map");
	if (!kind_read(r, map, &t->kind) || !schema_flag(r, map, "unused", &t->unused) ||
	    (krux_value_get(map, "name") && !schema_text(r, map, "name", &t->type_name)) ||
	    !details_read(r, map, t, &depth))
		return false;
	r->key = NULL;
	if (depth >= KRUX_MAX_DEPTH)
		return schema_refuse(r, "nested more than 64 deep");
	r->depth[r->ntypes] = (unsigned char)depth;
	return true;
}

bool schema_types(struct reader *r, const struct krux_value *list)
{
	struct krux_type *type = krux_pool_get(r->pool, list->list.n * sizeof *type);

	r->depth = krux_pool_get(r->pool, list->list.n);
	if (!type || !r->depth)
		return schema_memory_refuse(r);
	r->type = type;
	r->part = "types";
	for (r->index = 0; r->index < list->list.n; r->index++, r->ntypes++)
		if (!type_read(r, &list->list.item[r->index], &type[r->index]))
			return false;
	return true;
}
