/* Languages as unions of simple tests. */
#include "compiler/plan/words_cover.h"

#include <string.h>

#include "capspec/canon.h"
#include "compiler/base/buf.h"

enum { MOST_PAIRS = 1 << 20, SPARE_ATOMS = 24, GROWTH = 2, SPARE_STATES = 256, MOST_WORK = 4 << 20 };

/* ---- the shortest word ---- */

/* The plainest letter of a range: letters before digits before the rest. */
static uint32_t plainest(uint32_t lo, uint32_t hi)
{
	static const struct { uint32_t lo, hi; } taste[] = { { 'a', 'z' }, { 'A', 'Z' }, { '0', '9' }, { '!', '~' } };

	for (size_t i = 0; i < sizeof taste / sizeof *taste; i++)
		if (lo <= taste[i].hi && hi >= taste[i].lo)
			return lo > taste[i].lo ? lo : taste[i].lo;
	return lo;
}

struct krux_str word_shortest(struct arena *a, const struct dd *m, uint32_t f)
{
	const struct dd_node *n = dd_get(m, f);
	uint32_t *from, *letter, *queue, head = 0, tail = 0, at = UINT32_MAX;
	size_t len = 0;
	char *text;

	if (n->kind != DD_STRING)
		return (struct krux_str){ 0 };
	from = ARENA_ARRAY(a, uint32_t, n->fa->nstates);
	letter = ARENA_ARRAY(a, uint32_t, n->fa->nstates);
	queue = ARENA_ARRAY(a, uint32_t, n->fa->nstates);
	memset(from, 0xFF, n->fa->nstates * sizeof *from);
	from[0] = 0;
	queue[tail++] = 0;
	while (head < tail && at == UINT32_MAX) {
		uint32_t s = queue[head++];
		const struct dd_state *st = &n->fa->state[s];

		if (st->out == DD_TRUE)
			at = s;
		for (uint32_t i = 0; i < st->n; i++) {
			const struct dd_range *r = &n->fa->range[st->first + i];

			if (from[r->to] != UINT32_MAX)
				continue;
			from[r->to] = s;
			letter[r->to] = plainest(r->lo, r->hi);
			queue[tail++] = r->to;
		}
	}
	if (at == UINT32_MAX)
		return (struct krux_str){ 0 };
	for (uint32_t s = at; s; s = from[s])
		len++;
	text = arena_get(a, len * 4 + 1);
	/* Written from the end of the buffer, since the way is known backwards. */
	size_t end = len * 4;
	for (uint32_t s = at; s; s = from[s]) {
		char utf8[4];
		unsigned k = krux_utf8_put(letter[s], utf8);

		end -= k;
		memcpy(text + end, utf8, k);
	}
	return (struct krux_str){ text + end, len * 4 - end };
}

/* ---- candidates ---- */

static const struct cond *one_text(struct cover *c, enum language_kind kind, struct krux_str s)
{
	struct krux_str *text = ARENA_NEW(c->arena, struct krux_str);

	*text = s;
	return words_test(c->arena, &c->subject, kind, text, 1);
}

/* The last k components of a path, without their leading slash; n 0 when there are fewer. */
static struct krux_str last_components(struct krux_str path, unsigned k)
{
	size_t i = path.n;

	while (i && k) {
		i--;
		if (path.p[i] == '/')
			k--;
	}
	if (k || i + 1 >= path.n)
		return KRUX_STR("");
	return (struct krux_str){ path.p + i + 1, path.n - i - 1 };
}

/* The name with a star in it, after its first `at` scalars, which must leave some on both sides. */
static struct krux_str name_split(struct arena *a, struct krux_str name, unsigned at)
{
	size_t i = 0;

	for (unsigned len; at && i < name.n; at--, i += len)
		krux_utf8_get(name.p + i, name.n - i, &len);
	if (!i || i >= name.n)
		return KRUX_STR("");
	return arena_printf(a, "%.*s*%.*s", (int)i, name.p, (int)(name.n - i), name.p + i);
}

bool words_glob_safe(struct krux_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("*?[]{}\\", s.p[i]))
			return false;
	return true;
}

const struct cond *path_candidate(struct cover *c, struct krux_str word, unsigned number)
{
	static const struct { unsigned components, star; const char *before, *after; } shape[] = {
		{ 1, 0, "**/*", "*/**" }, { 1, 0, "**/*", "/**" }, { 1, 0, "**/", "*/**" }, { 1, 1, "**/", "/**" },
		{ 1, 2, "**/", "/**" }, { 1, 3, "**/", "/**" }, { 1, 0, "**/", "/**" },
		{ 1, 0, "**/*", "*" }, { 1, 0, "**/*", "" }, { 1, 0, "**/", "*" }, { 1, 1, "**/", "" },
		{ 1, 2, "**/", "" }, { 1, 3, "**/", "" }, { 1, 0, "**/", "" },
		{ 2, 0, "**/", "/**" }, { 2, 0, "**/", "/*" }, { 2, 0, "**/", "*" }, { 2, 0, "**/", "" },
		{ 3, 0, "**/", "/**" }, { 3, 0, "**/", "" }, { 4, 0, "**/", "/**" }, { 4, 0, "**/", "" },
	};
	const unsigned nshapes = sizeof shape / sizeof *shape;
	size_t slash;

	if (number < nshapes) {
		struct krux_str tail = last_components(word, shape[number].components);

		/* Where a shape does not apply, the word itself is tried, which is harmless but last. */
		if (!tail.n || !words_glob_safe(tail))
			tail = (struct krux_str){ 0 };
		if (tail.n && shape[number].star)
			tail = name_split(c->arena, tail, shape[number].star);
		return tail.n ? one_text(c, LANG_GLOB, arena_printf(c->arena, "%s%.*s%s", shape[number].before,
		                                                    STR_ARG(tail), shape[number].after))
		              : path_candidate(c, word, number + 1);
	}
	for (slash = word.n; slash && word.p[slash - 1] != '/'; slash--)
		;
	switch (number - nshapes) {
	case 0:
		return one_text(c, LANG_UNDER_PATH, word);
	case 1:
		if (!slash || !words_glob_safe((struct krux_str){ word.p, slash }))
			return path_candidate(c, word, number + 1);
		return one_text(c, LANG_GLOB, arena_printf(c->arena, "%.*s*", (int)slash, word.p));
	case 2:
		return one_text(c, LANG_LITERALS, word);
	default:
		return NULL;
	}
}

const struct cond *text_candidate(struct cover *c, struct krux_str word, unsigned number)
{
	static const enum language_kind plain[] = { LANG_SUBSTRING, LANG_PREFIX, LANG_SUFFIX, LANG_LITERALS };
	const struct subject *s = &c->subject;

	if (s->kind == SUBJECT_AGENT) {
		static const char *const around[][2] = { { "*", "*" }, { "", "*" }, { "*", "" }, { "", "" } };

		if (number >= 4)
			return NULL;
		if (number == 3)
			return one_text(c, LANG_LITERALS, word);
		return one_text(c, LANG_AGENT_GLOB, arena_printf(c->arena, "%s%.*s%s", around[number][0], STR_ARG(word),
		                                                 around[number][1]));
	}
	if (s->type && s->type->kind == KRUX_T_HOST) {
		if (!number)
			return one_text(c, LANG_UNDER_HOST, word);
		number--;
	}
	if (s->type && (s->type->kind == KRUX_T_DIGEST || s->type->kind == KRUX_T_CIDR))
		return number ? NULL : one_text(c, LANG_LITERALS, word);
	if (number < 3 && !word.n)
		return one_text(c, LANG_LITERALS, word);
	return number < 4 ? one_text(c, plain[number], word) : NULL;
}

/* ---- covering ---- */

/* Does f take the text. */
static bool takes(const struct dd *m, uint32_t f, struct krux_str text)
{
	const struct dd_node *n = dd_get(m, f);
	uint32_t s = 0;
	unsigned len;

	if (n->kind != DD_STRING)
		return f == DD_TRUE;
	for (size_t i = 0; i < text.n; i += len) {
		const struct dd_state *st = &n->fa->state[s];
		uint32_t c = krux_utf8_get(text.p + i, text.n - i, &len), lo = 0, hi = st->n;

		while (hi - lo > 1) {
			uint32_t mid = lo + (hi - lo) / 2;

			if (n->fa->range[st->first + mid].lo <= c)
				lo = mid;
			else
				hi = mid;
		}
		s = n->fa->range[st->first + lo].to;
	}
	return n->fa->state[s].out == DD_TRUE;
}

/* Do both automata take some text: walked side by side, which makes no third one. `seen` and
 * `pair` have room for every pair of states. */
static bool automata_meet(const struct dd_automaton *x, const struct dd_automaton *y, bool *seen, uint32_t (*pair)[2])
{
	size_t n = 0;

	seen[0] = true;
	pair[n][0] = 0, pair[n++][1] = 0;
	for (size_t at = 0; at < n; at++) {
		const struct dd_state *s = &x->state[pair[at][0]], *t = &y->state[pair[at][1]];
		const struct dd_range *a = &x->range[s->first], *b = &y->range[t->first];

		if (s->out == DD_TRUE && t->out == DD_TRUE)
			return true;
		while (a < &x->range[s->first + s->n] && b < &y->range[t->first + t->n]) {
			bool *known = &seen[(size_t)a->to * y->nstates + b->to];

			if (!*known)
				pair[n][0] = a->to, pair[n++][1] = b->to;
			*known = true;
			if (a->hi < b->hi)
				a++;
			else if (a->hi > b->hi)
				b++;
			else
				a++, b++;
		}
	}
	return false;
}

static bool meet(struct cover *c, uint32_t a, uint32_t b)
{
	const struct dd_node *x = dd_get(c->m, a), *y = dd_get(c->m, b);
	struct arena *scratch;
	size_t pairs;
	bool yes;

	if (x->kind != DD_STRING || y->kind != DD_STRING ||
	    (pairs = (size_t)x->fa->nstates * y->fa->nstates) > MOST_PAIRS)
		return dd_satisfiable(c->m, dd_and(c->m, a, b));
	scratch = arena_new();
	yes = automata_meet(x->fa, y->fa, ARENA_ARRAY(scratch, bool, pairs), arena_get(scratch, pairs * sizeof(uint32_t[2])));
	arena_free(scratch);
	return yes;
}

/* A text that the candidate takes besides the word itself: `*` and `**` stand for "q0" there.
 * Most candidates are too wide, and one such text shows it without any diagram. */
static struct krux_str sample_of(struct cover *c, const struct cond *k, struct krux_str word)
{
	struct krux_str t = k->set.text[0];
	struct buf b = { 0 };
	struct krux_str sample;

	switch (k->set.language) {
	case LANG_GLOB:
	case LANG_AGENT_GLOB:
		for (size_t i = 0; i < t.n; i++) {
			if (t.p[i] != '*') {
				buf_putc(&b, t.p[i]);
				continue;
			}
			/* A leading `**` is the folder that the word lies in, so that the sample is near. */
			if (!i && t.n > 2 && t.p[1] == '*') {
				const char *slash = memrchr(word.p, '/', word.n);

				buf_put(&b, word.p, slash ? (size_t)(slash - word.p) : 0);
			} else {
				buf_puts(&b, "q0");
			}
			i += i + 1 < t.n && t.p[i + 1] == '*';
		}
		break;
	case LANG_UNDER_PATH:
		buf_str(&b, word);
		buf_puts(&b, word.n > 1 ? "/q0" : "q0");
		break;
	case LANG_UNDER_HOST:
	case LANG_SUFFIX:
		buf_puts(&b, k->set.language == LANG_SUFFIX ? "q0" : "q0.");
		buf_str(&b, word);
		break;
	case LANG_SUBSTRING:
		buf_puts(&b, "q0");
		buf_str(&b, word);
		buf_puts(&b, "q0");
		break;
	case LANG_PREFIX:
		buf_str(&b, word);
		buf_puts(&b, "q0");
		break;
	case LANG_LITERALS:
	case LANG_REGEX:
		buf_str(&b, word);
		break;
	}
	sample = arena_str(c->arena, (struct krux_str){ b.p ? b.p : "", b.n });
	buf_free(&b);
	return sample;
}

static size_t states_of(const struct cover *c, uint32_t f)
{
	const struct dd_node *n = dd_get(c->m, f);

	return n->kind == DD_STRING ? n->fa->nstates : 0;
}

/* How many are enough. A union of k tests takes about k states or more; one of far more tests than
 * there are states says letter by letter what something else says at once. */
static size_t atoms_allowed(const struct cover *c, uint32_t target)
{
	size_t most = c->n + SPARE_ATOMS + states_of(c, target) / 4;

	return most < MOST_ATOMS ? most : MOST_ATOMS;
}

/* What is left shrinks where tests fit. Where it grows instead, each of them says one word of a
 * language that other tests would say at once. */
bool cover_find(struct cover *c, uint32_t target, uint32_t within)
{
	size_t most = atoms_allowed(c, target), work = 0;
	size_t largest = GROWTH * states_of(c, target) + SPARE_STATES;
	uint32_t left = dd_and(c->m, target, within), outside = dd_and(c->m, within, dd_not(c->m, target));
	bool path = c->subject.kind == SUBJECT_FIELD && c->subject.type &&
	            c->subject.type->kind == KRUX_T_PATH;

	while (dd_satisfiable(c->m, left)) {
		struct krux_str word = word_shortest(c->arena, c->m, left);
		const struct cond *found = NULL;

		work += states_of(c, left);
		if (!word.p || c->n == most || states_of(c, left) > largest || work > MOST_WORK)
			return false;
		for (unsigned i = 0; !found; i++) {
			const struct cond *k = path ? path_candidate(c, word, i) : text_candidate(c, word, i);
			uint32_t f;

			if (!k)
				return false;
			if (takes(c->m, outside, sample_of(c, k, word)))
				continue;
			f = words_meaning(c->m, c->var, k);
			if (takes(c->m, f, word) && !meet(c, f, outside)) {
				found = k;
				left = dd_and(c->m, left, dd_not(c->m, f));
			}
		}
		c->atom[c->n++] = found;
	}
	return true;
}

/* Neighbouring literals become one `in` list. */
const struct cond *cover_cond(const struct cover *c)
{
	const struct cond **part = ARENA_ARRAY(c->arena, const struct cond *, c->n + 1);
	struct krux_str *literal = ARENA_ARRAY(c->arena, struct krux_str, c->n + 1);
	size_t n = 0, nliterals = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->atom[i]->set.language == LANG_LITERALS)
			literal[nliterals++] = c->atom[i]->set.text[0];
		else
			part[n++] = c->atom[i];
	}
	if (nliterals)
		part[n++] = words_test(c->arena, &c->subject, LANG_LITERALS, literal, nliterals);
	return words_join(c->arena, COND_OR, part, n);
}
