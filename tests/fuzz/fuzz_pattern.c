/* Expressions, a NUL, a text: the matcher that checks values at run time and the parser that
 * the diagram is built from take the same expressions and mean the same by them. The second
 * opinion walks the parsed tree with sets of places in the text. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/model/pattern.h"

enum { LONGEST = 40 };

struct text {
	uint32_t scalar[LONGEST];
	unsigned n;
};

/* Where the expression can end when it starts at one of the places `from`; bit i is place i. */
static uint64_t walk(const struct regex *r, const struct text *t, uint64_t from)
{
	uint64_t to = 0, seen;

	switch (r->kind) {
	case REGEX_SET:
		for (unsigned i = 0; i < t->n; i++)
			for (size_t k = 0; k < r->nranges && from >> i & 1; k++)
				if (t->scalar[i] >= r->range[k].lo && t->scalar[i] <= r->range[k].hi)
					to |= (uint64_t)1 << (i + 1);
		return to;
	case REGEX_CAT:
		for (size_t i = 0; i < r->nitems && from; i++)
			from = walk(r->item[i], t, from);
		return from;
	case REGEX_ALT:
		for (size_t i = 0; i < r->nitems; i++)
			to |= walk(r->item[i], t, from);
		return to;
	case REGEX_REPEAT:
		for (uint32_t i = 0; i < r->min && from; i++)
			from = walk(r->item[0], t, from);
		to = from;
		for (uint32_t i = r->min; i < r->max && from; i++) {
			seen = to;
			from = walk(r->item[0], t, from);
			to |= from;
			if (to == seen)
				break;
		}
		return to;
	}
	abort();
}

static void text_set(struct text *t, struct krux_str s)
{
	unsigned len;

	t->n = 0;
	for (size_t i = 0; i < s.n && t->n < LONGEST; i += len)
		t->scalar[t->n++] = krux_utf8_get(s.p + i, s.n - i, &len);
}

/* What one of the two may refuse alone: it is too large for it, or matches nothing at all. */
static bool excused(const char *why)
{
	return strstr(why, "too large") || strcmp(why, "the class is empty") == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krux_pool *pool = krux_pool_new((size_t)64 << 20);
	struct arena *arena = arena_new();
	const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
	struct krux_str pattern = { (const char *)data, cut ? (size_t)(cut - data) : size };
	struct krux_str rest = { cut ? (const char *)cut + 1 : "", cut ? size - pattern.n - 1 : 0 };
	const char *ours_why = "", *tree_why = "";
	const struct regex *tree;
	struct krux_pattern *ours;
	struct text text;
	size_t at;

	ours = krux_pattern_compile(pool, pattern, &ours_why);
	tree = krux_utf8_valid(pattern) ? regex_parse(arena, pattern, &tree_why, &at) : NULL;
	if (!ours || !tree) {
		if (ours)
			PROMISE(excused(tree_why));
		if (tree)
			PROMISE(excused(ours_why));
	} else if (krux_utf8_valid(rest) && (!rest.n || !memchr(rest.p, 0, rest.n))) {
		text_set(&text, rest);
		/* The walk repeats what the other runs once; keep it short. */
		if (rest.n <= LONGEST && pattern.n < 64)
			PROMISE(krux_pattern_match(ours, rest) == (walk(tree, &text, 1) >> text.n & 1));
	}
	arena_free(arena);
	krux_pool_free(pool);
	return 0;
}
