/* Diagnostics: what the compiler says about its input. Collected, sorted by place, printed
 * at the end of a pass; all errors of a pass at once. Codes and their explanations are rows
 * of capspec/codes.def: K0xxx text and syntax, K1xxx capabilities, K2xxx policies, K3xxx
 * conditions, K4xxx meaning (found on the diagram), K5xxx tests and proofs, K6xxx bundle and
 * import, K9xxx limits. */
#ifndef KRUX_DIAG_H
#define KRUX_DIAG_H

#include "compiler/base/source.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_level level;
	unsigned code;               /* 123 prints as K0123 */
	struct span at;
	struct krux_str text;        /* one sentence, no final stop */
	struct krux_str expected;    /* n 0: nothing to say */
	struct krux_str fix;         /* a concrete change; n 0: none */
	struct span other;           /* a second place: "first defined here" */
	struct krux_str other_text;
};

struct diags {
	struct arena *arena;
	struct diag **list;
	size_t n, cap;
	size_t errors;
	size_t dropped;
	struct diag spill;           /* what is beyond the limit is written here */
};

struct diags *diags_new(struct arena *);
/* Adds one; the returned row may be completed (expected, fix, other). At most 1,000 are kept,
 * then one says how many were dropped. User text in fmt arguments is escaped when printed. */
struct diag *diag_add(struct diags *, enum diag_level, unsigned code, struct span at,
                      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define diag_error(ds, code, at, ...) diag_add((ds), DIAG_ERROR, (code), (at), __VA_ARGS__)
#define diag_warn(ds, code, at, ...) diag_add((ds), DIAG_WARNING, (code), (at), __VA_ARGS__)
/* For "%.*s" of a krux_str. */
#define STR_ARG(s) (int)(s).n, (s).p

/* By place, then code, then text; 0: the same thing said twice. Of pointers to rows. */
int diag_order(const void *, const void *);

enum diag_format { DIAG_TEXT, DIAG_JSON, DIAG_SARIF };
void diags_print(struct diags *, enum diag_format, void *file /* FILE * */, bool colour);

/* The closest of n names within a small edit distance; n 0 if none is close. */
struct krux_str diag_nearest(struct krux_str name, const struct krux_str *names, size_t n);

#endif
