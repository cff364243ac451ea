/* Canonical wire values to the JSON form of their types (LANG.md section 2, column JSON). */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <string.h>

static bool text_put(struct krux_pool *pool, const char *p, int n, enum krux_vkind kind,
                     struct krux_value *out)
{
	const char *copy = n < 0 ? NULL : krux_pool_copy(pool, p, (size_t)n);

	if (!copy)
		return false;
	*out = (struct krux_value){ .kind = kind, .str = { copy, (size_t)n } };
	return true;
}

static bool number_uncanon(struct krux_pool *pool, const struct krux_type *t,
                           const struct krux_value *wire, struct krux_value *out)
{
	char text[64];

	if ((wire->kind != KRUX_V_UINT && wire->kind != KRUX_V_NINT))
		return false;
	if (t->kind == KRUX_T_DURATION)
		return wire->kind == KRUX_V_UINT &&
		       text_put(pool, text, krux_duration_text(wire->u, text, sizeof text), KRUX_V_TEXT, out);
	if (t->kind != KRUX_T_DATETIME && t->kind != KRUX_T_DECIMAL) {
		*out = *wire;
		return true;
	}
	if (wire->u > INT64_MAX)
		return false;
	if (t->kind == KRUX_T_DATETIME)
		return text_put(pool, text,
		                krux_datetime_text(wire->kind == KRUX_V_UINT ? (int64_t)wire->u
		                                                             : -1 - (int64_t)wire->u,
		                                   text, sizeof text), KRUX_V_TEXT, out);
	return text_put(pool, text,
	                krux_decimal_text(wire->kind == KRUX_V_UINT ? (int64_t)wire->u
	                                                            : -1 - (int64_t)wire->u,
	                                  t->scale, text, sizeof text), KRUX_V_NUMBER, out);
}

static bool octets_uncanon(struct krux_pool *pool, const struct krux_type *t,
                           const struct krux_value *wire, struct krux_value *out)
{
	uint8_t ip[16] = { [10] = 0xFF, [11] = 0xFF };
	char text[64];
	char *base64;

	if (wire->kind != KRUX_V_BYTES)
		return false;
	if (t->kind == KRUX_T_DIGEST) {
		if (wire->str.n != 32)
			return false;
		krux_hex_write((const uint8_t *)wire->str.p, 32, text);
		return text_put(pool, text, 64, KRUX_V_TEXT, out);
	}
	if (t->kind == KRUX_T_IP) {
		if (wire->str.n != 4 && wire->str.n != 16)
			return false;
		memcpy(ip + 16 - wire->str.n, wire->str.p, wire->str.n);
		return text_put(pool, text, krux_ip_text(ip, text, sizeof text), KRUX_V_TEXT, out);
	}
	if (wire->str.n > SIZE_MAX / 2)
		return false;
	base64 = krux_pool_get(pool, (wire->str.n + 2) / 3 * 4);
	if (!base64)
		return false;
	*out = (struct krux_value){ .kind = KRUX_V_TEXT,
	                            .str = { base64, krux_base64_write(wire->str, base64) } };
	return true;
}

static bool url_uncanon(struct krux_pool *pool, const struct krux_value *wire, struct krux_value *out)
{
	char text[KRUX_MAX_URL];
	struct krux_url url;
	const char *why;

	return krux_canon_url_parts(wire, &url, &why) &&
	       text_put(pool, text, krux_url_text(&url, text, sizeof text), KRUX_V_TEXT, out);
}

static bool value_uncanon(struct krux_pool *, const struct krux_type *, const struct krux_value *,
                          struct krux_value *, unsigned depth);

static bool list_uncanon(struct krux_pool *pool, const struct krux_type *t,
                         const struct krux_value *wire, struct krux_value *out, unsigned depth)
{
	struct krux_value *item;

	if (wire->kind != KRUX_V_LIST)
		return false;
	item = krux_pool_get(pool, wire->list.n * sizeof *item);
	for (size_t i = 0; item && i < wire->list.n; i++)
		if (!value_uncanon(pool, t->elem, &wire->list.item[i], &item[i], depth))
			return false;
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, wire->list.n } };
	return item != NULL;
}

static const struct krux_type *field_type(const struct krux_type *t, struct krux_str name)
{
	for (size_t f = 0; f < t->nfields; f++)
		if (krux_str_eq(t->field[f].name, name))
			return t->field[f].type;
	return NULL;
}

/* Of a map in its own order; of a record in the order of the type's fields. */
static bool map_uncanon(struct krux_pool *pool, const struct krux_type *t,
                        const struct krux_value *wire, struct krux_value *out, unsigned depth)
{
	struct krux_member *m;
	size_t n = 0;

	if (wire->kind != KRUX_V_MAP)
		return false;
	m = krux_pool_get(pool, wire->map.n * sizeof *m);
	if (!m)
		return false;
	for (size_t i = 0; t->kind == KRUX_T_MAP && i < wire->map.n; i++, n++) {
		m[n].key = wire->map.member[i].key;
		if (!value_uncanon(pool, t->elem, &wire->map.member[i].value, &m[n].value, depth))
			return false;
	}
	for (size_t i = 0; t->kind == KRUX_T_RECORD && i < wire->map.n; i++)
		if (!field_type(t, wire->map.member[i].key))
			return false;
	for (size_t f = 0; t->kind == KRUX_T_RECORD && f < t->nfields; f++) {
		for (size_t i = 0; i < wire->map.n; i++) {
			if (!krux_str_eq(wire->map.member[i].key, t->field[f].name))
				continue;
			if (n == wire->map.n)
				return false;
			m[n].key = t->field[f].name;
			if (!value_uncanon(pool, t->field[f].type, &wire->map.member[i].value, &m[n].value,
			                   depth))
				return false;
			n++;
		}
	}
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return n == wire->map.n;
}

static bool value_uncanon(struct krux_pool *pool, const struct krux_type *t,
                          const struct krux_value *wire, struct krux_value *out, unsigned depth)
{
	if (depth > KRUX_MAX_DEPTH)
		return false;
	switch (t->kind) {
	case KRUX_T_BOOL:
		*out = *wire;
		return wire->kind == KRUX_V_BOOL;
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_DECIMAL:
	case KRUX_T_PORT:
	case KRUX_T_DATETIME:
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		return number_uncanon(pool, t, wire, out);
	case KRUX_T_BYTES:
	case KRUX_T_IP:
	case KRUX_T_DIGEST:
		return octets_uncanon(pool, t, wire, out);
	case KRUX_T_STRING:
	case KRUX_T_ENUM:
	case KRUX_T_PATH:
	case KRUX_T_HOST:
	case KRUX_T_CIDR:
	case KRUX_T_SECRET:
		*out = *wire;
		return wire->kind == KRUX_V_TEXT;
	case KRUX_T_URL:
		return url_uncanon(pool, wire, out);
	case KRUX_T_LIST:
		return list_uncanon(pool, t, wire, out, depth + 1);
	case KRUX_T_MAP:
	case KRUX_T_RECORD:
		return map_uncanon(pool, t, wire, out, depth + 1);
	case KRUX_T_COUNT:
		break;
	}
	return false;
}

bool krux_uncanon(struct krux_pool *pool, const struct krux_type *type, const struct krux_value *wire,
                  struct krux_value *out)
{
	struct krux_value v = { 0 };

	if (!value_uncanon(pool, type, wire, &v, 0))
		return false;
	*out = v;
	return true;
}
