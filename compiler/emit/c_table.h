/* Diagrams as tables: prelude/diagram.h. Equal nodes stand there once. */
#ifndef KRUX_C_TABLE_H
#define KRUX_C_TABLE_H

#include "compiler/emit/c.h"

struct c_tables {
	struct arena *a;
	uint32_t *word;                      /* diagrams[] */
	size_t nwords, cap_words;
	size_t *node;                        /* where nodes start */
	size_t nnodes, cap_nodes;
	struct krux_str *variable;           /* initialisers of variables[] */
	size_t nvariables, cap_variables;
	struct c_words *nodes, *variables;   /* by content, to index + 1 */
};

struct c_tables *c_tables_new(struct arena *);

enum { C_END = 0x80000000u };

/* How an end is written; `value` is a terminal's. */
typedef uint32_t c_end_fn(void *ctx, uint32_t value);

/* Where the diagram starts: an offset, or C_END | an end. */
uint32_t c_table(struct c_file *, struct dd *, const struct c_record *, uint32_t root, c_end_fn *, void *ctx);
/* The variable that is 1 where a budget with this request is above its limit. */
uint32_t c_table_budget(struct c_file *, const struct c_record *, const struct subject *sum, uint32_t fact,
                        uint64_t max);

/* variables[] and diagrams[] in C. */
void c_variables_print(struct buf *, const struct c_tables *);
void c_diagrams_print(struct buf *, const struct c_tables *);

#endif
