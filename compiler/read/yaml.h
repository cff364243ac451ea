/* A YAML document as a strict tree: mappings with scalar keys, sequences, scalars. A scalar is
 * its text and nothing more; what type it has depends on where it stands. */
#ifndef KRUX_YAML_H
#define KRUX_YAML_H

#include "compiler/base/diag.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };
enum yaml_style { YAML_PLAIN, YAML_SINGLE, YAML_DOUBLE, YAML_LITERAL, YAML_FOLDED };

struct yaml_node {
	enum yaml_kind kind;
	uint8_t style;                  /* enum yaml_style of a scalar */
	bool flow;                      /* a collection in [ ] or { } */
	bool broken;                    /* already complained about: say nothing more of it */
	struct span at;                 /* with quotes or brackets, without blanks around it */
	struct krux_str text;           /* of a scalar: what it means */
	uint32_t n;                     /* items, or pairs of key and value */
	const struct yaml_node *child;  /* the first item, or the first key */
	const struct yaml_node *next;   /* item after item; key, value, key, value */
};

struct yaml_doc {
	const struct source *src;
	const struct yaml_node *root;
};

/* Reads one document. NULL after diagnostics that left no tree; else the tree, perhaps with
 * diagnostics: who goes on must look at diags->errors. */
const struct yaml_doc *yaml_read(struct arena *, struct diags *, const struct source *);

struct yaml_comment {
	struct span at;                 /* '#...' without the LF */
	bool own_line;
};
/* All comments in source order. */
const struct yaml_comment *yaml_comments(struct arena *, const struct yaml_doc *, size_t *n);

/* Where a scalar's text stands: without the quotes when nothing in it is escaped or folded. */
struct span yaml_text_at(const struct yaml_node *scalar);
/* "a list", "text" and so on, for sentences. */
const char *yaml_kind_words(const struct yaml_node *);
/* The value of a key, or NULL. */
const struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

/* ---- shared by yaml*.c ---- */

/* libyaml takes `call: a.b { c: 1 }` for two mappings in one line. In the copy that it gets to
 * see, the colons and hashes of such calls are one far-off scalar each, so that marks, which
 * count scalars, stay right; yaml_unmask puts them back in any text that comes out. The text
 * itself comes back when there is nothing to hide. */
struct krux_str yaml_mask(struct arena *, struct krux_str text);
struct krux_str yaml_unmask(struct arena *, struct krux_str masked);

/* One diagnostic for what libyaml itself refuses, in words for people. */
void yaml_complain(struct diags *, const char *problem, const char *context, struct span problem_at,
                   struct span context_at);

#endif
