/* What the tests of the grammar share: an arena, the diagnostics in it, and texts. */
#ifndef KRUX_PARSING_H
#define KRUX_PARSING_H

#include "compiler/base/buf.h"
#include "compiler/read/read.h"

extern struct arena *text_arena;
extern struct diags *diags;

/* Fixtures; renew drops all that there is. */
void parsing_start(void);
void parsing_end(void);
void parsing_renew(void);

struct krux_str parsing_str(const char *);
struct krux_str parsing_repeat(const char *before, size_t n, const char *middle, const char *after);
const struct source *parsing_source(struct krux_str text);
struct span parsing_whole(const struct source *);
const struct expr *parsing_condition(const char *text);
char *parsing_printed(const struct expr *);
/* "line:col K0030 text | expected | fix" of each diagnostic, one a line. */
char *parsing_said(void);

#endif
