/* JSON-like values to canonical ones (LANG.md 2). */
#include <string.h>

#include "tests/oracle/oracle.h"

static bool digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with single '_' between them; how many bytes, 0: none. */
static size_t digits(struct krux_str s, size_t at, o_int *out)
{
	size_t i = at;

	*out = 0;
	while (i < s.n && (digit(s.p[i]) || (s.p[i] == '_' && i > at && digit(s.p[i - 1]) && i + 1 < s.n && digit(s.p[i + 1])))) {
		if (s.p[i] != '_') {
			*out = *out * 10 + (s.p[i] - '0');
			if (*out > (o_int)1 << 100)
				return 0;
		}
		i++;
	}
	return i - at;
}

bool o_norm_integer(struct krux_str s, bool suffix, o_int *out)
{
	bool minus = s.n && s.p[0] == '-';
	size_t i = minus || (s.n && s.p[0] == '+');
	size_t n = digits(s, i, out);
	struct krux_str rest = { s.p + i + n, s.n - i - n };

	if (!n)
		return false;
	if (rest.n && suffix) {
		unsigned shift = o_is(rest, "KiB") ? 10 : o_is(rest, "MiB") ? 20 : o_is(rest, "GiB") ? 30 : 0;
		*out <<= shift;
		if (!shift)
			return false;
	} else if (rest.n) {
		return false;
	}
	if (minus)
		*out = -*out;
	return true;
}

bool o_norm_decimal(struct krux_str s, unsigned scale, o_int *out)
{
	bool minus = s.n && s.p[0] == '-';
	size_t i = minus || (s.n && s.p[0] == '+'), n, k = 0;

	n = digits(s, i, out);
	if (!n)
		return false;
	i += n;
	if (i < s.n) {
		if (s.p[i++] != '.' || i == s.n)
			return false;
		for (; i < s.n; i++, k++) {
			if (!digit(s.p[i]) || k == scale)
				return false;
			*out = *out * 10 + (s.p[i] - '0');
		}
	}
	for (; k < scale; k++)
		*out *= 10;
	if (minus)
		*out = -*out;
	return true;
}

bool o_norm_duration(struct krux_str s, o_int *ns)
{
	static const struct { const char *unit; int64_t ns; } units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 },
		{ "h", 3600000000000 }, { "d", 86400000000000 },
	};
	size_t n = digits(s, 0, ns);

	if (!n)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (o_is((struct krux_str){ s.p + n, s.n - n }, units[i].unit)) {
			if (*ns > (o_int)1 << 64)
				return false;
			*ns *= units[i].ns;
			return *ns <= INT64_MAX;
		}
	return false;
}

static bool fixed(struct krux_str s, size_t at, size_t n, int *out)
{
	*out = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (!digit(s.p[i]))
			return false;
		*out = *out * 10 + (s.p[i] - '0');
	}
	return true;
}

bool o_norm_datetime(struct krux_str s, o_int *ns)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, mo, d, h, mi, se, oh = 0, om = 0, leap;
	int64_t days = 0, frac = 0;
	size_t i = 19;

	if (!fixed(s, 0, 4, &y) || !fixed(s, 5, 2, &mo) || !fixed(s, 8, 2, &d) || !fixed(s, 11, 2, &h) ||
	    !fixed(s, 14, 2, &mi) || !fixed(s, 17, 2, &se) || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != 'T' ||
	    s.p[13] != ':' || s.p[16] != ':' || y < 1677 || y > 2262 || mo < 1 || mo > 12 || h > 23 || mi > 59 || se > 59)
		return false;
	leap = (y % 4 == 0 && y % 100) || y % 400 == 0;
	if (d < 1 || d > length[mo - 1] + (leap && mo == 2))
		return false;
	if (i < s.n && s.p[i] == '.') {
		int64_t unit = 100000000;
		for (i++; i < s.n && digit(s.p[i]) && unit; i++, unit /= 10)
			frac += unit * (s.p[i] - '0');
		if (s.p[i - 1] == '.')
			return false;
	}
	if (s.n == i + 1 && s.p[i] == 'Z')
		;
	else if (s.n == i + 6 && (s.p[i] == '+' || s.p[i] == '-') && fixed(s, i + 1, 2, &oh) && s.p[i + 3] == ':' &&
	         fixed(s, i + 4, 2, &om) && oh < 24 && om < 60)
		oh = s.p[i] == '-' ? -oh : oh, om = s.p[i] == '-' ? -om : om;
	else
		return false;
	for (int k = 1970; k < y; k++)
		days += 365 + ((k % 4 == 0 && k % 100) || k % 400 == 0);
	for (int k = y; k < 1970; k++)
		days -= 365 + ((k % 4 == 0 && k % 100) || k % 400 == 0);
	for (int k = 1; k < mo; k++)
		days += length[k - 1] + (leap && k == 2);
	days += d - 1;
	*ns = ((((o_int)days * 24 + h - oh) * 60 + mi - om) * 60 + se) * 1000000000 + frac;
	return *ns >= INT64_MIN && *ns <= INT64_MAX;
}

static bool base64(struct arena *a, struct krux_str in, struct krux_str *out)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *p = arena_get(a, in.n + 1);
	size_t n = 0;

	if (in.n % 4)
		return false;
	for (size_t i = 0; i < in.n; i += 4) {
		uint32_t v = 0;
		unsigned pad = 0;
		for (unsigned k = 0; k < 4; k++) {
			char c = in.p[i + k];
			const char *at = c ? strchr(set, c) : NULL;
			if (c == '=' && k >= 2 && i + 4 == in.n)
				pad++;
			else if (!at || pad)
				return false;
			v = v << 6 | (at ? (uint32_t)(at - set) : 0);
		}
		if ((pad == 1 && v & 0xFF) || (pad == 2 && v & 0xFFFF))
			return false;
		for (unsigned k = 0; k < 3 - pad; k++)
			p[n++] = (char)(v >> (16 - 8 * k));
	}
	*out = (struct krux_str){ p, n };
	return true;
}

static bool number(const struct o_type *t, const struct krux_value *raw, struct o_val *out)
{
	bool text = raw->kind == KRUX_V_TEXT;

	if (raw->kind != KRUX_V_NUMBER && (!text || t->kind == O_PORT))
		return false;
	switch (t->kind) {
	case O_DECIMAL:
		if (!o_norm_decimal(raw->str, t->scale, &out->num))
			return false;
		break;
	case O_DURATION:
		if (!o_norm_duration(raw->str, &out->num))
			return false;
		break;
	case O_DATETIME:
		if (!text || !o_norm_datetime(raw->str, &out->num))
			return false;
		break;
	default:
		if (!o_norm_integer(raw->str, true, &out->num))
			return false;
		break;
	}
	return out->num >= t->lo && out->num <= t->hi;
}

static size_t url_length(const struct o_val *u)
{
	const struct o_val *p = u->item;
	size_t n = p[0].num ? 8 : 7;

	n += p[1].s.n + (memchr(p[1].s.p, ':', p[1].s.n) ? 2 : 0) + p[3].s.n + (p[4].s.n ? p[4].s.n + 1 : 0);
	if (p[2].num != (p[0].num ? 443 : 80))
		for (o_int port = p[2].num, c = 1; c; c = port, port /= 10)
			n++;
	return n;
}

static bool text(struct arena *a, const struct o_type *t, const struct krux_value *raw, struct o_val *out)
{
	struct krux_str in = raw->str;
	struct o_val ip;
	unsigned prefix;

	if (raw->kind != KRUX_V_TEXT)
		return false;
	switch (t->kind) {
	case O_STRING:
		out->s = in;
		return o_utf8(in) && !memchr(in.p, 0, in.n) && in.n <= t->max && (!t->nfa || o_nfa_match(t->nfa, in));
	case O_BYTES:
		return base64(a, in, &out->s) && out->s.n <= t->max;
	case O_ENUM:
		for (size_t i = 0; i < t->n; i++)
			if (krux_str_eq(t->name[i], in)) {
				out->num = (o_int)i;
				return true;
			}
		return false;
	case O_PATH:
		return o_norm_path(a, in, t->max, &out->s);
	case O_HOST:
		return o_norm_host(a, in, &out->s) && out->s.n <= t->max;
	case O_URL:
		return o_norm_url(a, in, out) && url_length(out) <= t->max;
	case O_IP:
		return o_norm_ip(in, out);
	case O_CIDR:
		return o_norm_cidr(a, in, &ip, &prefix, &out->s);
	case O_DIGEST:
		for (size_t i = 0; i < in.n; i++)
			if (!digit(in.p[i]) && (in.p[i] < 'a' || in.p[i] > 'f'))
				return false;
		out->s = in;
		return in.n == 64;
	case O_SECRET:
		for (size_t i = 0; i < in.n; i++)
			if (!digit(in.p[i]) && (in.p[i] < 'a' || in.p[i] > 'z') && !(in.p[i] && strchr("._-", in.p[i])))
				return false;
		out->s = in;
		return in.n >= 1 && in.n <= t->max;
	default:
		return false;
	}
}

static bool record(struct arena *a, const struct o_type *t, const struct krux_value *raw, struct o_val *out)
{
	if (raw->kind != KRUX_V_MAP)
		return false;
	out->n = t->nfields;
	out->item = ARENA_ARRAY(a, struct o_val, t->nfields + 1);
	for (size_t k = 0; k < raw->map.n; k++) {
		size_t i = 0;
		while (i < t->nfields && !krux_str_eq(t->field[i].name, raw->map.member[k].key))
			i++;
		if (i == t->nfields || out->item[i].present || !o_norm(a, t->field[i].type, &raw->map.member[k].value, &out->item[i]))
			return false;
	}
	for (size_t i = 0; i < t->nfields; i++) {
		struct krux_value v;
		if (out->item[i].present)
			continue;
		if (t->field[i].deflt) {
			o_lit_value(a, t->field[i].deflt, &v);
			if (!o_norm(a, t->field[i].type, &v, &out->item[i]))
				return false;
		} else if (!t->field[i].optional) {
			return false;
		}
	}
	return true;
}

static bool list(struct arena *a, const struct o_type *t, const struct krux_value *raw, struct o_val *out)
{
	bool map = t->kind == O_MAP;

	if (raw->kind != (map ? KRUX_V_MAP : KRUX_V_LIST))
		return false;
	out->n = map ? raw->map.n : raw->list.n;
	if (out->n > t->max)
		return false;
	out->item = ARENA_ARRAY(a, struct o_val, out->n + 1);
	out->key = ARENA_ARRAY(a, struct krux_str, out->n + 1);
	for (size_t i = 0; i < out->n; i++) {
		if (map) {
			out->key[i] = raw->map.member[i].key;
			if (!o_utf8(out->key[i]))
				return false;
			for (size_t k = 0; k < i; k++)
				if (krux_str_eq(out->key[k], out->key[i]))
					return false;
		}
		if (!o_norm(a, t->elem, map ? &raw->map.member[i].value : &raw->list.item[i], &out->item[i]))
			return false;
	}
	return true;
}

bool o_norm(struct arena *a, const struct o_type *t, const struct krux_value *raw, struct o_val *out)
{
	*out = (struct o_val){ .present = true };
	switch (t->kind) {
	case O_BOOL:
		out->num = raw->kind == KRUX_V_BOOL && raw->b;
		return raw->kind == KRUX_V_BOOL;
	case O_INT: case O_UINT: case O_DECIMAL: case O_PORT: case O_DATETIME: case O_DURATION: case O_SIZE:
		return number(t, raw, out);
	case O_LIST: case O_MAP:
		return list(a, t, raw, out);
	case O_RECORD:
		return record(a, t, raw, out);
	default:
		return text(a, t, raw, out);
	}
}

void o_lit_value(struct arena *a, const struct o_lit *l, struct krux_value *out)
{
	*out = (struct krux_value){ .kind = KRUX_V_TEXT, .str = l->text };
	if (l->kind == OL_NUMBER) {
		out->kind = KRUX_V_NUMBER;
	} else if (l->kind == OL_WORD && (o_is(l->text, "true") || o_is(l->text, "false"))) {
		*out = (struct krux_value){ .kind = KRUX_V_BOOL, .b = o_is(l->text, "true") };
	} else if (l->kind == OL_LIST) {
		struct krux_value *v = ARENA_ARRAY(a, struct krux_value, l->n + 1);
		for (size_t i = 0; i < l->n; i++)
			o_lit_value(a, &l->item[i], &v[i]);
		*out = (struct krux_value){ .kind = KRUX_V_LIST, .list = { v, l->n } };
	} else if (l->kind == OL_RECORD) {
		struct krux_member *m = ARENA_ARRAY(a, struct krux_member, l->n + 1);
		for (size_t i = 0; i < l->n; i++) {
			m[i].key = l->item[i].name;
			o_lit_value(a, &l->item[i], &m[i].value);
		}
		*out = (struct krux_value){ .kind = KRUX_V_MAP, .map = { m, l->n } };
	}
}
