/* Sets of values in words: from a class of a diagram's node to a condition with exactly that
 * meaning. The words depend on the set alone, never on how the policy put it. */
#ifndef KRUX_PLAN_WORDS_H
#define KRUX_PLAN_WORDS_H

#include "compiler/dd/dd.h"

/* What holds of one variable; NULL for a rate or a budget, which conditions cannot ask for, and
 * for a list too involved to say. */
const struct cond *words_step(struct arena *, struct dd *, const struct dd_step *);

/* A class that no condition of a readable length describes: a test whose text has no bytes. */
bool words_too_large(const struct cond *);

/* A string language: TRUE-FALSE function `f` of one string variable; `fa` is its automaton. */
const struct cond *words_language(struct arena *, struct dd *, uint32_t var, uint32_t f,
                                  const struct dd_automaton *fa);
/* The parts of it. Each gives a candidate, or NULL; words_language checks that it is exact. */
const struct cond *words_path(struct arena *, struct dd *, uint32_t var, uint32_t f,
                              const struct dd_automaton *fa);
const struct cond *words_text(struct arena *, struct dd *, uint32_t var, uint32_t f,
                              const struct dd_automaton *fa);
/* Always exact, never pretty: a regular expression by elimination of states. */
struct krux_str words_regex(struct arena *, const struct dd_automaton *fa);
/* Lists: which kinds of elements occur. */
const struct cond *words_list(struct arena *, struct dd *, uint32_t var, uint32_t f,
                              const struct dd_automaton *fa);
/* What a variable is called in words: they speak of the innermost `it` alone. */
struct subject words_subject(const struct dd *, uint32_t var);

/* A condition on one variable alone, as words are made of, on the diagram. */
uint32_t words_meaning(struct dd *, uint32_t var, const struct cond *);

/* Small builders. */
const struct cond *words_not(struct arena *, const struct cond *);
const struct cond *words_pair(struct arena *, enum cond_kind, const struct cond *, const struct cond *);
/* All of n joined, as a balanced tree; TRUE or FALSE for none. */
const struct cond *words_join(struct arena *, enum cond_kind, const struct cond *const *, size_t n);
const struct cond *words_test(struct arena *, const struct subject *, enum language_kind,
                                  const struct krux_str *text, size_t n);

#endif
