/* Is a wire value what o_wire could have made: what a decoder may accept (LANG.md 2 and 6). And
 * near misses of the bytes of one, for the decoder to refuse. */
#include <string.h>

#include "tests/oracle/gen.h"

static bool text_valid(struct krux_str s)
{
	return o_utf8(s) && !(s.n && memchr(s.p, 0, s.n));
}

/* Texts and urls that normalising leaves as they are. */
static bool normal(struct arena *a, const struct o_type *t, struct krux_str s, struct o_val *out)
{
	return o_norm(a, t, &(struct krux_value){ .kind = KRUX_V_TEXT, .str = s }, out);
}

static struct krux_str part(const struct krux_value *url, const char *name)
{
	const struct krux_value *v = krux_value_get(url, name);

	return v && v->kind == KRUX_V_TEXT ? v->str : (struct krux_str){ "\n", 1 };
}

static bool url_valid(struct arena *a, const struct o_type *t, const struct krux_value *v)
{
	struct krux_str host = part(v, "host"), query = part(v, "query"), path = part(v, "path"), scheme = part(v, "scheme"), s;
	const struct krux_value *port = krux_value_get(v, "port");
	bool six = host.n && memchr(host.p, ':', host.n);
	struct krux_value again;
	struct o_val val;

	if (!port || port->kind != KRUX_V_UINT || v->map.n != 5)
		return false;
	s = arena_printf(a, "%.*s://%s%.*s%s:%llu%.*s%s%.*s", (int)scheme.n, scheme.p, six ? "[" : "", (int)host.n, host.p,
	                 six ? "]" : "", (unsigned long long)port->u, (int)path.n, path.p, query.n ? "?" : "", (int)query.n, query.p);
	if (!normal(a, t, s, &val))
		return false;
	o_wire(a, t, &val, &again);
	return krux_value_eq(&again, v);
}

static bool map_valid(struct arena *a, const struct o_type *t, const struct krux_value *v)
{
	size_t known = 0;

	if (v->kind != KRUX_V_MAP)
		return false;
	if (t->kind == O_URL)
		return url_valid(a, t, v);
	for (size_t i = 0; i < v->map.n && t->kind == O_MAP; i++)
		if (v->map.n > t->max || v->map.member[i].key.n > 65536 || !text_valid(v->map.member[i].key) ||
		    !o_unwire(a, t->elem, &v->map.member[i].value))
			return false;
	if (t->kind == O_MAP)
		return true;
	for (size_t i = 0; i < t->nfields; i++) {
		const struct krux_value *f = NULL;
		for (size_t k = 0; k < v->map.n; k++)
			if (krux_str_eq(v->map.member[k].key, t->field[i].name))
				f = &v->map.member[k].value;
		known += f != NULL;
		if (f ? !o_unwire(a, t->field[i].type, f) : !t->field[i].optional)
			return false;
	}
	return known == v->map.n;
}

static bool integer_valid(const struct o_type *t, const struct krux_value *v)
{
	o_int n = v->kind == KRUX_V_NINT ? -1 - (o_int)v->u : (o_int)v->u;

	return (v->kind == KRUX_V_UINT || v->kind == KRUX_V_NINT) && n >= t->lo && n <= t->hi;
}

bool o_unwire(struct arena *a, const struct o_type *t, const struct krux_value *v)
{
	struct o_val val;

	switch (t->kind) {
	case O_BOOL:
		return v->kind == KRUX_V_BOOL;
	case O_INT: case O_UINT: case O_DECIMAL: case O_PORT: case O_DATETIME: case O_DURATION: case O_SIZE:
		return integer_valid(t, v);
	case O_BYTES:
		return v->kind == KRUX_V_BYTES && v->str.n <= t->max;
	case O_DIGEST:
		return v->kind == KRUX_V_BYTES && v->str.n == 32;
	case O_IP:
		return v->kind == KRUX_V_BYTES && (v->str.n == 4 || (v->str.n == 16 && memcmp(v->str.p, "\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12)));
	case O_LIST:
		for (size_t i = 0; v->kind == KRUX_V_LIST && i < v->list.n; i++)
			if (!o_unwire(a, t->elem, &v->list.item[i]))
				return false;
		return v->kind == KRUX_V_LIST && v->list.n <= t->max;
	case O_MAP: case O_RECORD: case O_URL:
		return map_valid(a, t, v);
	case O_ENUM:
		for (size_t i = 0; i < t->n; i++)
			if (v->kind == KRUX_V_TEXT && krux_str_eq(t->name[i], v->str))
				return true;
		return false;
	default:
		return v->kind == KRUX_V_TEXT && text_valid(v->str) && normal(a, t, v->str, &val) && krux_str_eq(val.s, v->str);
	}
}

size_t g_bytes_spoil(struct g_rng *r, uint8_t *p, size_t n)
{
	static const uint8_t odd[] = { '/', '.', 0, ' ', 'a', 'A', '%', ':', '-', '0', '?', 0xC3, 0x80, 0xFF, '1', 'f', '\\', '#', '.' };
	size_t at = g_below(r, (uint32_t)n), k = at;

	/* Half of them behind what separates: a whole label, a whole segment may be one byte. */
	while (k < n && !(k && memchr("/.:-%", p[k - 1], 5)))
		k++;
	if (k < n && g_one_in(r, 2))
		at = k;

	switch (g_below(r, 9)) {
	case 0:
		return at;
	case 8:
		p[n] = G_PICK(r, odd);
		return n + 1;
	case 1:
		memmove(p + at, p + at + 1, n - at - 1);
		return n - 1;
	case 2:
		memmove(p + at + 1, p + at, n - at);
		p[at] = G_PICK(r, odd);
		return n + 1;
	case 3: case 4:
		p[at] = (uint8_t)(p[at] + (g_one_in(r, 2) ? 1 : -1));
		return n;
	default:
		p[at] = G_PICK(r, odd);
		return n;
	}
}
