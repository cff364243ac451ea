/* Members of the maps of a schema, taken with care. */
#include "capspec/schema_part.h"

#include <stdio.h>
#include <string.h>

#include "capspec/limits.h"

bool schema_refuse(struct reader *r, const char *why)
{
	char where[96] = "";

	if (r->part)
		snprintf(where, sizeof where, "%s[%zu]%s%s", r->part, r->index, r->key ? "." : "",
		         r->key ? r->key : "");
	return krux_refuse(r->refusal, where, why);
}

bool schema_memory_refuse(struct reader *r)
{
	return schema_refuse(r, "out of memory");
}

const struct krux_value *schema_get(struct reader *r, const struct krux_value *map, const char *key,
                                    enum krux_vkind kind)
{
	const struct krux_value *v = krux_value_get(map, key);

	r->key = key;
	if (v && v->kind == kind)
		return v;
	schema_refuse(r, v ? "is of another kind" : "is missing");
	return NULL;
}

void *schema_list(struct reader *r, const struct krux_value *map, const char *key, size_t each,
                  const struct krux_value **list)
{
	void *room;

	*list = schema_get(r, map, key, KRUX_V_LIST);
	if (!*list)
		return NULL;
	room = krux_pool_get(r->pool, (*list)->list.n * each);
	if (!room)
		schema_memory_refuse(r);
	return room;
}

bool schema_flag(struct reader *r, const struct krux_value *map, const char *key, bool *out)
{
	const struct krux_value *v = krux_value_get(map, key);

	r->key = key;
	*out = v != NULL;
	return !v || (v->kind == KRUX_V_BOOL && v->b) || schema_refuse(r, "is true or left out");
}

bool schema_text(struct reader *r, const struct krux_value *map, const char *key, struct krux_str *out)
{
	const struct krux_value *v = schema_get(r, map, key, KRUX_V_TEXT);

	if (!v)
		return false;
	if (v->str.n && memchr(v->str.p, 0, v->str.n))
		return schema_refuse(r, "holds a NUL");
	*out = v->str;
	return true;
}

bool schema_uint(struct reader *r, const struct krux_value *map, const char *key, uint64_t max,
                     uint64_t *out)
{
	const struct krux_value *v = schema_get(r, map, key, KRUX_V_UINT);

	if (!v)
		return false;
	*out = v->u;
	return v->u <= max || schema_refuse(r, "is too large");
}
static bool word_start(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool word_char(char c)
{
	return word_start(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool schema_word_valid(struct krux_str s)
{
	if (s.n < 1 || s.n > KRUX_MAX_NAME || !word_start(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!word_char(s.p[i]))
			return false;
	return true;
}
