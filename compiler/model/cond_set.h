/* What the parts of set_resolve share. Inside compiler/model only. */
#ifndef KRUX_COND_SET_H
#define KRUX_COND_SET_H

#include "compiler/model/cond_walk.h"

/* ---- cond_set.c ---- */
/* The canonical value of a literal, with a warning where it was not written so. */
bool value_of(struct walk *, const struct compared *, const struct literal *,
              struct krux_value *out);
bool string_of(struct walk *, const struct literal *, struct krux_str *out);
/* Says that no value equals the literal; `what` is what values can be. */
void never_equal(struct walk *, const struct compared *, const struct literal *,
                 struct krux_str what);

/* ---- cond_number.c ---- */
bool order_resolve(struct walk *, const struct compared *, enum expr_op, const struct literal *,
                   struct span at, struct value_set *out);
bool number_items(struct walk *, const struct compared *, const struct literal *item, size_t n,
                  struct span at, struct value_set *out);

/* ---- cond_text.c ---- */
bool text_items(struct walk *, const struct compared *, const struct literal *item, size_t n,
                struct value_set *out);
bool language_of(struct walk *, enum language_kind, struct krux_str, struct value_set *out);
bool under_resolve(struct walk *, const struct compared *, const struct literal *,
                   struct value_set *out);
bool matches_resolve(struct walk *, const struct compared *, const struct literal *,
                     struct value_set *out);
bool like_resolve(struct walk *, const struct literal *, struct value_set *out);
bool piece_resolve(struct walk *, const struct compared *, enum language_kind,
                   const struct literal *, struct value_set *out);
/* For qsort of struct krux_str. */
int text_order(const void *, const void *);

#endif
