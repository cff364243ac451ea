/* Reading: files to syntax trees. */
#ifndef KRUX_READ_H
#define KRUX_READ_H

#include "compiler/ast/capfile.h"
#include "compiler/ast/policyfile.h"
#include "compiler/base/diag.h"

/* Reads one regular file of at most 16 MiB, checks its text (LANG.md 1); NULL after a
 * diagnostic. `shown` is the name that diagnostics and artifacts carry. */
const struct source *source_read(struct arena *, struct diags *, const char *path, const char *shown);
/* The same for text at hand. */
const struct source *source_text(struct arena *, struct diags *, const char *shown, struct krux_str text);

/* NULL after a diagnostic that made the tree useless; else the tree, and perhaps diagnostics. */
const struct capfile *capfile_parse(struct arena *, struct diags *, const struct source *);
const struct policyfile *policyfile_parse(struct arena *, struct diags *, const struct source *);

/* The grammar's other entries. `at` is where the text stands in its file, so that places come
 * out right; text that YAML has folded or unescaped (text differs from the source bytes at
 * `at`) reports the whole scalar. NULL after a diagnostic. */
const struct expr *condition_parse(struct arena *, struct diags *, struct krux_str text, struct span at);
/* "filesystem.read { path: \"/a\" }" or with @1.0 */
bool call_parse(struct arena *, struct diags *, struct krux_str text, struct span at,
                struct krux_str *capability, const struct literal **args);
/* "size" or "size(content)" or "url.port": an operand alone. */
const struct operand *operand_parse(struct arena *, struct diags *, struct krux_str text, struct span at);

/* All *.cap and *.yaml below the given files and folders, sorted by shown name, each once. */
struct inputs {
	const char **path;
	const char **shown;
	size_t n;
};
bool inputs_find(struct arena *, struct diags *, char *const *paths, size_t n, struct inputs *out);

/* Source text in canonical layout, comments kept; parse(format(x)) == x. */
void capfile_format(struct buf *, const struct capfile *);
/* The same for a policy. False after a diagnostic: the text is no YAML of ours, or holds
 * something that the layout cannot keep. */
bool policyfile_format(struct arena *, struct diags *, const struct source *, struct buf *out);

#endif
