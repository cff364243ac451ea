/* The driver around the grammar: what capfile.c and condition.c share. */
#ifndef KRUX_READ_PARSE_H
#define KRUX_READ_PARSE_H

#include "grammar/cap.h"

/* Fills p for a text that stands at `at` (read.h: condition_parse); false after a diagnostic. */
bool parse_begin(struct parse *p, struct arena *, struct diags *, struct krux_str text, struct span at);
/* The same for a whole source, whose text has been checked. */
void parse_source(struct parse *p, struct arena *, struct diags *, const struct source *);
/* Reads the text as a T_ENTRY_...; false after at least one diagnostic. */
bool parse_run(struct parse *p, int entry);

/* Source offsets of the bytes of a scalar's text, text.n + 1 of them (place.c); NULL: not known.
 * `at` is the scalar with quotes and indicators, within its source. */
const uint32_t *place_map(struct arena *, struct krux_str text, struct span at);

/* The words of diagnostics (expect.c). */
struct expect {
	struct parse *p;
	const struct cap_parser *parser;
	int entry;
};
/* "a field of input": what is being read, from the parser's stack. */
const char *expect_context(const struct expect *);
/* "';', 'max' or a string": what the parser would take. */
struct krux_str expect_list(const struct expect *);
/* "'foo'", "a string", "the end". */
struct krux_str expect_found(const struct expect *, int code, const struct token *);
/* The word or sign that stands for a code. */
const char *expect_word(int code);
/* The expected keyword that a name was meant to be; -1: none. */
int expect_meant(const struct expect *, const struct token *);

#endif
