/* What `kruxc explain` prints: titles from capspec/codes.def, texts from capspec/codes/. */
#ifndef KRUX_EXPLAIN_H
#define KRUX_EXPLAIN_H

#include "compiler/base/buf.h"

/* NULL: no such code. */
const char *code_title(unsigned code);
/* The text of a code in Markdown: a paragraph, then an example in blocks fenced as `policy`,
 * `cap` or `cond` that brings exactly this code. n 0: there is none. */
struct krux_str code_text(unsigned code);
/* Title, paragraph and example for a screen. False: no such code. */
bool code_explain(struct buf *, unsigned code);
/* The capability that conditions of examples are about, as a capability file. */
struct krux_str code_example_cap(void);

/* Rows that the build makes from the files of capspec/codes, sorted. */
struct code_row {
	unsigned code;
	const char *text;
};
extern const struct code_row code_rows[];
extern const unsigned code_nrows;

#endif
