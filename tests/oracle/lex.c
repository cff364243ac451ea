/* Text of capabilities and conditions to tokens and literals. */
#include <string.h>

#include "tests/oracle/oracle.h"

bool o_is(struct krux_str s, const char *w)
{
	return s.n == strlen(w) && !memcmp(s.p, w, s.n);
}

struct krux_str o_str(const char *w)
{
	return (struct krux_str){ w, strlen(w) };
}

static bool lower(char c) { return c >= 'a' && c <= 'z'; }
static bool upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool digit(char c) { return c >= '0' && c <= '9'; }

static char at(const struct o_lex *x, size_t i)
{
	return (size_t)(x->end - x->p) > i ? x->p[i] : 0;
}

static void put_scalar(char *out, size_t *n, uint32_t c)
{
	if (c < 0x80) {
		out[(*n)++] = (char)c;
	} else if (c < 0x800) {
		out[(*n)++] = (char)(0xC0 | c >> 6);
		out[(*n)++] = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		out[(*n)++] = (char)(0xE0 | c >> 12);
		out[(*n)++] = (char)(0x80 | (c >> 6 & 63));
		out[(*n)++] = (char)(0x80 | (c & 63));
	} else {
		out[(*n)++] = (char)(0xF0 | c >> 18);
		out[(*n)++] = (char)(0x80 | (c >> 12 & 63));
		out[(*n)++] = (char)(0x80 | (c >> 6 & 63));
		out[(*n)++] = (char)(0x80 | (c & 63));
	}
}

static void string(struct o_lex *x)
{
	char *out = arena_get(x->a, (size_t)(x->end - x->p) + 1);
	size_t n = 0;

	x->tok = OT_STRING;
	for (x->p++; at(x, 0) != '"';) {
		if (x->p >= x->end || *x->p == '\n') {
			x->failed = true;
			break;
		}
		if (*x->p != '\\') {
			out[n++] = *x->p++;
			continue;
		}
		x->p++;
		switch (at(x, 0)) {
		case 'n': out[n++] = '\n'; x->p++; break;
		case 't': out[n++] = '\t'; x->p++; break;
		case '"': case '\\': out[n++] = *x->p++; break;
		case 'u': {
			uint32_t c = 0;
			for (x->p += 2; x->p < x->end && *x->p != '}'; x->p++)
				c = c * 16 + (uint32_t)(digit(*x->p) ? *x->p - '0' : (*x->p | 32) - 'a' + 10);
			x->p++;
			put_scalar(out, &n, c);
			break;
		}
		default: x->failed = true; x->p++; break;
		}
	}
	x->p++;
	x->text = (struct krux_str){ out, n };
}

/* 12, -3, 1.50, 10KiB, 5s, 10.0.0.1, 10.0.0.0/8, 09:30:00 */
static void number(struct o_lex *x)
{
	const char *from = x->p;
	unsigned dots = 0;

	x->tok = OT_NUMBER;
	if (*x->p == '-' || *x->p == '+')
		x->p++;
	while (digit(at(x, 0)) || at(x, 0) == '_' || (at(x, 0) == '.' && digit(at(x, 1))) ||
	       (at(x, 0) == ':' && digit(at(x, 1)) && !x->cap) || (at(x, 0) == '/' && digit(at(x, 1)))) {
		dots += *x->p == '.';
		if (*x->p == ':')
			x->tok = OT_TIME;
		if (*x->p == '/' || dots > 1)
			x->tok = OT_ADDRESS;
		x->p++;
	}
	while (lower(at(x, 0)) || upper(at(x, 0)))
		x->p++;
	x->text = (struct krux_str){ from, (size_t)(x->p - from) };
}

void o_lex_next(struct o_lex *x)
{
	static const char *const two[] = { "==", "!=", "<=", ">=", "..", "->" };
	const char *from;

	for (;; x->p++) {
		while (x->cap && (at(x, 0) == '#' || (at(x, 0) == '/' && at(x, 1) == '/')))
			while (x->p < x->end && *x->p != '\n')
				x->p++;
		if (x->p >= x->end || !strchr(" \n\t", *x->p))
			break;
	}
	from = x->p;
	if (x->p >= x->end) {
		x->tok = OT_END;
		x->text = (struct krux_str){ x->end, 0 };
	} else if (*x->p == '"') {
		string(x);
	} else if (digit(*x->p) || ((*x->p == '-' || *x->p == '+') && digit(at(x, 1)))) {
		number(x);
	} else if (lower(*x->p) || upper(*x->p)) {
		while (lower(at(x, 0)) || upper(at(x, 0)) || digit(at(x, 0)) || at(x, 0) == '_' ||
		       (at(x, 0) == '-' && at(x, 1) != '>'))
			x->p++;
		x->tok = OT_WORD;
		x->text = (struct krux_str){ from, (size_t)(x->p - from) };
	} else {
		size_t n = 1;
		for (size_t i = 0; i < sizeof two / sizeof *two; i++)
			if (at(x, 0) == two[i][0] && at(x, 1) == two[i][1])
				n = 2;
		x->p += n;
		x->tok = OT_PUNCT;
		x->text = (struct krux_str){ from, n };
	}
}

void o_lex_begin(struct o_lex *x, struct arena *a, struct krux_str text)
{
	*x = (struct o_lex){ .a = a, .p = text.p, .end = text.p + text.n };
}

bool o_lex_is(const struct o_lex *x, const char *word)
{
	return (x->tok == OT_WORD || x->tok == OT_PUNCT) && o_is(x->text, word);
}

bool o_lex_take(struct o_lex *x, const char *word)
{
	if (!o_lex_is(x, word))
		return false;
	o_lex_next(x);
	return true;
}

void o_lex_want(struct o_lex *x, const char *word)
{
	if (!o_lex_take(x, word))
		x->failed = true;
}

static bool simple(struct o_lex *x, struct o_lit *out)
{
	switch (x->tok) {
	case OT_STRING: out->kind = OL_STRING; break;
	case OT_NUMBER: out->kind = OL_NUMBER; break;
	case OT_WORD: out->kind = OL_WORD; break;
	case OT_ADDRESS: out->kind = OL_ADDRESS; break;
	case OT_TIME: out->kind = OL_TIME; break;
	default:
		x->failed = true;
		return false;
	}
	out->text = x->text;
	o_lex_next(x);
	return true;
}

/* A list or record up to its closing bracket. */
static bool items(struct o_lex *x, struct o_lit *out, const char *close)
{
	size_t cap = 0;

	for (o_lex_next(x); !o_lex_is(x, close);) {
		struct o_lit item = { 0 };
		if (out->kind == OL_RECORD) {
			item.name = x->text;
			o_lex_next(x);
			o_lex_want(x, ":");
		}
		struct krux_str name = item.name;
		if (x->failed || !o_lit_read(x, &item))
			return false;
		item.name = name;
		ARENA_PUSH(x->a, out->item, out->n, cap, item);
		if (!o_lex_take(x, ",") && !o_lex_is(x, close))
			x->failed = true;
	}
	o_lex_next(x);
	return !x->failed;
}

bool o_lit_read(struct o_lex *x, struct o_lit *out)
{
	*out = (struct o_lit){ 0 };
	if (o_lex_is(x, "[")) {
		out->kind = OL_LIST;
		return items(x, out, "]");
	}
	if (o_lex_is(x, "{")) {
		out->kind = OL_RECORD;
		return items(x, out, "}");
	}
	if (!simple(x, out))
		return false;
	if (o_lex_take(x, "..")) {
		struct o_lit *pair = ARENA_ARRAY(x->a, struct o_lit, 2);
		pair[0] = *out;
		if (!simple(x, &pair[1]))
			return false;
		*out = (struct o_lit){ .kind = OL_RANGE, .item = pair, .n = 2 };
	}
	return !x->failed;
}
