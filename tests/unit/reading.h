/* What the tests of readers share: a text at hand, and the diagnostics that it brings. */
#ifndef KRUX_READING_H
#define KRUX_READING_H

#include <check.h>

#include "compiler/base/buf.h"
#include "compiler/read/read.h"

struct reading {
	struct arena *arena;
	struct diags *diags;
	const struct source *src;
};

/* Text of n bytes as the source "t"; it has passed source_text when `checked`. */
void reading_start(struct reading *, const char *text, size_t n, bool checked);
void reading_end(struct reading *);
/* The diagnostic of that code at line:column, or a failure that prints all there are. */
const struct diag *reading_expect(struct reading *, unsigned code, uint32_t line, uint32_t col);
/* There are none. */
void reading_clean(struct reading *);
bool str_is(struct krux_str, const char *);
bool str_has(struct krux_str, const char *);

#endif
