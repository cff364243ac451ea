/* Regular expressions: text to trees. */
#include "compiler/model/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "capspec/canon.h"
#include "capspec/limits.h"

enum { LARGEST = 1 << 12, LAST_SCALAR = 0x10FFFF };

const char regex_large[] = "the expression is too large once its repetitions are written out";

struct parse {
	struct arena *arena;
	struct krux_str text;
	size_t at;
	unsigned depth;
	size_t nodes;
	const char *why;
	size_t wrong;
};

static const struct regex *alternatives(struct parse *);

static void *refuse(struct parse *p, size_t at, const char *why)
{
	if (!p->why) {
		p->why = why;
		p->wrong = at;
	}
	return NULL;
}

static int peek(const struct parse *p)
{
	return p->at < p->text.n ? (unsigned char)p->text.p[p->at] : -1;
}

/* ---- sets of scalars ---- */

struct set {
	struct scalar_range *range;
	size_t n, cap;
};

static void set_add(struct parse *p, struct set *s, uint32_t lo, uint32_t hi)
{
	struct scalar_range r = { lo, hi };

	ARENA_PUSH(p->arena, s->range, s->n, s->cap, r);
}

static int range_order(const void *pa, const void *pb)
{
	const struct scalar_range *a = pa, *b = pb;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* Sorts, joins, and leaves the surrogates out. */
static void set_normalise(struct parse *p, struct set *s)
{
	size_t n = 0;

	for (size_t i = s->n; i-- > 0;) {
		struct scalar_range r = s->range[i];

		if (r.lo >= 0xD800 && r.lo < 0xE000)
			s->range[i].lo = 0xE000;
		if (r.lo < 0xD800 && r.hi >= 0xD800)
			s->range[i].hi = 0xD7FF;
		if (r.lo < 0xD800 && r.hi >= 0xE000)
			set_add(p, s, 0xE000, r.hi);
	}
	if (s->n)
		qsort(s->range, s->n, sizeof *s->range, range_order);
	for (size_t i = 0; i < s->n; i++) {
		struct scalar_range r = s->range[i];

		if (r.lo > r.hi)
			continue;
		if (n && r.lo <= s->range[n - 1].hi + 1) {
			if (r.hi > s->range[n - 1].hi)
				s->range[n - 1].hi = r.hi;
		} else {
			s->range[n++] = r;
		}
	}
	s->n = n;
}

/* Everything but a normalised set. */
static void set_invert(struct parse *p, struct set *s)
{
	struct set out = { 0 };
	uint32_t next = 1;

	for (size_t i = 0; i < s->n; i++) {
		if (s->range[i].lo > next)
			set_add(p, &out, next, s->range[i].lo - 1);
		next = s->range[i].hi + 1;
	}
	if (next <= LAST_SCALAR)
		set_add(p, &out, next, LAST_SCALAR);
	set_normalise(p, &out);
	*s = out;
}

/* Counted, so that no long text is read in vain. */
static struct regex *node(struct parse *p)
{
	if (++p->nodes > LARGEST)
		refuse(p, 0, regex_large);
	return ARENA_NEW(p->arena, struct regex);
}

static const struct regex *set_regex(struct parse *p, const struct set *s)
{
	struct regex *r = node(p);

	r->kind = REGEX_SET;
	r->range = s->range;
	r->nranges = s->n;
	return r;
}

/* \d, \w, \s. */
static bool shorthand_add(struct parse *p, int c, struct set *s)
{
	switch (c) {
	case 'd':
		set_add(p, s, '0', '9');
		return true;
	case 'w':
		set_add(p, s, '0', '9');
		set_add(p, s, 'A', 'Z');
		set_add(p, s, '_', '_');
		set_add(p, s, 'a', 'z');
		return true;
	case 's':
		set_add(p, s, '\t', '\r');
		set_add(p, s, ' ', ' ');
		return true;
	default:
		return false;
	}
}

/* What stands behind a backslash: a shorthand into *s (result 0), or one scalar. */
static uint32_t escaped(struct parse *p, struct set *s)
{
	int c;

	p->at++;
	c = peek(p);
	if (c == 'n' || c == 't') {
		p->at++;
		return c == 'n' ? '\n' : '\t';
	}
	if (c > 0 && shorthand_add(p, c, s)) {
		p->at++;
		return 0;
	}
	if (c > 0 && strchr(".[](){}|*+?\\^$-/\"", c)) {
		p->at++;
		return (uint32_t)c;
	}
	refuse(p, p->at - 1,
	       "a backslash stands before . [ ] ( ) { } | * + ? \\ ^ $ - / \" n t d w s");
	return 0;
}

/* One scalar of a class; 0 where it was a shorthand or an error. */
static uint32_t class_scalar(struct parse *p, struct set *s)
{
	unsigned len;
	uint32_t c;

	switch (peek(p)) {
	case -1:
		refuse(p, p->at, "the class is not closed by ]");
		return 0;
	case '\\':
		return escaped(p, s);
	case '[':
		refuse(p, p->at, "[ inside a class is written \\[");
		return 0;
	case '^':
		refuse(p, p->at, "^ is written \\^ but at the start of a class");
		return 0;
	case '$':
		refuse(p, p->at,
		       "$ is written \\$: the whole value always matches, there are no anchors");
		return 0;
	default:
		c = krux_utf8_get(p->text.p + p->at, p->text.n - p->at, &len);
		p->at += len;
		return c;
	}
}

/* [a-z], [^/]: behind the opening bracket. */
static const struct regex *class(struct parse *p)
{
	size_t open = p->at++;
	bool invert = peek(p) == '^';
	struct set s = { 0 };

	p->at += invert;
	if (peek(p) == ']')
		return refuse(p, open, "the class is empty");
	while (peek(p) != ']') {
		size_t from = p->at;
		uint32_t lo = class_scalar(p, &s), hi = lo;

		if (!p->why && !lo && peek(p) == '-' && p->at + 1 < p->text.n &&
		    p->text.p[p->at + 1] != ']')
			refuse(p, from, "a range starts with one character");
		if (p->why)
			return NULL;
		if (!lo)
			continue;
		if (peek(p) == '-' && p->at + 1 < p->text.n && p->text.p[p->at + 1] != ']') {
			p->at++;
			hi = class_scalar(p, &s);
			if (!p->why && hi < lo)
				refuse(p, from,
				       hi ? "the range is reversed"
				          : "a range ends in one character");
			if (p->why)
				return NULL;
		}
		set_add(p, &s, lo, hi);
	}
	p->at++;
	set_normalise(p, &s);
	if (invert)
		set_invert(p, &s);
	if (!s.n)
		return refuse(p, open, "the class is empty");
	return set_regex(p, &s);
}

/* ---- the grammar ---- */

static const struct regex *group(struct parse *p)
{
	size_t open = p->at++;
	const struct regex *r;

	if (peek(p) == '?')
		return refuse(p, open, "there are no flags, names or look-around: a group is ( )");
	if (++p->depth > KRUX_MAX_DEPTH)
		return refuse(p, open, "groups are nested more than 64 deep");
	r = alternatives(p);
	p->depth--;
	if (!r)
		return NULL;
	if (peek(p) != ')')
		return refuse(p, open, "the group is not closed by )");
	p->at++;
	return r;
}

static const struct regex *atom(struct parse *p)
{
	struct set s = { 0 };
	unsigned len;
	uint32_t c;

	switch (peek(p)) {
	case '(':
		return group(p);
	case '[':
		return class(p);
	case '.':
		p->at++;
		set_invert(p, &s);
		return set_regex(p, &s);
	case '\\':
		c = escaped(p, &s);
		if (p->why)
			return NULL;
		if (c)
			set_add(p, &s, c, c);
		set_normalise(p, &s);
		return set_regex(p, &s);
	case '*': case '+': case '?':
		return refuse(p, p->at, "nothing stands before the repetition");
	case '{':
		return refuse(p, p->at,
		              "nothing stands before the repetition; { alone is written \\{");
	case '}': case ']':
		return refuse(p, p->at, "} and ] alone are written \\} and \\]");
	case '^': case '$':
		return refuse(p, p->at,
		              "the whole value always matches, there are no anchors; ^ and $ "
		              "themselves are written \\^ and \\$");
	default:
		c = krux_utf8_get(p->text.p + p->at, p->text.n - p->at, &len);
		p->at += len;
		set_add(p, &s, c, c);
		return set_regex(p, &s);
	}
}

static bool count(struct parse *p, uint32_t *out)
{
	size_t from = p->at;

	*out = 0;
	while (peek(p) >= '0' && peek(p) <= '9') {
		*out = *out * 10 + (uint32_t)(peek(p) - '0');
		if (*out > KRUX_MAX_COUNT) {
			refuse(p, from, "a count is at most 256");
			return false;
		}
		p->at++;
	}
	if (p->at == from)
		refuse(p, from, "a count is {m}, {m,} or {m,n}; { alone is written \\{");
	return p->at > from;
}

/* {m} {m,} {m,n} */
static bool counts(struct parse *p, uint32_t *min, uint32_t *max)
{
	size_t open = p->at++;

	if (!count(p, min))
		return false;
	*max = *min;
	if (peek(p) == ',') {
		p->at++;
		*max = REGEX_UNBOUNDED;
		if (peek(p) != '}' && !count(p, max))
			return false;
	}
	if (peek(p) != '}') {
		refuse(p, open, "a count is {m}, {m,} or {m,n}; { alone is written \\{");
		return false;
	}
	p->at++;
	if (*max < *min)
		refuse(p, open, "the counts are reversed");
	return !p->why;
}

static const struct regex *repeated(struct parse *p)
{
	const struct regex *r = atom(p), **item;
	struct regex *out;
	uint32_t min = 0, max = REGEX_UNBOUNDED;
	int c = peek(p);

	if (!r || c < 0 || !strchr("*+?{", c))
		return r;
	if (c == '{') {
		if (!counts(p, &min, &max))
			return NULL;
	} else {
		p->at++;
		min = c == '+';
		max = c == '?' ? 1 : REGEX_UNBOUNDED;
	}
	c = peek(p);
	if (c > 0 && strchr("*+?{", c))
		return refuse(p, p->at, "a repetition follows a repetition; use a group");
	out = node(p);
	item = ARENA_NEW(p->arena, const struct regex *);
	*item = r;
	*out = (struct regex){
		.kind = REGEX_REPEAT, .min = min, .max = max, .item = item, .nitems = 1
	};
	return out;
}

static const struct regex *sequence_of(struct parse *p, enum regex_kind kind,
                                       const struct regex **item, size_t n)
{
	struct regex *r;

	if (n == 1)
		return item[0];
	r = node(p);
	*r = (struct regex){ .kind = kind, .item = item, .nitems = n };
	return r;
}

static const struct regex *concatenation(struct parse *p)
{
	const struct regex **item = NULL, *r;
	size_t n = 0, cap = 0;

	while (peek(p) >= 0 && peek(p) != '|' && peek(p) != ')') {
		r = repeated(p);
		if (!r || p->why)
			return NULL;
		ARENA_PUSH(p->arena, item, n, cap, r);
	}
	return sequence_of(p, REGEX_CAT, item, n);
}

static const struct regex *alternatives(struct parse *p)
{
	const struct regex **item = NULL, *r;
	size_t n = 0, cap = 0;

	for (;;) {
		r = concatenation(p);
		if (!r || p->why)
			return NULL;
		ARENA_PUSH(p->arena, item, n, cap, r);
		if (peek(p) != '|')
			break;
		p->at++;
	}
	return sequence_of(p, REGEX_ALT, item, n);
}

/* Nodes there are once repetitions are written out; LARGEST + 1 is "too many". */
static uint64_t weight(const struct regex *r)
{
	uint64_t w = 1;

	if (r->kind == REGEX_SET)
		return 1;
	for (size_t i = 0; i < r->nitems && w <= LARGEST; i++)
		w += weight(r->item[i]);
	if (r->kind == REGEX_REPEAT)
		w *= r->max == REGEX_UNBOUNDED ? r->min + 1 : r->max ? r->max : 1;
	return w > LARGEST ? LARGEST + 1 : w;
}

const struct regex *regex_parse(struct arena *a, struct krux_str text, const char **why, size_t *at)
{
	struct parse p = { .arena = a, .text = text };
	const struct regex *r = NULL;

	if (!krux_utf8_valid(text) || (text.n && memchr(text.p, 0, text.n)))
		refuse(&p, 0, "the expression is not valid UTF-8 without NUL");
	else
		r = alternatives(&p);
	if (p.why)
		r = NULL;
	if (r && p.at < text.n)
		r = refuse(&p, p.at, "no group is open that ) could close");
	if (r && weight(r) > LARGEST)
		r = refuse(&p, 0, regex_large);
	if (!r) {
		*why = p.why;
		*at = p.wrong < text.n ? p.wrong : text.n;
	}
	return r;
}

bool regex_check(struct krux_str text, const char **why, size_t *at)
{
	struct arena *a = arena_new();
	bool ok = regex_parse(a, text, why, at) != NULL;

	arena_free(a);
	return ok;
}

/* ---- asking ---- */

static bool set_has(const struct regex *r, uint32_t scalar)
{
	for (size_t i = 0; i < r->nranges; i++)
		if (scalar >= r->range[i].lo && scalar <= r->range[i].hi)
			return true;
	return false;
}

static bool can_be_empty(const struct regex *r)
{
	bool all = true, some = false;

	if (r->kind == REGEX_SET)
		return false;
	if (r->kind == REGEX_REPEAT && !r->min)
		return true;
	for (size_t i = 0; i < r->nitems; i++) {
		bool empty = can_be_empty(r->item[i]);

		all = all && empty;
		some = some || empty;
	}
	return r->kind == REGEX_ALT ? some : all;
}

bool regex_can_start(const struct regex *r, uint32_t scalar)
{
	if (r->kind == REGEX_SET)
		return set_has(r, scalar);
	if (r->kind == REGEX_REPEAT && !r->max)
		return false;
	for (size_t i = 0; i < r->nitems; i++) {
		if (regex_can_start(r->item[i], scalar))
			return true;
		if (r->kind == REGEX_CAT && !can_be_empty(r->item[i]))
			return false;
	}
	return false;
}
