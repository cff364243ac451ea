/* Languages of strings that are not paths: sets of literals, prefixes, suffixes, substrings,
 * domains, agent patterns, or what is left when those are taken away. */
#include "compiler/plan/words_cover.h"

#include <string.h>

#include "capspec/canon.h"

enum { MOST_LITERALS = 256, LONGEST_WORD = 1024 };

struct lister {
	struct arena *arena;
	const struct dd_automaton *fa;
	bool *live;                    /* leads to a TRUE state */
	bool *open;                    /* on the current way: a loop means infinitely many */
	struct krux_str *word;
	size_t n, cap;
	char text[LONGEST_WORD];
};

/* Which states can still reach TRUE. */
static void live_find(struct lister *l)
{
	bool changed = true;

	for (uint32_t s = 0; s < l->fa->nstates; s++)
		l->live[s] = l->fa->state[s].out == DD_TRUE;
	while (changed) {
		changed = false;
		for (uint32_t s = l->fa->nstates; s-- > 0;) {
			const struct dd_state *st = &l->fa->state[s];

			for (uint32_t i = 0; i < st->n && !l->live[s]; i++)
				if (l->live[l->fa->range[st->first + i].to])
					changed = l->live[s] = true;
		}
	}
}

/* False: there are too many, infinitely many, or they are too long. */
static bool list_words(struct lister *l, uint32_t s, size_t at)
{
	const struct dd_state *st = &l->fa->state[s];
	bool fine = true;

	if (!l->live[s])
		return true;
	if (l->open[s] || at + 4 > LONGEST_WORD)
		return false;
	l->open[s] = true;
	if (st->out == DD_TRUE) {
		struct krux_str w = { l->text, at };

		if (l->n == MOST_LITERALS)
			return false;
		ARENA_PUSH(l->arena, l->word, l->n, l->cap, arena_str(l->arena, w));
	}
	for (uint32_t i = 0; fine && i < st->n; i++) {
		const struct dd_range *r = &l->fa->range[st->first + i];

		if (!l->live[r->to])
			continue;
		fine = r->hi - r->lo < MOST_LITERALS;
		for (uint32_t c = r->lo; fine && c <= r->hi; c++)
			fine = list_words(l, r->to, at + krux_utf8_put(c, l->text + at));
	}
	l->open[s] = false;
	return fine;
}

/* Octet k is scalar k + 1 in an automaton. */
static struct krux_str octets(struct arena *a, struct krux_str scalars)
{
	char *p = arena_get(a, scalars.n + 1);
	size_t n = 0;

	for (size_t at = 0; at < scalars.n;) {
		unsigned len;

		p[n++] = (char)(krux_utf8_get(scalars.p + at, scalars.n - at, &len) - 1);
		at += len;
	}
	return (struct krux_str){ p, n };
}

/* `in` takes no octets. */
static const struct cond *one_of_octets(struct arena *a, const struct subject *s, const struct krux_str *word, size_t n)
{
	const struct cond **test = ARENA_ARRAY(a, const struct cond *, n);

	for (size_t i = 0; i < n; i++) {
		struct krux_str *text = ARENA_NEW(a, struct krux_str);

		*text = octets(a, word[i]);
		test[i] = words_test(a, s, LANG_LITERALS, text, 1);
	}
	return words_join(a, COND_OR, test, n);
}

/* The finite language f as literals; NULL when it is not small. */
static const struct cond *finite_words(struct arena *a, struct dd *m, uint32_t var, uint32_t f)
{
	struct subject s = words_subject(m, var);
	const struct dd_node *n = dd_get(m, f);
	struct lister *l;

	if (n->kind != DD_STRING)
		return NULL;
	l = ARENA_NEW(a, struct lister);
	l->arena = a;
	l->fa = n->fa;
	l->live = ARENA_ARRAY(a, bool, n->fa->nstates);
	l->open = ARENA_ARRAY(a, bool, n->fa->nstates);
	live_find(l);
	if (!list_words(l, 0, 0) || !l->n)
		return NULL;
	if (s.kind == SUBJECT_FIELD && s.type->kind == KRUX_T_BYTES)
		return one_of_octets(a, &s, l->word, l->n);
	return words_test(a, &s, LANG_LITERALS, l->word, l->n);
}

static struct cover *cover_new(struct arena *a, struct dd *m, uint32_t var)
{
	struct cover *c = ARENA_NEW(a, struct cover);

	c->arena = a;
	c->m = m;
	c->var = var;
	c->subject = words_subject(m, var);
	return c;
}

/* A cover of the whole of f by simple tests. */
static const struct cond *simple(struct arena *a, struct dd *m, uint32_t var, uint32_t f,
                                 size_t *n)
{
	struct cover *c = cover_new(a, m, var);

	if (!cover_find(c, f, DD_TRUE))
		return NULL;
	*n = c->n;
	return cover_cond(c);
}

/* One simple test but for some others. */
static const struct cond *difference(struct arena *a, struct dd *m, uint32_t var, uint32_t f)
{
	struct krux_str word = word_shortest(a, m, f);
	struct cover *c = cover_new(a, m, var);
	const struct cond *k;

	for (unsigned i = 0; word.p && (k = text_candidate(c, word, i)); i++) {
		uint32_t g = words_meaning(m, var, k);

		c->n = 0;
		if (!dd_satisfiable(m, dd_and(m, f, dd_not(m, g))) && cover_find(c, dd_and(m, g, dd_not(m, f)), DD_TRUE))
			return words_pair(a, COND_AND, k, words_not(a, cover_cond(c)));
	}
	return NULL;
}

const struct cond *words_text(struct arena *a, struct dd *m, uint32_t var, uint32_t f)
{
	uint32_t g = dd_not(m, f);
	const struct cond *yes = finite_words(a, m, var, f), *no;
	size_t nyes = 0, nno = 0;

	if (yes)
		return yes;
	no = finite_words(a, m, var, g);
	if (no)
		return words_not(a, no);
	yes = simple(a, m, var, f, &nyes);
	no = simple(a, m, var, g, &nno);
	if (yes && (!no || nyes <= nno))
		return yes;
	if (no)
		return words_not(a, no);
	/* Of agents the policy's patterns say it, and sooner. */
	return dd_variable(m, var)->subject.kind == SUBJECT_AGENT ? NULL : difference(a, m, var, f);
}
