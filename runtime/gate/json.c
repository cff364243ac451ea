/* Members to values to text. */
#include "runtime/gate/json.h"

#include "capspec/canon.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void object_value(struct object *o, const char *key, struct krux_value v)
{
	if (o->n < OBJECT_MEMBERS)
		o->member[o->n++] = (struct krux_member){ { key, strlen(key) }, v };
	else
		o->failed = true;
}

void object_str(struct object *o, const char *key, struct krux_str s)
{
	if (s.n)
		object_value(o, key, (struct krux_value){ .kind = KRUX_V_TEXT, .str = s });
}

void object_text(struct object *o, const char *key, const char *s)
{
	object_str(o, key, (struct krux_str){ s, strlen(s) });
}

void object_printf(struct object *o, const char *key, const char *fmt, ...)
{
	char buf[4800], *copy;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	copy = n < 0 ? NULL : krux_pool_copy(o->pool, buf, strlen(buf));
	if (copy)
		object_text(o, key, copy);
	else
		o->failed = true;
}

void object_uint(struct object *o, const char *key, uint64_t u)
{
	object_value(o, key, (struct krux_value){ .kind = KRUX_V_UINT, .u = u });
}

void object_bool(struct object *o, const char *key, bool b)
{
	object_value(o, key, (struct krux_value){ .kind = KRUX_V_BOOL, .b = b });
}

void object_hex(struct object *o, const char *key, const uint8_t *p, size_t n)
{
	char *text = krux_pool_get(o->pool, 2 * n + 1);

	if (text) {
		krux_hex_write(p, n, text);
		object_str(o, key, (struct krux_str){ text, 2 * n });
	} else {
		o->failed = true;
	}
}

void object_time(struct object *o, const char *key, uint64_t wall)
{
	char text[64];
	int n = krux_datetime_text(wall > INT64_MAX ? INT64_MAX : (int64_t)wall, text, sizeof text);

	if (n > 0)
		object_printf(o, key, "%.*s", n, text);
}

void object_list(struct object *o, const char *key, const struct krux_value *item, size_t n)
{
	object_value(o, key, (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, n } });
}

bool object_end(struct object *o, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(o->pool, o->n * sizeof *m);

	if (!m || o->failed)
		return false;
	memcpy(m, o->member, o->n * sizeof *m);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, o->n } };
	return true;
}

struct krux_str json_of(struct krux_pool *pool, const struct krux_value *v)
{
	size_t n = krux_json_write(v, NULL, 0);
	char *p = krux_pool_get(pool, n);

	if (!p)
		return (struct krux_str){ NULL, 0 };
	krux_json_write(v, p, n);
	return (struct krux_str){ p, n };
}

struct krux_str object_json(struct object *o)
{
	struct krux_value v;

	if (!object_end(o, &v))
		return (struct krux_str){ NULL, 0 };
	return json_of(o->pool, &v);
}
