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

/* Where a diagram goes on: an even number, twice an offset; or an end, twice what it says and 1. */
enum { C_NO = 1 };                           /* the end that says 0 */

/* How an end is written; `value` is a terminal's. */
typedef uint32_t c_end_fn(void *ctx, uint32_t value);

/* Where the diagram starts. */
uint32_t c_table(struct c_file *, struct dd *, const struct c_record *, uint32_t root, c_end_fn *, void *ctx);
/* The same, its first test apart where that is one of a text with two classes, of which the first ends
 * with C_NO. */
struct c_test {
	uint32_t variable;                   /* + 1; 0: no test is apart */
	uint32_t text;                       /* whose class 1 goes on; + 1 */
	uint32_t when;
};
struct c_test c_table_test(struct c_file *, struct dd *, const struct c_record *, uint32_t root, c_end_fn *, void *ctx);
/* The variable that is 1 where a budget with this request is above its limit. */
uint32_t c_table_budget(struct c_file *, const struct c_record *, const struct subject *sum, uint32_t fact,
                        uint64_t max);

/* variables[] and diagrams[] in C. */
void c_variables_print(struct buf *, const struct c_tables *);
void c_diagrams_print(struct buf *, const struct c_tables *);

#endif
