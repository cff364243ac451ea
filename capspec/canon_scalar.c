/* Numbers, truth values and octets: what was written to the wire form of their types. */
#include "capspec/canon_part.h"

#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

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

bool canon_number(struct canon *c, const struct krux_type *t, const struct krux_value *in,
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
		return canon_kind_refuse(c, t->kind == KRUX_T_DATETIME || t->kind == KRUX_T_DURATION ?
		                      krux_type_word(t->kind) : "a number", in);
	else if (!literal_read(t, in, &v, &why))
		return canon_refuse(c, "%s", why);
	if (v < t->lo || v > t->hi) {
		number_words(t, t->lo, lo);
		number_words(t, t->hi, hi);
		/* What is not on the scale of dates and decimals has no words there. */
		if (v < INT64_MIN || v > INT64_MAX)
			is[0] = 0;
		else
			number_words(t, v, is);
		return canon_refuse(c, "must be within %s..%s%s%s", lo, hi, is[0] ? ", is " : "", is);
	}
	out->kind = v < 0 ? KRUX_V_NINT : KRUX_V_UINT;
	out->u = v < 0 ? (uint64_t)(-1 - v) : (uint64_t)v;
	return true;
}

bool canon_bool(struct canon *c, const struct krux_value *in, struct krux_value *out)
{
	if (in->kind != KRUX_V_BOOL)
		return canon_kind_refuse(c, "true or false", in);
	*out = *in;
	return true;
}

/* ---- octets ---- */

bool canon_bytes(struct canon *c, const struct krux_type *t, const struct krux_value *in,
                        struct krux_value *out)
{
	const char *why;
	uint8_t *p;
	size_t n;

	if (in->kind != KRUX_V_BYTES && in->kind != KRUX_V_TEXT)
		return canon_kind_refuse(c, "base64 text", in);
	*out = (struct krux_value){ .kind = KRUX_V_BYTES, .str = in->str };
	if (in->kind == KRUX_V_TEXT) {
		p = krux_pool_get(c->pool, in->str.n / 4 * 3);
		if (!p)
			return canon_memory_refuse(c);
		if (!krux_base64_read(in->str, p, &n, &why))
			return canon_refuse(c, "%s", why);
		out->str = (struct krux_str){ (const char *)p, n };
	}
	if (out->str.n > t->max)
		return canon_refuse(c, "has %zu bytes, at most %llu are allowed", out->str.n,
		              (unsigned long long)t->max);
	return true;
}

static bool octets_put(struct canon *c, const uint8_t *p, size_t n, struct krux_value *out)
{
	const char *copy = krux_pool_copy(c->pool, p, n);

	if (!copy)
		return canon_memory_refuse(c);
	*out = (struct krux_value){ .kind = KRUX_V_BYTES, .str = { copy, n } };
	return true;
}

bool canon_ip(struct canon *c, const struct krux_value *in, struct krux_value *out)
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
		return canon_kind_refuse(c, "an IP address", in);
	} else if (!krux_canon_ip(in->str, ip, &v4, &why)) {
		return canon_refuse(c, "%s", why);
	}
	return v4 ? octets_put(c, ip + 12, 4, out) : octets_put(c, ip, 16, out);
}

bool canon_digest(struct canon *c, const struct krux_value *in, struct krux_value *out)
{
	uint8_t digest[32];

	if (in->kind == KRUX_V_BYTES && in->str.n == sizeof digest)
		memcpy(digest, in->str.p, sizeof digest);
	else if (in->kind != KRUX_V_TEXT)
		return canon_kind_refuse(c, "64 lower-case hex digits", in);
	else if (!krux_hex_read(in->str, digest, sizeof digest))
		return canon_refuse(c, "a digest is 64 lower-case hex digits");
	return octets_put(c, digest, sizeof digest, out);
}
