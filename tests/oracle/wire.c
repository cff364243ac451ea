/* Canonical values to their wire form and back (the table of LANG.md 2, and 6). */
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/oracle.h"

static void integer(o_int v, struct krux_value *out)
{
	*out = v < 0 ? (struct krux_value){ .kind = KRUX_V_NINT, .u = (uint64_t)(-1 - v) }
	             : (struct krux_value){ .kind = KRUX_V_UINT, .u = (uint64_t)v };
}

static struct krux_str octets(struct arena *a, const struct o_type *t, const struct o_val *v)
{
	size_t n = t->kind == O_DIGEST ? 32 : v->v4 ? 4 : 16;
	char *p = arena_get(a, n);

	for (size_t i = 0; i < n; i++) {
		if (t->kind == O_DIGEST)
			p[i] = (char)strtol((char[3]){ v->s.p[2 * i], v->s.p[2 * i + 1], 0 }, NULL, 16);
		else
			p[i] = (char)((o_uint)v->num >> 8 * (n - 1 - i));
	}
	return (struct krux_str){ p, n };
}

static int by_key(const void *x, const void *y)
{
	const struct krux_member *a = x, *b = y;

	if (a->key.n != b->key.n)
		return a->key.n < b->key.n ? -1 : 1;
	return memcmp(a->key.p, b->key.p, a->key.n);
}

static void members(struct arena *a, const struct o_type *t, const struct o_val *v, struct krux_value *out)
{
	struct krux_member *m = ARENA_ARRAY(a, struct krux_member, v->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++) {
		if (!v->item[i].present)
			continue;
		m[n].key = t->kind == O_MAP ? v->key[i] : t->field[i].name;
		o_wire(a, t->kind == O_MAP ? t->elem : t->field[i].type, &v->item[i], &m[n++].value);
	}
	qsort(m, n, sizeof *m, by_key);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
}

void o_wire(struct arena *a, const struct o_type *t, const struct o_val *v, struct krux_value *out)
{
	switch (t->kind) {
	case O_BOOL:
		*out = (struct krux_value){ .kind = KRUX_V_BOOL, .b = v->num };
		break;
	case O_INT: case O_UINT: case O_DECIMAL: case O_PORT: case O_DATETIME: case O_DURATION: case O_SIZE:
		integer(v->num, out);
		break;
	case O_ENUM:
		*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = t->name[v->num] };
		break;
	case O_BYTES:
		*out = (struct krux_value){ .kind = KRUX_V_BYTES, .str = v->s };
		break;
	case O_IP: case O_DIGEST:
		*out = (struct krux_value){ .kind = KRUX_V_BYTES, .str = octets(a, t, v) };
		break;
	case O_LIST: {
		struct krux_value *item = ARENA_ARRAY(a, struct krux_value, v->n + 1);
		for (size_t i = 0; i < v->n; i++)
			o_wire(a, t->elem, &v->item[i], &item[i]);
		*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, v->n } };
		break;
	}
	case O_MAP: case O_RECORD: case O_URL:
		members(a, t, v, out);
		break;
	default:
		*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = v->s };
		break;
	}
}
