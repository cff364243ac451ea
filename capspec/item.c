/* Numbers and strings to CBOR items and back. */
#include "capspec/item.h"

#include "capspec/canon.h"
#include "capspec/krux_abi.h"

#include <string.h>

void item_raw(struct item_out *o, struct krux_str s)
{
	if (s.n && o->n <= o->cap && s.n <= o->cap - o->n)
		memcpy(o->p + o->n, s.p, s.n);
	o->n += s.n;
}

void item_head(struct item_out *o, enum item_major major, uint64_t v)
{
	uint8_t head[9];
	unsigned len;

	/* Most are a byte or two, with room for them. */
	if (v <= 0xFF && o->n + 2 <= o->cap) {
		uint8_t *p = o->p + o->n;

		p[0] = (uint8_t)((unsigned)major << 5 | (v < 24 ? (unsigned)v : 24));
		if (v >= 24)
			p[1] = (uint8_t)v;
		o->n += v < 24 ? 1 : 2;
		return;
	}
	len = v < 24 ? 0 : v <= 0xFF ? 1 : v <= 0xFFFF ? 2 : v <= 0xFFFFFFFF ? 4 : 8;
	head[0] = (uint8_t)((unsigned)major << 5 |
	                    (v < 24 ? (unsigned)v : len == 1 ? 24 : len == 2 ? 25 : len == 4 ? 26 : 27));
	for (unsigned i = 0; i < len; i++)
		head[1 + i] = (uint8_t)(v >> 8 * (len - 1 - i));
	item_raw(o, (struct krux_str){ (char *)head, 1 + len });
}

void item_str(struct item_out *o, enum item_major major, struct krux_str s)
{
	item_head(o, major, s.n);
	item_raw(o, s);
}

void item_text(struct item_out *o, const char *s)
{
	item_str(o, ITEM_TEXT, (struct krux_str){ s, strlen(s) });
}

static bool item_refuse(struct item_in *in, const char *why)
{
	in->why = why;
	return false;
}

bool item_take(struct item_in *in, enum item_major major, uint64_t *v)
{
	const uint8_t *p = in->p;
	unsigned info, len;

	if (p == in->end)
		return item_refuse(in, "it ends too early");
	/* Most heads are one byte. */
	if ((unsigned)*p - ((unsigned)major << 5) < 24) {
		*v = *p & 31;
		in->p = p + 1;
		return true;
	}
	if (*p >> 5 != (unsigned)major)
		return item_refuse(in, "an item of another type than belongs there");
	info = *p++ & 31;
	if (info > 27)
		return item_refuse(in, "a head that the encoder does not write");
	*v = info;
	if (info >= 24) {
		len = 1u << (info - 24);
		if ((size_t)(in->end - p) < len)
			return item_refuse(in, "it ends too early");
		*v = 0;
		for (unsigned i = 0; i < len; i++)
			*v = *v << 8 | *p++;
		if (*v < (len == 1 ? 24 : 1ull << 4 * len))
			return item_refuse(in, "a number that is not in its shortest form");
	}
	in->p = p;
	return true;
}

bool item_take_str(struct item_in *in, enum item_major major, struct krux_str *s)
{
	uint64_t n;

	if (!item_take(in, major, &n))
		return false;
	if (n > (size_t)(in->end - in->p))
		return item_refuse(in, "it ends too early");
	*s = (struct krux_str){ (const char *)in->p, (size_t)n };
	if (major == ITEM_TEXT && !krux_utf8_valid(*s))
		return item_refuse(in, "text that is not valid UTF-8");
	in->p += n;
	return true;
}

/* Moves behind one schema: a letter with its digits, or brackets and what is in them. */
static void schema_skip(const char **schema)
{
	unsigned depth = 0;

	do {
		char c = *(*schema)++;

		depth += c == '[' || c == '(';
		depth -= c == ']' || c == ')';
		while (**schema >= '0' && **schema <= '9')
			++*schema;
	} while (depth);
}

static bool list_check(struct item_in *in, const char **schema)
{
	const char *elem = *schema, *each = elem;
	uint64_t n;

	if (!item_take(in, ITEM_LIST, &n))
		return false;
	if (n > (size_t)(in->end - in->p))
		return item_refuse(in, "it ends too early");
	for (uint64_t i = 0; i < n; i++) {
		each = elem;
		if (!item_check(in, &each))
			return false;
	}
	if (!n)
		schema_skip(&each);
	*schema = each + 1;
	return true;
}

static bool tuple_check(struct item_in *in, const char **schema)
{
	const uint8_t *at = in->p;
	uint64_t n;

	if (!item_take(in, ITEM_LIST, &n))
		return false;
	while (**schema != ')') {
		if (!n--) {
			in->p = at;
			return item_refuse(in, "a list of the wrong length");
		}
		if (!item_check(in, schema))
			return false;
	}
	if (n) {
		in->p = at;
		return item_refuse(in, "a list of the wrong length");
	}
	++*schema;
	return true;
}

static bool number_check(struct item_in *in, uint64_t max)
{
	uint64_t v;

	if (!item_take(in, ITEM_UINT, &v))
		return false;
	return v <= max || item_refuse(in, "a number that is out of range");
}

static bool bytes_check(struct item_in *in, const char **schema)
{
	struct krux_str s;
	size_t want = 0;

	while (**schema >= '0' && **schema <= '9')
		want = want * 10 + (size_t)(*(*schema)++ - '0');
	if (!item_take_str(in, ITEM_BYTES, &s))
		return false;
	return s.n == want || item_refuse(in, "bytes of the wrong length");
}

bool item_check(struct item_in *in, const char **schema)
{
	struct krux_str s;

	switch (*(*schema)++) {
	case 'u':
	case 'k':
		return number_check(in, UINT64_MAX);
	case 'v':
		return number_check(in, KRUX_AUTONOMOUS);
	case 'b':
		return bytes_check(in, schema);
	case 'c':
		return item_take_str(in, ITEM_BYTES, &s);
	case 't':
		return item_take_str(in, ITEM_TEXT, &s);
	case '[':
		return list_check(in, schema);
	case '(':
		return tuple_check(in, schema);
	default:
		return item_refuse(in, "a field without a schema");
	}
}

size_t item_length(const uint8_t *p, size_t n)
{
	size_t at = 0;
	uint64_t left = 1;            /* items that are still to come */

	while (left) {
		unsigned major, info, len;
		uint64_t v;

		if (at == n)
			return 0;
		major = p[at] >> 5;
		info = p[at++] & 31;
		if (info > 27)
			return 0;
		len = info < 24 ? 0 : 1u << (info - 24);
		if (n - at < len)
			return 0;
		v = len ? 0 : info;
		for (unsigned i = 0; i < len; i++)
			v = v << 8 | p[at++];
		left--;
		if (major == ITEM_BYTES || major == ITEM_TEXT) {
			if (v > n - at)
				return 0;
			at += (size_t)v;
		} else if (major == ITEM_LIST || major == ITEM_MAP || major == 6) {
			/* Every item takes a byte, so that more than n cannot come. */
			if (v > n)
				return 0;
			left += major == 6 ? 1 : major == ITEM_MAP ? 2 * v : v;
			if (left > n)
				return 0;
		}
	}
	return at;
}
