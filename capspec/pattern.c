/* Regular expressions of LANG.md 5.4 to a program of alternatives, run over all of them at
 * once: time is the length of the text times that of the program, whatever the expression. */
#include "capspec/canon.h"
#include "capspec/limits.h"

#include <string.h>

enum op { MATCH, ANY, ONE, CLASS, NOT_CLASS, SPLIT, JUMP };
enum { LARGEST_PROGRAM = 1 << 16, LARGEST_RANGES = 1 << 16 };

struct step {
	enum op op;
	int32_t a, b;         /* SPLIT, JUMP: distances; ONE: the scalar; CLASS: first range, count */
};

struct range {
	uint32_t lo, hi;
};

struct krux_pattern {
	struct step *step;
	struct range *range;
	int32_t nsteps, nranges;
	int32_t *now, *next, *stack, *seen;   /* sets of steps; seen[i] is the turn i was added in */
};

struct build {
	struct krux_pool *pool;
	const char *p, *end;
	const char *why;
	struct krux_pattern *out;
	size_t step_cap, range_cap;
	unsigned depth;
};

static bool choice_build(struct build *);

static bool build_refuse(struct build *b, const char *why)
{
	b->why = why;
	return false;
}

/* Room for n items of `size` in *array; grows by doubling in the pool. */
static bool array_grow(struct build *b, void **array, size_t *cap, size_t used, size_t n, size_t size)
{
	size_t want = *cap ? *cap : 64;
	void *grown;

	if (n <= *cap)
		return true;
	while (want < n)
		want *= 2;
	grown = krux_pool_get(b->pool, want * size);
	if (!grown)
		return build_refuse(b, "out of memory");
	if (used)
		memcpy(grown, *array, used * size);
	*array = grown;
	*cap = want;
	return true;
}

/* Room for n more steps. */
static bool steps_reserve(struct build *b, uint64_t n)
{
	struct krux_pattern *out = b->out;
	void *array = out->step;

	if (n > (uint64_t)(LARGEST_PROGRAM - out->nsteps))
		return build_refuse(b, "the expression is too large");
	if (!array_grow(b, &array, &b->step_cap, (size_t)out->nsteps, (size_t)out->nsteps + n,
	                sizeof *out->step))
		return false;
	out->step = array;
	return true;
}

static bool step_put(struct build *b, enum op op, int32_t a, int32_t second)
{
	if (!steps_reserve(b, 1))
		return false;
	b->out->step[b->out->nsteps++] = (struct step){ op, a, second };
	return true;
}

static bool range_put(struct build *b, uint32_t lo, uint32_t hi)
{
	struct krux_pattern *out = b->out;
	void *array = out->range;

	if (lo > hi)
		return build_refuse(b, "a range of a class runs backwards");
	if (out->nranges == LARGEST_RANGES)
		return build_refuse(b, "the expression is too large");
	if (!array_grow(b, &array, &b->range_cap, (size_t)out->nranges, (size_t)out->nranges + 1,
	                sizeof *out->range))
		return false;
	out->range = array;
	out->range[out->nranges++] = (struct range){ lo, hi };
	return true;
}

static uint32_t scalar_take(struct build *b)
{
	unsigned len;
	uint32_t c = krux_utf8_get(b->p, (size_t)(b->end - b->p), &len);

	b->p += len;
	return c;
}

/* \d, \w or \s as ranges; 0 when c names none, -1 without room. */
static int set_put(struct build *b, uint32_t c)
{
	static const struct range digit[] = { { '0', '9' } };
	static const struct range word[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
	static const struct range space[] = { { 9, 13 }, { ' ', ' ' } };
	const struct range *set = c == 'd' ? digit : c == 'w' ? word : c == 's' ? space : NULL;
	size_t n = c == 'd' ? 1 : c == 'w' ? 4 : 2;

	if (!set)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!range_put(b, set[i].lo, set[i].hi))
			return -1;
	return 1;
}

/* What follows a backslash, when it is one scalar. */
static bool escape_take(struct build *b, uint32_t *c)
{
	*c = scalar_take(b);
	if (*c == 'n' || *c == 't') {
		*c = *c == 'n' ? '\n' : '\t';
		return true;
	}
	return (*c < 0x80 && memchr(".[](){}|*+?\\^$-/\"", (int)*c, 17)) ||
	       build_refuse(b, "no such escape");
}

static bool class_item_take(struct build *b, uint32_t *c, bool *set)
{
	int n;

	*set = false;
	if (b->p == b->end)
		return build_refuse(b, "a class is not closed");
	*c = scalar_take(b);
	if (*c == '[' || *c == '^' || *c == '$')
		return build_refuse(b, "'[', '^' and '$' inside a class are written \\[, \\^ and \\$");
	if (*c != '\\')
		return true;
	if (b->p == b->end)
		return build_refuse(b, "a backslash ends the expression");
	n = set_put(b, (uint32_t)(unsigned char)*b->p);
	if (n < 0)
		return false;
	*set = n > 0;
	if (*set) {
		b->p++;
		return true;
	}
	return escape_take(b, c);
}

static bool class_build(struct build *b)
{
	int32_t first = b->out->nranges;
	bool negated = b->p < b->end && *b->p == '^', set;
	uint32_t lo, hi;

	b->p += negated;
	if (b->p < b->end && *b->p == ']')
		return build_refuse(b, "an empty class");
	do {
		if (!class_item_take(b, &lo, &set))
			return false;
		hi = lo;
		if (b->end - b->p > 1 && *b->p == '-' && b->p[1] != ']') {
			b->p++;
			if (set || !class_item_take(b, &hi, &set) || set)
				return b->why ? false : build_refuse(b, "a range of a class is between characters");
		}
		if (!set && !range_put(b, lo, hi))
			return false;
	} while (b->p < b->end && *b->p != ']');
	if (b->p == b->end)
		return build_refuse(b, "a class is not closed");
	b->p++;
	return step_put(b, negated ? NOT_CLASS : CLASS, first, b->out->nranges - first);
}

static bool escaped_build(struct build *b)
{
	int32_t first = b->out->nranges;
	uint32_t c;
	int n;

	if (b->p == b->end)
		return build_refuse(b, "a backslash ends the expression");
	n = set_put(b, (uint32_t)(unsigned char)*b->p);
	if (n < 0)
		return false;
	if (n) {
		b->p++;
		return step_put(b, CLASS, first, b->out->nranges - first);
	}
	return escape_take(b, &c) && step_put(b, ONE, (int32_t)c, 0);
}

static bool group_build(struct build *b)
{
	if (b->depth == KRUX_MAX_DEPTH)
		return build_refuse(b, "nested more than 64 deep");
	b->depth++;
	if (!choice_build(b))
		return false;
	b->depth--;
	if (b->p == b->end)
		return build_refuse(b, "'(' is not closed");
	b->p++;
	return true;
}

static bool atom_build(struct build *b)
{
	uint32_t c = scalar_take(b);

	switch (c) {
	case '(':
		return group_build(b);
	case '[':
		return class_build(b);
	case '\\':
		return escaped_build(b);
	case '.':
		return step_put(b, ANY, 0, 0);
	case '^':
	case '$':
		return build_refuse(b, "the whole text is matched: there are no anchors");
	case '*':
	case '+':
	case '?':
	case '{':
		return build_refuse(b, "a repetition follows what it repeats");
	case ']':
	case '}':
		return build_refuse(b, "']' and '}' are written \\] and \\}");
	default:
		return step_put(b, ONE, (int32_t)c, 0);
	}
}

static bool count_take(struct build *b, unsigned *out)
{
	const char *from = b->p;

	*out = 0;
	for (; b->p < b->end && *b->p >= '0' && *b->p <= '9'; b->p++) {
		*out = *out * 10 + (unsigned)(*b->p - '0');
		if (*out > KRUX_MAX_COUNT)
			return build_refuse(b, "a count is at most 256");
	}
	return b->p > from || build_refuse(b, "a count is {m}, {m,} or {m,n}");
}

/* After an atom: how often; UINT32_MAX: without end. */
static bool repeat_take(struct build *b, unsigned *lo, unsigned *hi, bool *given)
{
	char c = b->p < b->end ? *b->p : 0;

	*given = c == '*' || c == '+' || c == '?' || c == '{';
	if (!*given)
		return true;
	b->p++;
	*lo = c == '+';
	*hi = c == '?' ? 1 : UINT32_MAX;
	if (c != '{')
		return true;
	if (!count_take(b, lo))
		return false;
	*hi = *lo;
	if (b->p < b->end && *b->p == ',') {
		b->p++;
		*hi = UINT32_MAX;
		if (b->p < b->end && *b->p != '}' && !count_take(b, hi))
			return false;
	}
	if (b->p == b->end || *b->p++ != '}')
		return build_refuse(b, "a count is {m}, {m,} or {m,n}");
	return *lo <= *hi || build_refuse(b, "a count runs backwards");
}

/* The steps from `from` on, lo to hi times. All distances are relative, so copies are right. */
static bool repeat_build(struct build *b, int32_t from, unsigned lo, unsigned hi)
{
	int32_t len = b->out->nsteps - from;
	unsigned more = hi == UINT32_MAX ? 0 : hi - lo;
	uint64_t need = (uint64_t)lo * (uint64_t)len + (uint64_t)more * (uint64_t)(len + 1) + 2 * (uint64_t)len + 3;
	struct step *step, *atom, *to;

	if (!steps_reserve(b, need))
		return false;
	/* The atom moves behind the room that its copies will fill. */
	step = b->out->step + from;
	atom = step + need - (uint64_t)len;
	memmove(atom, step, (size_t)len * sizeof *step);
	for (to = step; lo; lo--, to += len)
		memmove(to, atom, (size_t)len * sizeof *step);
	for (unsigned left = more; left; left--) {
		*to++ = (struct step){ SPLIT, 1, (int32_t)(left * (unsigned)(len + 1)) };
		memmove(to, atom, (size_t)len * sizeof *step);
		to += len;
	}
	if (hi == UINT32_MAX) {
		*to++ = (struct step){ SPLIT, 1, len + 2 };
		memmove(to, atom, (size_t)len * sizeof *step);
		to += len;
		*to++ = (struct step){ JUMP, -(len + 1), 0 };
	}
	b->out->nsteps = (int32_t)(to - b->out->step);
	return true;
}

static bool sequence_build(struct build *b)
{
	while (b->p < b->end && *b->p != '|' && *b->p != ')') {
		int32_t from = b->out->nsteps;
		unsigned lo = 1, hi = 1;
		bool given;

		if (!atom_build(b) || !repeat_take(b, &lo, &hi, &given) ||
		    (given && !repeat_build(b, from, lo, hi)))
			return false;
	}
	return true;
}

/* a|b|c: SPLIT to a, else on; the end of each jumps behind the last. The alternatives are
 * chained from the right by moving each behind its SPLIT once it is known that one follows. */
static bool choice_build(struct build *b)
{
	int32_t first = -1;      /* the last JUMP, whose distance is the JUMP before it until patched */

	for (;;) {
		int32_t from = b->out->nsteps, len, jump;

		if (!sequence_build(b))
			return false;
		if (b->p == b->end || *b->p != '|')
			break;
		b->p++;
		len = b->out->nsteps - from;
		if (!steps_reserve(b, 2))
			return false;
		memmove(b->out->step + from + 1, b->out->step + from, (size_t)len * sizeof *b->out->step);
		b->out->step[from] = (struct step){ SPLIT, 1, len + 2 };
		jump = from + len + 1;
		b->out->step[jump] = (struct step){ JUMP, first, 0 };
		b->out->nsteps = jump + 1;
		first = jump;
	}
	while (first >= 0) {
		int32_t before = b->out->step[first].a;

		b->out->step[first].a = b->out->nsteps - first;
		first = before;
	}
	return true;
}

struct krux_pattern *krux_pattern_compile(struct krux_pool *pool, struct krux_str text,
                                          const char **why)
{
	struct build b = { .pool = pool, .p = text.p };
	struct krux_pattern *out = b.out = krux_pool_get(pool, sizeof *out);
	size_t n;

	*why = "out of memory";
	if (!out)
		return NULL;
	b.end = text.n ? text.p + text.n : text.p;
	*why = "an expression is valid UTF-8";
	if (!krux_utf8_valid(text))
		return NULL;
	if (choice_build(&b) && (b.p == b.end || build_refuse(&b, "')' closes nothing")) &&
	    step_put(&b, MATCH, 0, 0)) {
		n = (size_t)out->nsteps * sizeof(int32_t);
		out->now = krux_pool_get(pool, n);
		out->next = krux_pool_get(pool, n);
		out->stack = krux_pool_get(pool, 2 * n);
		out->seen = krux_pool_get(pool, n);
		if (out->now && out->next && out->stack && out->seen)
			return out;
		b.why = "out of memory";
	}
	*why = b.why;
	return NULL;
}

/* Adds step i, and all that it leads to without reading, to set[0..n). */
static int32_t step_add(struct krux_pattern *p, int32_t *set, int32_t n, int32_t i, int32_t turn)
{
	int32_t depth = 0;

	p->stack[depth++] = i;
	while (depth) {
		const struct step *s;

		i = p->stack[--depth];
		if (p->seen[i] == turn)
			continue;
		p->seen[i] = turn;
		s = &p->step[i];
		if (s->op == SPLIT)
			p->stack[depth++] = i + s->b;
		if (s->op == SPLIT || s->op == JUMP)
			p->stack[depth++] = i + s->a;
		else
			set[n++] = i;
	}
	return n;
}

static bool step_takes(const struct krux_pattern *p, const struct step *s, uint32_t c)
{
	bool in = false;

	switch (s->op) {
	case ANY:
		return true;
	case ONE:
		return c == (uint32_t)s->a;
	case CLASS:
	case NOT_CLASS:
		for (int32_t i = s->a; i < s->a + s->b && !in; i++)
			in = c >= p->range[i].lo && c <= p->range[i].hi;
		return in == (s->op == CLASS);
	default:
		return false;
	}
}

bool krux_pattern_match(struct krux_pattern *p, struct krux_str text)
{
	int32_t turn = 1, n;

	memset(p->seen, 0, (size_t)p->nsteps * sizeof *p->seen);
	n = step_add(p, p->now, 0, 0, turn);
	for (size_t i = 0; i < text.n && n;) {
		int32_t *swap, kept = 0;
		unsigned len;
		uint32_t c = krux_utf8_get(text.p + i, text.n - i, &len);

		if (turn == INT32_MAX)
			return false;
		turn++;
		for (int32_t k = 0; k < n; k++)
			if (step_takes(p, &p->step[p->now[k]], c))
				kept = step_add(p, p->next, kept, p->now[k] + 1, turn);
		swap = p->now;
		p->now = p->next;
		p->next = swap;
		n = kept;
		i += len;
	}
	for (int32_t k = 0; k < n; k++)
		if (p->step[p->now[k]].op == MATCH)
			return true;
	return false;
}
