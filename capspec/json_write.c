/* Values to JSON text. Every character that could confuse a reader's screen or a parser that
 * is laxer than ours leaves as an escape. */
#include "capspec/canon.h"

#include <stdio.h>
#include <string.h>

struct out {
	char *p;
	size_t cap, n;
};

static void put(struct out *o, const char *p, size_t n)
{
	if (n && o->n + n <= o->cap)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void put_word(struct out *o, const char *word)
{
	put(o, word, strlen(word));
}

static bool scalar_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

static void scalar_escape(struct out *o, uint32_t c)
{
	static const char names[] = "btn?fr";
	char text[8];
	int n;

	if (c == '"' || c == '\\')
		n = snprintf(text, sizeof text, "\\%c", (int)c);
	else if (c >= 8 && c <= 13 && c != 11)
		n = snprintf(text, sizeof text, "\\%c", names[c - 8]);
	else
		n = snprintf(text, sizeof text, "\\u%04x", (unsigned)(c & 0xFFFF));
	put(o, text, (size_t)n);
}

static void text_write(struct out *o, struct krux_str s)
{
	size_t from = 0;

	put(o, "\"", 1);
	for (size_t i = 0; i < s.n;) {
		unsigned char b = (unsigned char)s.p[i];
		unsigned len = 1;
		uint32_t c = b;

		if (b >= 0x80)
			c = krux_utf8_get(s.p + i, s.n - i, &len);
		if (c == '"' || c == '\\' || scalar_hidden(c) || (c == 0xFFFD && len == 1)) {
			put(o, s.p + from, i - from);
			scalar_escape(o, c);
			from = i + len;
		}
		i += len;
	}
	put(o, s.p + from, s.n - from);
	put(o, "\"", 1);
}

static void bytes_write(struct out *o, struct krux_str s)
{
	char quad[4];

	put(o, "\"", 1);
	for (size_t i = 0; i < s.n; i += 3) {
		size_t n = s.n - i < 3 ? s.n - i : 3;

		krux_base64_write((struct krux_str){ s.p + i, n }, quad);
		put(o, quad, 4);
	}
	put(o, "\"", 1);
}

static size_t digits_skip(struct krux_str s, size_t i)
{
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	return i;
}

/* Is a literal a JSON number; "5s" and "1_000" are not. */
static bool number_plain(struct krux_str s)
{
	size_t from = s.n && s.p[0] == '-', i = digits_skip(s, from);

	if (i == from || (i - from > 1 && s.p[from] == '0'))
		return false;
	if (i < s.n && s.p[i] == '.') {
		from = i + 1;
		i = digits_skip(s, from);
		if (i == from)
			return false;
	}
	if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
		from = i + 1;
		if (from < s.n && (s.p[from] == '+' || s.p[from] == '-'))
			from++;
		i = digits_skip(s, from);
		if (i == from)
			return false;
	}
	return i == s.n;
}

static void number_write(struct out *o, struct krux_str s)
{
	if (number_plain(s))
		put(o, s.p, s.n);
	else
		text_write(o, s);
}

static void value_write(struct out *o, const struct krux_value *v)
{
	char text[24];

	switch (v->kind) {
	case KRUX_V_NULL:
		put_word(o, "null");
		break;
	case KRUX_V_BOOL:
		put_word(o, v->b ? "true" : "false");
		break;
	case KRUX_V_UINT:
		put(o, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)v->u));
		break;
	case KRUX_V_NINT:
		if (v->u == UINT64_MAX)
			put_word(o, "-18446744073709551616");
		else
			put(o, text, (size_t)snprintf(text, sizeof text, "-%llu",
			                              (unsigned long long)v->u + 1));
		break;
	case KRUX_V_BYTES:
		bytes_write(o, v->str);
		break;
	case KRUX_V_TEXT:
		text_write(o, v->str);
		break;
	case KRUX_V_NUMBER:
		number_write(o, v->str);
		break;
	case KRUX_V_LIST:
		put(o, "[", 1);
		for (size_t i = 0; i < v->list.n; i++) {
			if (i)
				put(o, ",", 1);
			value_write(o, &v->list.item[i]);
		}
		put(o, "]", 1);
		break;
	case KRUX_V_MAP:
	case KRUX_V_UMAP:
		put(o, "{", 1);
		for (size_t i = 0; i < v->map.n; i++) {
			if (i)
				put(o, ",", 1);
			text_write(o, v->map.member[i].key);
			put(o, ":", 1);
			value_write(o, &v->map.member[i].value);
		}
		put(o, "}", 1);
		break;
	}
}

size_t krux_json_write(const struct krux_value *v, char *buf, size_t cap)
{
	struct out o = { buf, cap, 0 };

	value_write(&o, v);
	return o.n;
}
