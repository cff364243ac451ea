/* Source files and places in them. A file is read once, kept whole, and outlives all that
 * points into it. */
#ifndef KRUX_SOURCE_H
#define KRUX_SOURCE_H

#include "compiler/base/arena.h"

struct source {
	struct krux_str name;     /* as cited: relative to where the compiler was pointed at */
	struct krux_str path;     /* as diagnostics show it: how it was opened; else the name */
	struct krux_str folder;   /* that it was opened in, the same for the same one; n 0: none */
	struct krux_str text;     /* NUL-terminated beyond n */
	struct arena *arena;      /* where the table of lines goes */
	uint32_t *line;           /* offsets of line starts, filled on first use */
	uint32_t nlines;
};

struct span {
	const struct source *src; /* NULL: no place */
	uint32_t at, n;           /* bytes */
};

/* Line and column, both from 1; the column counts Unicode scalars. */
void span_place(struct span, uint32_t *line, uint32_t *col);
uint32_t span_line(struct span);
struct span span_join(struct span first, struct span last);

#endif
