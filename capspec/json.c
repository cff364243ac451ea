/* JSON text to values: RFC 8259 to the letter, and stricter where that leaves a choice. One
 * pass; items of open arrays and objects wait on a stack and move to the pool when theirs
 * closes, so memory grows with the input and never with what the input claims. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json {
	struct krux_pool *pool;
	const char *start, *p, *end;
	struct krux_refusal *refusal;
	struct krux_member *stack, *taken;   /* taken: where the first has no room any more */
	size_t n, cap;
	unsigned depth;
};

static bool value_read(struct json *, struct krux_value *out);

/* Refuses at `at`. */
static bool json_refuse(struct json *j, const char *at, const char *why)
{
	size_t line = 1, col = 1;
	char where[48];

	for (const char *p = j->start; p < at; p++) {
		if (*p == '\n') {
			line++;
			col = 1;
		} else if (((unsigned char)*p & 0xC0) != 0x80) {
			col++;
		}
	}
	snprintf(where, sizeof where, "%zu:%zu", line, col);
	return krux_refuse(j->refusal, where, why);
}

static void space_skip(struct json *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\n' || *j->p == '\t' || *j->p == '\r'))
		j->p++;
}

static bool stack_push(struct json *j, const struct krux_member *m)
{
	if (j->n == j->cap) {
		size_t cap = j->cap * 4;
		struct krux_member *stack = NULL;

		if (j->n < krux_pool_room(j->pool) / sizeof *stack)
			stack = reallocarray(j->taken, cap, sizeof *stack);
		if (!stack)
			return json_refuse(j, j->p, "out of memory");
		if (!j->taken)
			memcpy(stack, j->stack, j->n * sizeof *stack);
		j->stack = j->taken = stack;
		j->cap = cap;
	}
	j->stack[j->n++] = *m;
	return true;
}

static bool word_read(struct json *j, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
		return json_refuse(j, j->p, "expected a JSON value");
	j->p += n;
	return true;
}

static size_t digits_skip(struct json *j)
{
	const char *from = j->p;

	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return (size_t)(j->p - from);
}

static bool number_read(struct json *j, struct krux_value *out)
{
	const char *from = j->p;

	if (*j->p == '-')
		j->p++;
	if (j->p < j->end && *j->p == '0')
		j->p++;
	else if (!digits_skip(j))
		return json_refuse(j, from, "expected a JSON value");
	if (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		return json_refuse(j, from, "a number has no leading zeros");
	if (j->p < j->end && *j->p == '.') {
		j->p++;
		if (!digits_skip(j))
			return json_refuse(j, from, "a number has digits after its point");
	}
	if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
		j->p++;
		if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
			j->p++;
		if (!digits_skip(j))
			return json_refuse(j, from, "a number has digits in its exponent");
	}
	out->kind = KRUX_V_NUMBER;
	out->str = (struct krux_str){ from, (size_t)(j->p - from) };
	return true;
}

/* Four hex digits after \u. */
static bool hex4_read(struct json *j, uint32_t *out)
{
	uint32_t v = 0;

	if (j->end - j->p < 4)
		return json_refuse(j, j->p, "\\u takes four hex digits");
	for (int i = 0; i < 4; i++) {
		char c = *j->p++;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		else
			return json_refuse(j, j->p - 1, "\\u takes four hex digits");
	}
	*out = v;
	return true;
}

/* What \u stands for, surrogate pairs joined. */
static bool unicode_escape_read(struct json *j, char **to)
{
	const char *from = j->p - 2;
	uint32_t v, low;

	if (!hex4_read(j, &v))
		return false;
	if (v >= 0xD800 && v <= 0xDFFF) {
		if (v > 0xDBFF || j->end - j->p < 2 || j->p[0] != '\\' || j->p[1] != 'u')
			return json_refuse(j, from, "a surrogate stands alone");
		j->p += 2;
		if (!hex4_read(j, &low))
			return false;
		if (low < 0xDC00 || low > 0xDFFF)
			return json_refuse(j, from, "a surrogate stands alone");
		v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
	}
	if (!v)
		return json_refuse(j, from, "a string holds no NUL");
	*to += krux_utf8_put(v, *to);
	return true;
}

static bool escape_read(struct json *j, char **to)
{
	static const char names[] = "\"\\/bfnrt", chars[] = "\"\\/\b\f\n\r\t";
	const char *from = j->p++;
	const char *name;

	if (j->p == j->end)
		return json_refuse(j, from, "the string does not end");
	if (*j->p == 'u') {
		j->p++;
		return unicode_escape_read(j, to);
	}
	name = memchr(names, *j->p, sizeof names - 1);
	if (!name)
		return json_refuse(j, from, "no such escape");
	*(*to)++ = chars[name - names];
	j->p++;
	return true;
}

#define EACH(byte) (0x0101010101010101u * (byte))

/* Is one of eight bytes below n, which is at most 0x80. */
static bool any_below(uint64_t word, unsigned n)
{
	return (word - EACH((uint64_t)n)) & ~word & EACH(0x80u);
}

/* Over bytes that only stand for themselves, eight at a time. */
static const char *plain_skip(const char *p, const char *end)
{
	uint64_t word;

	for (; (size_t)(end - p) >= sizeof word; p += sizeof word) {
		memcpy(&word, p, sizeof word);
		if (any_below(word, 0x20) || any_below(word ^ EACH((uint64_t)'"'), 1) || any_below(word ^ EACH((uint64_t)'\\'), 1))
			break;
	}
	return p;
}

/* To the closing quote; `escaped` says whether there is a backslash on the way. */
static bool string_scan(struct json *j, const char **close, bool *escaped)
{
	const char *p = plain_skip(j->p, j->end);

	*escaped = false;
	for (; p < j->end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return json_refuse(j, p, *p ? "a string holds no raw control characters"
			                            : "a string holds no NUL");
		if (*p == '\\') {
			*escaped = true;
			if (++p == j->end)
				break;
		}
	}
	if (p == j->end)
		return json_refuse(j, j->p - 1, "the string does not end");
	*close = p;
	return true;
}

static bool string_read(struct json *j, struct krux_str *out)
{
	const char *close = ++j->p;
	char *text, *to;
	bool escaped;

	if (!string_scan(j, &close, &escaped))
		return false;
	if (!escaped) {
		*out = (struct krux_str){ j->p, (size_t)(close - j->p) };
		j->p = close + 1;
		return true;
	}
	/* No escape is longer than what it stands for. */
	text = to = krux_pool_get(j->pool, (size_t)(close - j->p));
	if (!text)
		return json_refuse(j, j->p, "out of memory");
	while (j->p < close) {
		if (*j->p != '\\')
			*to++ = *j->p++;
		else if (!escape_read(j, &to))
			return false;
	}
	j->p++;
	*out = (struct krux_str){ text, (size_t)(to - text) };
	return true;
}

static bool array_close(struct json *j, size_t base, struct krux_value *out)
{
	size_t n = j->n - base;
	struct krux_value *item = krux_pool_get(j->pool, n * sizeof *item);

	if (!item)
		return json_refuse(j, j->p, "out of memory");
	for (size_t i = 0; i < n; i++)
		item[i] = j->stack[base + i].value;
	out->kind = KRUX_V_LIST;
	out->list.item = item;
	out->list.n = n;
	j->n = base;
	return true;
}

static int key_order(const void *a, const void *b)
{
	return krux_key_cmp(**(const struct krux_str *const *)a, **(const struct krux_str *const *)b);
}

/* Is some key of m[0..n) there twice? Small objects are compared in place, others sorted. */
static bool keys_unique(struct json *j, const struct krux_member *m, size_t n, const char *at)
{
	const struct krux_str **key;
	bool twice = false;

	if (n <= 8) {
		for (size_t i = 1; i < n; i++)
			for (size_t k = 0; k < i; k++)
				twice |= krux_str_eq(m[i].key, m[k].key);
	} else {
		key = reallocarray(NULL, n, sizeof *key);
		if (!key)
			return json_refuse(j, at, "out of memory");
		for (size_t i = 0; i < n; i++)
			key[i] = &m[i].key;
		qsort(key, n, sizeof *key, key_order);
		for (size_t i = 1; i < n && !twice; i++)
			twice = krux_str_eq(*key[i - 1], *key[i]);
		free(key);
	}
	return !twice || json_refuse(j, at, "the object has a key twice");
}

static bool object_close(struct json *j, size_t base, const char *at, struct krux_value *out)
{
	size_t n = j->n - base;
	struct krux_member *member;

	if (n && !keys_unique(j, j->stack + base, n, at))
		return false;
	member = krux_pool_get(j->pool, n * sizeof *member);
	if (!member)
		return json_refuse(j, j->p, "out of memory");
	if (n)
		memcpy(member, j->stack + base, n * sizeof *member);
	out->kind = KRUX_V_MAP;
	out->map.member = member;
	out->map.n = n;
	j->n = base;
	return true;
}

/* One item of an array or member of an object, onto the stack. */
static bool item_read(struct json *j, bool object)
{
	struct krux_member m = { 0 };

	space_skip(j);
	if (object) {
		if (j->p == j->end || *j->p != '"')
			return json_refuse(j, j->p, "expected a key in quotes");
		if (!string_read(j, &m.key))
			return false;
		space_skip(j);
		if (j->p == j->end || *j->p != ':')
			return json_refuse(j, j->p, "expected ':'");
		j->p++;
	}
	return value_read(j, &m.value) && stack_push(j, &m);
}

static bool container_read(struct json *j, struct krux_value *out)
{
	const char *from = j->p;
	bool object = *j->p++ == '{';
	char close = object ? '}' : ']';
	size_t base = j->n;

	if (j->depth == KRUX_MAX_DEPTH)
		return json_refuse(j, from, "nested more than 64 deep");
	j->depth++;
	space_skip(j);
	if (j->p < j->end && *j->p == close) {
		j->p++;
	} else {
		for (;;) {
			if (!item_read(j, object))
				return false;
			space_skip(j);
			if (j->p == j->end)
				return json_refuse(j, from, object ? "the object does not end"
				                                   : "the array does not end");
			if (*j->p == close)
				break;
			if (*j->p != ',')
				return json_refuse(j, j->p, object ? "expected ',' or '}'" : "expected ',' or ']'");
			j->p++;
		}
		j->p++;
	}
	j->depth--;
	return object ? object_close(j, base, from, out) : array_close(j, base, out);
}

static bool value_read(struct json *j, struct krux_value *out)
{
	space_skip(j);
	if (j->p == j->end)
		return json_refuse(j, j->p, "expected a JSON value");
	switch (*j->p) {
	case '{':
	case '[':
		return container_read(j, out);
	case '"':
		out->kind = KRUX_V_TEXT;
		return string_read(j, &out->str);
	case 't':
	case 'f':
		out->kind = KRUX_V_BOOL;
		out->b = *j->p == 't';
		return word_read(j, out->b ? "true" : "false");
	case 'n':
		out->kind = KRUX_V_NULL;
		return word_read(j, "null");
	default:
		return number_read(j, out);
	}
}

/* The first byte that is not part of valid UTF-8. */
static const char *utf8_break(struct krux_str text)
{
	unsigned len;
	size_t i = 0;

	while (i < text.n && (krux_utf8_get(text.p + i, text.n - i, &len) != 0xFFFD || len == 3))
		i += len;
	return text.p + i;
}

bool krux_json_read(struct krux_pool *pool, struct krux_str text, struct krux_value *out,
                    struct krux_refusal *refusal)
{
	struct krux_member few[16];
	struct json j = { .pool = pool, .refusal = refusal, .start = text.p, .p = text.p, .stack = few,
		          .cap = sizeof few / sizeof *few };
	struct krux_value v = { 0 };
	bool ok;

	if (!text.n)
		return krux_refuse(refusal, "1:1", "expected a JSON value");
	j.end = text.p + text.n;
	if (!krux_utf8_valid(text))
		return json_refuse(&j, utf8_break(text), "not valid UTF-8");
	ok = value_read(&j, &v);
	if (ok) {
		space_skip(&j);
		if (j.p != j.end)
			ok = json_refuse(&j, j.p, "text after the value");
	}
	free(j.taken);
	if (ok)
		*out = v;
	return ok;
}
