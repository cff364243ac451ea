/* Sets of values in words: from a class of a diagram's node to a condition with exactly that
 * meaning. The words depend on the set alone; only where that gives none, on the tests that the
 * policy makes. */
#ifndef KRUX_PLAN_WORDS_H
#define KRUX_PLAN_WORDS_H

#include "compiler/dd/dd.h"

/* What was said before, of any manager, and the memory of all words. */
enum { WORDS_SHAPES = 256 };
struct words {
	struct arena *arena;
	const struct cond *always;
	struct paths *paths;               /* words_path.c */
	struct shape *shape[WORDS_SHAPES]; /* words_cone.c */
	struct states *states;
	struct words_kept *slot;           /* classes, open addressing */
	size_t nkept, cap_kept;
	struct words_named { const struct cond *c; struct krux_str text; uint64_t hash; } *named;
	size_t nnamed, cap_named;
};
struct words *words_new(struct arena *);

/* What holds of one variable; NULL for a rate or a budget, which conditions cannot ask for, and
 * for a list too involved to say. The same step gives the same words. */
const struct cond *words_step(struct words *, struct dd *, const struct dd_step *);

/* A class that no condition of a readable length describes: a test whose text has no bytes. */
bool words_too_large(const struct cond *);

/* A long condition by a name that says, by its hash, what it is: a copy, the same one for the same
 * text. Tables print the name. */
const struct cond *words_name(struct words *, const struct cond *);

/* The parts of it, for strings: the class of `node` that leads to `to`. Each gives exact words, or
 * NULL. */
const struct cond *words_path(struct words *, struct dd *, uint32_t node, uint32_t to);
/* As a TRUE-FALSE function of one variable: from the tests that the policy makes of it; with `related`, of a path
 * and the folders on its way too. */
const struct cond *words_own(struct words *, struct dd *, uint32_t var, uint32_t f, bool related);
/* As a TRUE-FALSE function of one variable. */
const struct cond *words_text(struct arena *, struct dd *, uint32_t var, uint32_t f);
/* Always exact, never pretty: a regular expression by elimination of states. */
struct krux_str words_regex(struct arena *, const struct dd_automaton *fa);
/* Lists: which kinds of elements occur. */
const struct cond *words_list(struct words *, struct dd *, uint32_t var, uint32_t f,
                              const struct dd_automaton *fa);
/* What a variable is called in words: they speak of the innermost `it` alone. */
struct subject words_subject(const struct dd *, uint32_t var);

/* A condition on one variable alone, as words are made of, on the diagram. */
uint32_t words_meaning(struct dd *, uint32_t var, const struct cond *);

/* Texts that stand for themselves in a glob. */
bool words_glob_safe(struct krux_str);

/* Small builders. */
const struct cond *words_not(struct arena *, const struct cond *);
const struct cond *words_pair(struct arena *, enum cond_kind, const struct cond *, const struct cond *);
/* All of n joined, as a balanced tree; TRUE or FALSE for none. */
const struct cond *words_join(struct arena *, enum cond_kind, const struct cond *const *, size_t n);
const struct cond *words_test(struct arena *, const struct subject *, enum language_kind,
                                  const struct krux_str *text, size_t n);

#endif
