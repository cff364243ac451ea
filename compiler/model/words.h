/* Scalars of a policy file to values. Each says what is wrong, and then gives false. */
#ifndef KRUX_WORDS_H
#define KRUX_WORDS_H

#include "compiler/model/model.h"

bool word_given(struct ast_word);
bool verdict_read(struct diags *, unsigned code, struct ast_word, enum krux_verdict *out);
const char *verdict_word(enum krux_verdict);
/* Index of the word in a list that ends with NULL. */
bool choice_read(struct diags *, unsigned code, struct ast_word, const char *const *words,
                 const char *what, unsigned *out);
/* "90s", within least..most ns. */
bool duration_read(struct diags *, struct ast_word, const char *what, uint64_t least, uint64_t most,
                   uint64_t *out);
/* "10", "10MiB", within least..most. */
bool count_read(struct diags *, struct ast_word, const char *what, uint64_t least, uint64_t most,
                uint64_t *out);
/* [a-z0-9][a-z0-9._-]{0,62}: names of policies, rules and claims. */
bool id_check(struct diags *, struct ast_word, const char *what);

#endif
