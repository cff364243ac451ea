/* Greedy covers: a language as a union of simple tests, each found from the shortest word that
 * is not covered yet and checked on the diagram to lie inside. */
#ifndef KRUX_WORDS_COVER_H
#define KRUX_WORDS_COVER_H

#include "compiler/plan/words.h"

enum { MOST_ATOMS = 256 };

struct cover {
	struct arena *arena;
	struct dd *m;
	uint32_t var;
	struct subject subject;            /* of it, as words_subject says */
	const struct cond *atom[MOST_ATOMS];
	size_t n;
};

/* The shortest string that f takes, the plainest of equals; p NULL: none, or f is no single
 * string node. */
struct krux_str word_shortest(struct arena *, const struct dd *m, uint32_t f);
/* Covers `target` inside `within`: every atom meets `within` only in the target. False when it
 * takes too many of them, or no simple test fits. */
bool cover_find(struct cover *, uint32_t target, uint32_t within);
/* The atoms joined by `or`. */
const struct cond *cover_cond(const struct cover *);
/* Proposes tests that take `word`, the most general first: one call a number, NULL at the end. */
const struct cond *path_candidate(struct cover *, struct krux_str word, unsigned number);
const struct cond *text_candidate(struct cover *, struct krux_str word, unsigned number);

#endif
