/* A value as somebody wrote it to the one canonical value of a type, or a refusal that says
 * where and why. What goes in may be JSON, literals of a source file, or the wire form itself:
 * canonical values are their own canonical form. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where in the value we are; lives on the stack beside the recursion. */
struct place {
	const struct place *up;
	enum { FIELD, ITEM, ENTRY } kind;
	struct krux_str name;
	size_t index;
};

/* Patterns met so far in one value. */
struct compiled {
	struct compiled *next;
	const char *text;
	struct krux_pattern *pattern;
};

struct canon {
	struct krux_pool *pool;
	struct compiled *compiled;
	struct krux_refusal *refusal;
	const struct place *place;
	unsigned depth;
};

static bool value_canon(struct canon *, const struct krux_type *, const struct krux_value *in,
                        struct krux_value *out);

/* ---- refusing ---- */

static size_t name_put(char *to, size_t n, size_t cap, struct krux_str name)
{
	for (size_t i = 0; i < name.n && n + 1 < cap; i++)
		to[n++] = name.p[i] > ' ' && name.p[i] < 0x7F && name.p[i] != '"' ? name.p[i] : '?';
	return n;
}

static size_t place_put(const struct place *place, char *to, size_t cap)
{
	size_t n;
	int add = 0;

	if (!place)
		return 0;
	n = place_put(place->up, to, cap);
	if (place->kind == ITEM) {
		add = snprintf(to + n, cap - n, "[%zu]", place->index);
	} else if (place->kind == FIELD) {
		if (n && n + 1 < cap)
			to[n++] = '.';
		n = name_put(to, n, cap, place->name);
	} else {
		add = snprintf(to + n, cap - n, "[\"");
		n = name_put(to, n + (size_t)add < cap ? n + (size_t)add : cap - 1, cap, place->name);
		add = snprintf(to + n, cap - n, "\"]");
	}
	n += (size_t)add;
	return n < cap ? n : cap - 1;
}

__attribute__((format(printf, 2, 3)))
static bool refuse(struct canon *c, const char *fmt, ...)
{
	char where[256], why[512];
	va_list ap;

	where[place_put(c->place, where, sizeof where)] = 0;
	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return krux_refuse(c->refusal, where, why);
}

static const char *kind_words(const struct krux_value *v)
{
	switch (v->kind) {
	case KRUX_V_NULL: return "null";
	case KRUX_V_BOOL: return "a boolean";
	case KRUX_V_UINT:
	case KRUX_V_NINT:
	case KRUX_V_NUMBER: return "a number";
	case KRUX_V_BYTES: return "bytes";
	case KRUX_V_TEXT: return "text";
	case KRUX_V_LIST: return "a list";
	case KRUX_V_MAP:
	case KRUX_V_UMAP: return "a map";
	}
	return "nothing";
}

static bool kind_refuse(struct canon *c, const char *expected, const struct krux_value *in)
{
	return refuse(c, "expected %s, got %s", expected, kind_words(in));
}

static bool memory_refuse(struct canon *c)
{
	return refuse(c, "out of memory");
}

/* ---- numbers ---- */

/* A bound or number of a type as people write it. */
static void number_words(const struct krux_type *t, krux_i128 v, char out[static 64])
{
	int n;

	if (t->kind == KRUX_T_DECIMAL)
		n = krux_decimal_text((int64_t)v, t->scale, out, 63);
	else if (t->kind == KRUX_T_DATETIME)
		n = krux_datetime_text((int64_t)v, out, 63);
	else if (t->kind == KRUX_T_DURATION && v >= 0)
		n = krux_duration_text((uint64_t)v, out, 63);
	else
		n = krux_integer_text(v, out, 63);
	out[n < 0 ? 0 : n] = 0;
}

/* JSON's text form of a whole number: digits alone. */
static bool digits_text(struct krux_str s)
{
	size_t i = s.n && s.p[0] == '-';

	if (i == s.n)
		return false;
	for (; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool literal_read(const struct krux_type *t, const struct krux_value *in, krux_i128 *v,
                         const char **why)
{
	uint64_t ns = 0;
	int64_t date = 0;
	bool text = in->kind == KRUX_V_TEXT;

	switch (t->kind) {
	case KRUX_T_INT:
	case KRUX_T_UINT:
		*why = "text of a number is digits alone";
		if (text && !digits_text(in->str))
			return false;
		break;
	case KRUX_T_PORT:
		*why = "a port is a number of digits alone";
		if (text || !digits_text(in->str))
			return false;
		break;
	case KRUX_T_DECIMAL:
		return krux_read_decimal(in->str, t->scale, v, why);
	case KRUX_T_DURATION:
		if (!krux_read_duration(in->str, &ns, why))
			return false;
		*v = ns;
		return true;
	case KRUX_T_DATETIME:
		*why = "a date is text such as \"2026-01-31T12:00:00Z\"";
		if (!text || !krux_read_datetime(in->str, &date, why))
			return false;
		*v = date;
		return true;
	default:
		break;
	}
	*why = "takes no sign";
	if (t->kind != KRUX_T_INT && in->str.n && (in->str.p[0] == '-' || in->str.p[0] == '+'))
		return false;
	return krux_read_integer(in->str, v, why);
}

static bool number_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                         struct krux_value *out)
{
	char lo[64], hi[64], is[64];
	const char *why;
	krux_i128 v;

	if (in->kind == KRUX_V_UINT)
		v = in->u;
	else if (in->kind == KRUX_V_NINT)
		v = -1 - (krux_i128)in->u;
	else if (in->kind != KRUX_V_NUMBER && in->kind != KRUX_V_TEXT)
		return kind_refuse(c, t->kind == KRUX_T_DATETIME || t->kind == KRUX_T_DURATION ?
		                      krux_type_word(t->kind) : "a number", in);
	else if (!literal_read(t, in, &v, &why))
		return refuse(c, "%s", why);
	if (v < t->lo || v > t->hi) {
		number_words(t, t->lo, lo);
		number_words(t, t->hi, hi);
		/* What is not on the scale of dates and decimals has no words there. */
		if (v < INT64_MIN || v > INT64_MAX)
			is[0] = 0;
		else
			number_words(t, v, is);
		return refuse(c, "must be within %s..%s%s%s", lo, hi, is[0] ? ", is " : "", is);
	}
	out->kind = v < 0 ? KRUX_V_NINT : KRUX_V_UINT;
	out->u = v < 0 ? (uint64_t)(-1 - v) : (uint64_t)v;
	return true;
}

static bool bool_canon(struct canon *c, const struct krux_value *in, struct krux_value *out)
{
	if (in->kind != KRUX_V_BOOL)
		return kind_refuse(c, "true or false", in);
	*out = *in;
	return true;
}

/* ---- octets ---- */

static bool bytes_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                        struct krux_value *out)
{
	const char *why;
	uint8_t *p;
	size_t n;

	if (in->kind != KRUX_V_BYTES && in->kind != KRUX_V_TEXT)
		return kind_refuse(c, "base64 text", in);
	*out = (struct krux_value){ .kind = KRUX_V_BYTES, .str = in->str };
	if (in->kind == KRUX_V_TEXT) {
		p = krux_pool_get(c->pool, in->str.n / 4 * 3);
		if (!p)
			return memory_refuse(c);
		if (!krux_base64_read(in->str, p, &n, &why))
			return refuse(c, "%s", why);
		out->str = (struct krux_str){ (const char *)p, n };
	}
	if (out->str.n > t->max)
		return refuse(c, "has %zu bytes, at most %llu are allowed", out->str.n,
		              (unsigned long long)t->max);
	return true;
}

static bool octets_put(struct canon *c, const uint8_t *p, size_t n, struct krux_value *out)
{
	const char *copy = krux_pool_copy(c->pool, p, n);

	if (!copy)
		return memory_refuse(c);
	*out = (struct krux_value){ .kind = KRUX_V_BYTES, .str = { copy, n } };
	return true;
}

static bool ip_canon(struct canon *c, const struct krux_value *in, struct krux_value *out)
{
	uint8_t ip[16] = { [10] = 0xFF, [11] = 0xFF };
	const char *why;
	bool v4;

	if (in->kind == KRUX_V_BYTES && in->str.n == 4) {
		v4 = true;
		memcpy(ip + 12, in->str.p, 4);
	} else if (in->kind == KRUX_V_BYTES && in->str.n == 16) {
		v4 = memcmp(in->str.p, ip, 12) == 0;
		memcpy(ip, in->str.p, 16);
	} else if (in->kind != KRUX_V_TEXT) {
		return kind_refuse(c, "an IP address", in);
	} else if (!krux_canon_ip(in->str, ip, &v4, &why)) {
		return refuse(c, "%s", why);
	}
	return v4 ? octets_put(c, ip + 12, 4, out) : octets_put(c, ip, 16, out);
}

static bool digest_canon(struct canon *c, const struct krux_value *in, struct krux_value *out)
{
	uint8_t digest[32];

	if (in->kind == KRUX_V_BYTES && in->str.n == sizeof digest)
		memcpy(digest, in->str.p, sizeof digest);
	else if (in->kind != KRUX_V_TEXT)
		return kind_refuse(c, "64 lower-case hex digits", in);
	else if (!krux_hex_read(in->str, digest, sizeof digest))
		return refuse(c, "a digest is 64 lower-case hex digits");
	return octets_put(c, digest, sizeof digest, out);
}

/* ---- texts ---- */

static struct krux_pattern *pattern_get(struct canon *c, struct krux_str pattern, const char **why)
{
	struct compiled *k = c->compiled;

	while (k && k->text != pattern.p)
		k = k->next;
	if (k)
		return k->pattern;
	*why = "out of memory";
	k = krux_pool_get(c->pool, sizeof *k);
	if (!k)
		return NULL;
	k->text = pattern.p;
	k->pattern = krux_pattern_compile(c->pool, pattern, why);
	if (!k->pattern)
		return NULL;
	k->next = c->compiled;
	c->compiled = k;
	return k->pattern;
}

static bool pattern_check(struct canon *c, struct krux_str pattern, struct krux_str s)
{
	const char *why;
	struct krux_pattern *p = pattern_get(c, pattern, &why);

	if (!p)
		return refuse(c, "the pattern of its type: %s", why);
	return krux_pattern_match(p, s) ||
	       refuse(c, "does not match the pattern \"%.*s\"",
	              (int)(pattern.n < 150 ? pattern.n : 150), pattern.p);
}

static bool string_check(struct canon *c, const struct krux_type *t, struct krux_str s)
{
	if (!krux_utf8_valid(s))
		return refuse(c, "is not valid UTF-8");
	if (s.n && memchr(s.p, 0, s.n))
		return refuse(c, "holds a NUL");
	if (s.n > t->max)
		return refuse(c, "has %zu bytes, at most %llu are allowed", s.n,
		              (unsigned long long)t->max);
	return !t->pattern.n || pattern_check(c, t->pattern, s);
}

static bool secret_check(struct canon *c, struct krux_str s)
{
	return krux_agent_valid(s) || refuse(c, "the name of a secret is 1 to 64 of a-z 0-9 . _ -");
}

static bool enum_check(struct canon *c, const struct krux_type *t, struct krux_str s)
{
	char names[200];
	size_t n = 0;

	for (size_t i = 0; i < t->nnames; i++)
		if (krux_str_eq(t->name[i], s))
			return true;
	for (size_t i = 0; i < t->nnames; i++) {
		if (n + t->name[i].n + 8 > sizeof names) {
			n += (size_t)snprintf(names + n, sizeof names - n, ", ...");
			break;
		}
		n += (size_t)snprintf(names + n, sizeof names - n, "%s%.*s", i ? ", " : "",
		                      (int)t->name[i].n, t->name[i].p);
	}
	return refuse(c, "must be one of %.*s", (int)n, names);
}

/* Kinds whose canonical text may differ from what was written. */
static bool rewritten_canon(struct canon *c, const struct krux_type *t, struct krux_str in,
                            struct krux_str *out)
{
	size_t cap = t->kind == KRUX_T_PATH ? in.n + 1 : KRUX_MAX_HOST + 1;
	char *to = krux_pool_get(c->pool, cap);
	const char *why;
	uint8_t ip[16];
	unsigned prefix;
	int n;

	if (!to)
		return memory_refuse(c);
	if (t->kind == KRUX_T_PATH)
		n = krux_canon_path(in, to, cap, &why);
	else if (t->kind == KRUX_T_HOST)
		n = krux_canon_host(in, to, cap, &why);
	else
		n = krux_canon_cidr(in, ip, &prefix, to, cap, &why) ? (int)strlen(to) : -1;
	if (n < 0)
		return refuse(c, "%s", why);
	if ((uint64_t)n > t->max)
		return refuse(c, "has %d bytes, at most %llu are allowed", n, (unsigned long long)t->max);
	*out = (struct krux_str){ to, (size_t)n };
	return true;
}

static bool text_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                       struct krux_value *out)
{
	if (in->kind != KRUX_V_TEXT)
		return kind_refuse(c, t->kind == KRUX_T_ENUM ? "one of its names" : krux_type_word(t->kind),
		                   in);
	*out = *in;
	switch (t->kind) {
	case KRUX_T_STRING:
		return string_check(c, t, in->str);
	case KRUX_T_ENUM:
		return enum_check(c, t, in->str);
	case KRUX_T_SECRET:
		return secret_check(c, in->str);
	default:
		return rewritten_canon(c, t, in->str, &out->str);
	}
}

static struct krux_value text_value(const char *p, size_t n)
{
	return (struct krux_value){ .kind = KRUX_V_TEXT, .str = { p, n } };
}

static bool url_put(struct canon *c, const struct krux_url *url, struct krux_value *out)
{
	struct krux_member *m = krux_pool_get(c->pool, 5 * sizeof *m);
	char *text = krux_pool_get(c->pool, url->host.n + url->path.n + url->query.n);

	if (!m || !text)
		return memory_refuse(c);
	m[0] = (struct krux_member){ KRUX_STR("host"), text_value(text, url->host.n) };
	memcpy(text, url->host.p, url->host.n);
	text += url->host.n;
	m[1] = (struct krux_member){ KRUX_STR("path"), text_value(text, url->path.n) };
	memcpy(text, url->path.p, url->path.n);
	text += url->path.n;
	m[2] = (struct krux_member){ KRUX_STR("port"), { .kind = KRUX_V_UINT, .u = url->port } };
	m[3] = (struct krux_member){ KRUX_STR("query"), text_value(text, url->query.n) };
	memcpy(text, url->query.p, url->query.n);
	m[4] = (struct krux_member){ KRUX_STR("scheme"), url->https ? text_value("https", 5)
	                                                            : text_value("http", 4) };
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, 5 } };
	return true;
}

static bool url_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                      struct krux_value *out)
{
	char text[KRUX_MAX_URL];
	struct krux_url url;
	const char *why;

	if (in->kind != KRUX_V_TEXT && in->kind != KRUX_V_MAP)
		return kind_refuse(c, "a URL", in);
	if (!(in->kind == KRUX_V_TEXT ? krux_canon_url(in->str, &url, &why)
	                              : krux_canon_url_parts(in, &url, &why)))
		return refuse(c, "%s", why);
	if (t->max < sizeof text && krux_url_text(&url, text, (size_t)t->max) < 0)
		return refuse(c, "is longer than %llu bytes", (unsigned long long)t->max);
	return url_put(c, &url, out);
}

/* ---- containers ---- */

static bool list_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                       struct krux_value *out)
{
	struct place here = { .up = c->place, .kind = ITEM };
	struct krux_value *item;

	if (in->kind != KRUX_V_LIST)
		return kind_refuse(c, "a list", in);
	if (in->list.n > t->max)
		return refuse(c, "has %zu elements, at most %llu are allowed", in->list.n,
		              (unsigned long long)t->max);
	item = krux_pool_get(c->pool, in->list.n * sizeof *item);
	if (!item)
		return memory_refuse(c);
	c->place = &here;
	for (size_t i = 0; i < in->list.n; i++) {
		here.index = i;
		if (!value_canon(c, t->elem, &in->list.item[i], &item[i]))
			return false;
	}
	c->place = here.up;
	*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { item, in->list.n } };
	return true;
}

static bool map_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                      struct krux_value *out)
{
	static const struct krux_type key_type = { .kind = KRUX_T_STRING, .max = KRUX_MAX_STRING };
	struct place here = { .up = c->place, .kind = ENTRY };
	const struct krux_str *twice;
	struct krux_member *m;

	if (in->kind != KRUX_V_MAP)
		return kind_refuse(c, "a map with text keys", in);
	if (in->map.n > t->max)
		return refuse(c, "has %zu entries, at most %llu are allowed", in->map.n,
		              (unsigned long long)t->max);
	m = krux_pool_get(c->pool, in->map.n * sizeof *m);
	if (!m)
		return memory_refuse(c);
	c->place = &here;
	for (size_t i = 0; i < in->map.n; i++) {
		here.name = m[i].key = in->map.member[i].key;
		if (!string_check(c, &key_type, m[i].key) ||
		    !value_canon(c, t->elem, &in->map.member[i].value, &m[i].value))
			return false;
	}
	twice = krux_members_sort(m, in->map.n);
	if (twice) {
		here.name = *twice;
		return refuse(c, "is there twice");
	}
	c->place = here.up;
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
		return refuse(c, "no such field, there is none");
	return refuse(c, "no such field, there is %.*s", (int)n, names);
}

/* Sorts the members of `in` to the fields they are for. */
static bool members_assign(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                           const struct krux_value *given[static KRUX_MAX_FIELDS])
{
	for (size_t i = 0; i < in->map.n; i++) {
		struct place here = { .up = c->place, .kind = FIELD, .name = in->map.member[i].key };
		size_t f = 0;

		while (f < t->nfields && !krux_str_eq(t->field[f].name, here.name))
			f++;
		c->place = &here;
		if (f == t->nfields)
			return unknown_refuse(c, t);
		if (given[f])
			return refuse(c, "is there twice");
		c->place = here.up;
		given[f] = &in->map.member[i].value;
	}
	return true;
}

static bool record_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                         struct krux_value *out)
{
	const struct krux_value *given[KRUX_MAX_FIELDS] = { 0 };
	struct place here = { .up = c->place, .kind = FIELD };
	struct krux_member *m;
	size_t n = 0;

	if (in->kind != KRUX_V_MAP)
		return kind_refuse(c, "a record", in);
	if (t->nfields > KRUX_MAX_FIELDS)
		return refuse(c, "the type has more than 64 fields");
	if (!members_assign(c, t, in, given))
		return false;
	m = krux_pool_get(c->pool, t->nfields * sizeof *m);
	if (!m)
		return memory_refuse(c);
	c->place = &here;
	for (size_t f = 0; f < t->nfields; f++) {
		const struct krux_field *field = &t->field[f];

		here.name = m[n].key = field->name;
		if (given[f]) {
			if (given[f]->kind == KRUX_V_NULL)
				return refuse(c, field->optional || field->deflt ?
				              "null is no value: leave the field out" : "null is no value");
			if (!value_canon(c, field->type, given[f], &m[n].value))
				return false;
		} else if (field->deflt) {
			m[n].value = *field->deflt;
		} else if (field->optional) {
			continue;
		} else {
			return refuse(c, "is missing");
		}
		n++;
	}
	c->place = here.up;
	krux_members_sort(m, n);
	*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, n } };
	return true;
}

/* ---- all ---- */

static bool container_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                            struct krux_value *out)
{
	bool ok;

	if (c->depth == KRUX_MAX_DEPTH)
		return refuse(c, "nested more than %d deep", KRUX_MAX_DEPTH);
	c->depth++;
	switch (t->kind) {
	case KRUX_T_LIST:
		ok = list_canon(c, t, in, out);
		break;
	case KRUX_T_MAP:
		ok = map_canon(c, t, in, out);
		break;
	case KRUX_T_URL:
		ok = url_canon(c, t, in, out);
		break;
	default:
		ok = record_canon(c, t, in, out);
		break;
	}
	c->depth--;
	return ok;
}

static bool value_canon(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                        struct krux_value *out)
{
	switch (t->kind) {
	case KRUX_T_BOOL:
		return bool_canon(c, in, out);
	case KRUX_T_INT:
	case KRUX_T_UINT:
	case KRUX_T_DECIMAL:
	case KRUX_T_PORT:
	case KRUX_T_DATETIME:
	case KRUX_T_DURATION:
	case KRUX_T_SIZE:
		return number_canon(c, t, in, out);
	case KRUX_T_BYTES:
		return bytes_canon(c, t, in, out);
	case KRUX_T_IP:
		return ip_canon(c, in, out);
	case KRUX_T_DIGEST:
		return digest_canon(c, in, out);
	case KRUX_T_STRING:
	case KRUX_T_ENUM:
	case KRUX_T_PATH:
	case KRUX_T_HOST:
	case KRUX_T_CIDR:
	case KRUX_T_SECRET:
		return text_canon(c, t, in, out);
	case KRUX_T_URL:
	case KRUX_T_LIST:
	case KRUX_T_MAP:
	case KRUX_T_RECORD:
		return container_canon(c, t, in, out);
	case KRUX_T_COUNT:
		break;
	}
	return refuse(c, "no such type");
}

bool krux_canon(struct krux_pool *pool, const struct krux_type *type, const struct krux_value *in,
                struct krux_value *out, struct krux_refusal *refusal)
{
	struct canon c = { .pool = pool, .refusal = refusal };
	struct krux_value v = { 0 };

	if (!value_canon(&c, type, in, &v))
		return false;
	*out = v;
	return true;
}
