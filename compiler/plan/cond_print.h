/* Conditions as text of the language: what is printed parses back to the same meaning. */
#ifndef KRUX_COND_PRINT_H
#define KRUX_COND_PRINT_H

#include "compiler/base/buf.h"
#include "compiler/model/model.h"

void cond_print(struct buf *, const struct cond *);
/* The same; what has a name stands by it. */
void cond_print_named(struct buf *, const struct cond *);
/* What a condition speaks of: a field, its size, the agent. */
void subject_print(struct buf *, const struct subject *);
/* A number on the scale of number_key() as a literal of its type. */
void number_print(struct buf *, const struct subject *, krux_u128 key);

#endif
