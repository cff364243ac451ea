/* Conditions to diagrams. Inside compiler/dd only. */
#ifndef KRUX_DD_COND_H
#define KRUX_DD_COND_H

#include "compiler/dd/apply.h"

/* Needs a guard. Of a rule: its tests are kept for dd_asked. */
uint32_t cond_compile(struct dd *, const struct cond *, bool rule);
/* v in a set of its kind; v is no list. */
uint32_t set_compile(struct var *v, const struct value_set *);
uint32_t agents_compile(struct dd *, const struct krux_str *pattern, size_t n, bool rule);
/* v in lo..hi, clipped. */
uint32_t between(struct var *v, krux_u128 lo, krux_u128 hi);

/* Arenas for the work at hand, used as a stack; a limit that leaves from the middle closes
 * them (scratch.c). */
struct arena *scratch_open(void);
void scratch_close(void);
size_t scratch_depth(void);
void scratch_release(size_t n);
void scratch_free(void);

#endif
