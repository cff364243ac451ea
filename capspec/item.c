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

void item_head_more(struct item_out *o, enum item_major major, uint64_t v)
{
	uint8_t head[9];
	unsigned len;

	/* Most of these are two bytes. */
	if (v <= 0xFF && o->n + 2 <= o->cap) {
		uint8_t *p = o->p + o->n;

		p[0] = (uint8_t)((unsigned)major << 5 | (v < 24 ? (unsigned)v : 24));
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

static const uint8_t *refuse_at(struct item_in *in, const uint8_t *at, const char *why)
{
	in->p = at;
	in->why = why;
	return NULL;
}

struct item_at item_head_long(const uint8_t *p, enum item_major major, struct item_in *in)
{
	static const struct item_at refused;
	const uint8_t *start = p;
	unsigned info, len;
	uint64_t v;

	if (p == in->end)
		return refuse_at(in, start, "it ends too early"), refused;
	if (*p >> 5 != (unsigned)major)
		return refuse_at(in, start, "an item of another type than belongs there"), refused;
	info = *p++ & 31;
	if (info > 27)
		return refuse_at(in, start, "a head that the encoder does not write"), refused;
	v = info;
	if (info >= 24) {
		len = 1u << (info - 24);
		if ((size_t)(in->end - p) < len)
			return refuse_at(in, start, "it ends too early"), refused;
		v = 0;
		for (unsigned i = 0; i < len; i++)
			v = v << 8 | *p++;
		if (v < item_least[info - 24])
			return refuse_at(in, start, "a number that is not in its shortest form"), refused;
	}
	return (struct item_at){ p, v };
}

/* Is it text: mostly ASCII, in words that may reach beyond its end but not beyond `end`. */
static inline bool is_text(const uint8_t *p, size_t n, const uint8_t *end)
{
	uint64_t word;

	for (size_t i = 0; i < n; i += sizeof word) {
		if ((size_t)(end - p) - i < sizeof word)
			return krux_utf8_valid((struct krux_str){ (const char *)p, n });
		memcpy(&word, p + i, sizeof word);
		word = le64toh(word) & 0x8080808080808080u;
		if (n - i < sizeof word)
			word &= (1ull << 8 * (n - i)) - 1;
		if (word)
			return krux_utf8_valid((struct krux_str){ (const char *)p, n });
	}
	return true;
}

static inline const uint8_t *str_take(const uint8_t *p, enum item_major major, struct krux_str *s,
                                      struct item_in *in)
{
	struct item_at at = item_head_take(p, major, in);

	if (!at.next)
		return NULL;
	if (at.v > (size_t)(in->end - at.next))
		return refuse_at(in, at.next, "it ends too early");
	*s = (struct krux_str){ (const char *)at.next, (size_t)at.v };
	if (major == ITEM_TEXT && !is_text(at.next, (size_t)at.v, in->end))
		return refuse_at(in, at.next, "text that is not valid UTF-8");
	return at.next + at.v;
}

const uint8_t *item_text_take(const uint8_t *p, struct krux_str *s, struct item_in *in)
{
	return str_take(p, ITEM_TEXT, s, in);
}

bool item_take(struct item_in *in, enum item_major major, uint64_t *v)
{
	struct item_at at = item_head_take(in->p, major, in);

	if (!at.next)
		return false;
	in->p = at.next;
	*v = at.v;
	return true;
}

bool item_take_str(struct item_in *in, enum item_major major, struct krux_str *s)
{
	const uint8_t *next = str_take(in->p, major, s, in);

	if (!next)
		return false;
	in->p = next;
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

static const uint8_t *schema_check(const uint8_t *p, const char **schema, struct item_in *in);

static const uint8_t *list_check(const uint8_t *p, const char **schema, struct item_in *in)
{
	const char *elem = *schema, *each = elem;
	struct item_at at = item_head_take(p, ITEM_LIST, in);

	p = at.next;
	if (!p)
		return NULL;
	if (at.v > (size_t)(in->end - p))
		return refuse_at(in, p, "it ends too early");
	for (uint64_t i = 0; i < at.v; i++) {
		each = elem;
		p = schema_check(p, &each, in);
		if (!p)
			return NULL;
	}
	if (!at.v)
		schema_skip(&each);
	*schema = each + 1;
	return p;
}

static const uint8_t *tuple_check(const uint8_t *p, const char **schema, struct item_in *in)
{
	struct item_at at = item_head_take(p, ITEM_LIST, in);
	const uint8_t *start = p;

	p = at.next;
	while (p && **schema != ')') {
		if (**schema == '?') {
			++*schema;
			if (!at.v) {
				while (**schema != ')')
					schema_skip(schema);
				break;
			}
			if (at.v == 1 && p < in->end && *p == ITEM_LIST << 5)
				return refuse_at(in, p, "an empty list in place of none");
		}
		if (!at.v--)
			return refuse_at(in, start, "a list of the wrong length");
		/* Most members are numbers. */
		if (**schema == 'u') {
			++*schema;
			p = item_head_take(p, ITEM_UINT, in).next;
		} else {
			p = schema_check(p, schema, in);
		}
	}
	if (!p)
		return NULL;
	if (at.v)
		return refuse_at(in, start, "a list of the wrong length");
	++*schema;
	return p;
}

static const uint8_t *bytes_check(const uint8_t *p, const char **schema, struct item_in *in)
{
	struct krux_str s;
	size_t want = 0;

	while (**schema >= '0' && **schema <= '9')
		want = want * 10 + (size_t)(*(*schema)++ - '0');
	p = str_take(p, ITEM_BYTES, &s, in);
	return !p || s.n == want ? p : refuse_at(in, p, "bytes of the wrong length");
}

static const uint8_t *schema_check(const uint8_t *p, const char **schema, struct item_in *in)
{
	struct item_at at;
	struct krux_str s;

	switch (*(*schema)++) {
	case 'u':
	case 'k':
		return item_head_take(p, ITEM_UINT, in).next;
	case 'v':
		at = item_head_take(p, ITEM_UINT, in);
		return !at.next || at.v <= KRUX_AUTONOMOUS ? at.next : refuse_at(in, at.next, "a number that is out of range");
	case 'b':
		return bytes_check(p, schema, in);
	case 'c':
		return str_take(p, ITEM_BYTES, &s, in);
	case 't':
		return str_take(p, ITEM_TEXT, &s, in);
	case '[':
		return list_check(p, schema, in);
	case '(':
		return tuple_check(p, schema, in);
	default:
		return refuse_at(in, p, "a field without a schema");
	}
}

bool item_check(struct item_in *in, const char **schema)
{
	const uint8_t *next = schema_check(in->p, schema, in);

	if (!next)
		return false;
	in->p = next;
	return true;
}

const uint8_t *item_check_at(const uint8_t *p, const char *schema, struct item_in *in)
{
	return schema_check(p, &schema, in);
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
